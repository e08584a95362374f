/** Writes docs/rules.md from the rules themselves: `npm run docs`. A test says when it is stale. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { lintConfigText } from '../src/lint/lint-config.js';
import type { Rule } from '../src/lint/rule.js';
import { RULES } from '../src/lint/rules.js';

const SERVER: Record<Rule['server'], string> = {
  rejects: 'rejects the definition',
  fails: 'takes it, and the build or run fails',
  misbehaves: 'takes it without a word, and does something else than is written',
  accepts: 'takes it, and does as is written',
};

const INTRODUCTION = `# Rules

What \`jobserv validate\` looks for. \`jobserv explain RULE\` shows the same on a terminal.

<!-- Written by \`npm run docs\` from src/lint/rules: change it there. -->

Each finding has a severity, and says what the live server does with such a definition:

| server | meaning |
| --- | --- |
| \`rejects\` | it refuses the definition. Whether there is such a finding is the verdict, \`accepted\` in JSON |
| \`fails\` | it takes the definition, and the build or run fails |
| \`misbehaves\` | it takes the definition without a word, and does something else than is written |
| \`accepts\` | it takes the definition, and does as is written |

Where [shellcheck](https://www.shellcheck.net) is on \`PATH\`, its errors and warnings about the scripts that
runs execute come too, as warnings of \`shell-syntax\`, under the words in the definition.

## Quiet where you want it

A comment silences rules for its own line, or for the next one where it stands alone. In a script it
may be a comment of the script. What follows the bracket is for your reasons:

\`\`\`yaml
scripts:
  # jobserv: ignore[unused-script] people run it by hand
  clean: |
\`\`\`

A file \`.jobserv-lint.yml\` beside the definition, or in a folder above it up to the repository's root
(the nearest one counts), weighs rules for all of them:

\`\`\`yaml
rules:
  unused-script: off # or info, warning, error
host-tags: [amd64, arm64] # which workers have: turns on unknown-host-tag
secrets: [githubtok, registry] # which the project has: turns on unknown-secret
\`\`\`

Neither changes the verdict: what the server rejects is always told, at its full weight.
`;

/** The text of docs/rules.md. */
export function rulesPage(): string {
  const rows = RULES.map(
    ({ id, severity, server, summary }) => `| [\`${id}\`](#${id}) | ${severity} | ${server} | ${cell(summary)} |`,
  );
  const table = ['| rule | severity | server | what it catches |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return `${INTRODUCTION}\n## All rules\n\n${table}\n\n${RULES.map(section).join('\n')}`;
}

function section({ id, severity, server, summary, explain }: Rule): string {
  return `### ${id}

${summary} Severity: ${severity}. The server ${SERVER[server]}.

${explain.why}

${explain.config ? `With this \`.jobserv-lint.yml\`:\n\n${fenced(lintConfigText(explain.config))}\n` : ''}Fails:

${fenced(explain.bad)}
Repaired:

${fenced(explain.good)}`;
}

function fenced(yaml: string): string {
  return `\`\`\`yaml\n${yaml.trimEnd()}\n\`\`\`\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('../docs/rules.md', import.meta.url), rulesPage());
}
