/**
 * `npm run docs`: makes src/lint/generated/explanations.json of the texts of the rules (src/lint/rules/<id>.md), and
 * docs/rules.md of the rules; docs/commands.md and man/jobserv.1 of the commands; schema/ and types/ of the results. A
 * test fails when one is stale.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Explained, lintConfigText, parseLintConfig, RULES, type Rule } from '../src/lint/index.js';

const SERVER: Record<Rule['server'], string> = {
  rejects: 'rejects the definition',
  fails: 'accepts it, and the build or run fails',
  misbehaves: 'accepts it without a warning, and does something else',
  accepts: 'accepts it, and does what it says',
};

const INTRODUCTION = `# Rules

What \`jobserv validate\` looks for. \`jobserv explain RULE\` shows the same on a terminal.

<!-- Written by \`npm run docs\` from src/lint/rules: change it there. -->

Each finding has a severity, and says what the live server does with such a definition:

| server | meaning |
| --- | --- |
| \`rejects\` | it refuses the definition. Whether there is such a finding is the verdict, \`accepted\` in JSON |
| \`fails\` | it accepts the definition, and the build or run fails |
| \`misbehaves\` | it accepts the definition without a warning, and does something else |
| \`accepts\` | it accepts the definition, and does what it says |

Where [shellcheck](https://www.shellcheck.net) is on \`PATH\`, its errors and warnings about the scripts that
runs execute come too, as warnings of \`shell-syntax\`, under the words in the definition.

## Repairs

\`validate --fix\` repairs what has only one meaning: quotes around \`3.10\`, \`host-tag\` for \`hostTag\`. With
\`--unsafe\` it also puts the name that was probably meant in the place of one that does not exist, as the help of the
finding suggests: \`git_poller\` for \`git-poller\`, \`users\` for \`user\`. A repair that would change anything else,
or make the server reject the definition, is not made. \`--dry-run\` shows all of it first.

## Quiet where you want it

A comment silences rules for its own line, or for the next one where it stands alone. In a script it
may be a comment of the script. What follows the bracket is for your reasons:

\`\`\`yaml
scripts:
  # jobserv: ignore[unused-script] people run it by hand
  clean: |
\`\`\`

A file \`.jobserv-lint.yml\` next to the definition, or in a folder above it up to the repository's root
(the nearest one counts), weighs rules for all of them:

\`\`\`yaml
rules:
  unused-script: off # or info, warning, error
host-tags: [amd64, arm64] # which workers have: turns on unknown-host-tag
secrets: [githubtok, registry] # which the project has: turns on unknown-secret
\`\`\`

The same can stand under \`lint\` in [\`.jobservrc.yml\`](configuration.md).

Neither changes the verdict: what the server rejects is always reported as an error.
`;

/** The text of docs/rules.md. */
export function rulesPage(): string {
  const rules = RULES.map(({ id, severity, server }) => ({ id, severity, server, ...explained(`${id}.md`) }));
  const rows = rules.map(
    ({ id, severity, server, summary }) => `| [\`${id}\`](#${id}) | ${severity} | ${server} | ${cell(summary)} |`,
  );
  const table = ['| rule | severity | server | what it catches |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return `${INTRODUCTION}\n## All rules\n\n${table}\n\n${rules.map(section).join('\n')}`;
}

function section({ id, severity, server, summary, explain }: Omit<Rule, 'check'>): string {
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

const TEXTS = new URL('../src/lint/rules/', import.meta.url);
const FENCED = '```yaml\\n([\\s\\S]*?)```\\n';
const TEXT = new RegExp(
  `^# (.+)\\n\\n([\\s\\S]+?)\\n\\n(?:## With this .jobserv-lint.yml\\n\\n${FENCED}\\n)?## Fails\\n\\n${FENCED}\\n## Repaired\\n\\n${FENCED}$`,
);

/** The text of one rule. */
function explained(file: string): Explained {
  const found = TEXT.exec(readFileSync(new URL(file, TEXTS), 'utf8'));
  if (found === null) throw new Error(`src/lint/rules/${file} is not made of: # summary, why, ## Fails, ## Repaired`);
  const [, summary = '', why = '', settings, bad = '', good = ''] = found;
  const { hostTags, secrets } = parseLintConfig(settings ?? '').config;
  const config =
    settings === undefined ? {} : { config: { ...(hostTags && { hostTags }), ...(secrets && { secrets }) } };
  return { summary, explain: { why: why.replaceAll('\n', ' '), bad, good, ...config } };
}

/** The text of src/lint/generated/explanations.json: the program cannot read files beside it once it is bundled. */
export function explanations(): string {
  const files = readdirSync(TEXTS).filter((file) => file.endsWith('.md'));
  const texts = files.sort().map((file) => [basename(file, '.md'), explained(file)]);
  return `${JSON.stringify(Object.fromEntries(texts), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(new URL('../src/lint/generated/', import.meta.url), { recursive: true });
  await writeFile(new URL('../src/lint/generated/explanations.json', import.meta.url), explanations());
  await writeFile(new URL('../docs/rules.md', import.meta.url), rulesPage());
  const { commandsPage, manPage } = await import('./build-command-pages.js');
  const { packageSchemas } = await import('./build-schemas.js');
  const files = new Map([
    ...(await packageSchemas()),
    ['docs/commands.md', commandsPage()],
    ['man/jobserv.1', manPage()],
  ]);
  for (const [path, text] of files) {
    const file = new URL(`../${path}`, import.meta.url);
    await mkdir(new URL('.', file), { recursive: true });
    await writeFile(file, text);
  }
}
