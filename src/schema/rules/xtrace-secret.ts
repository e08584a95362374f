import { isShell, parseShebang, type Shebang } from '../shell/shebang.js';
import { ONE_RUN } from './example-parts.js';
import type { Rule } from './rule.js';
import { runScripts } from './run-scripts.js';
import { placeInScalar } from './scalar-place.js';

const RUN = `${ONE_RUN}      - name: deploy
        container: alpine:3.20
        host-tag: amd64
        script: deploy
scripts:
  deploy: |
`;

/*
 * Measured with busybox and Bash: `-x` writes each command with what was filled in, so that of `$(cat /secrets/token)`
 * the value stands there; of `cat /secrets/token` itself, of `< /secrets/token` and of a here-document only the name.
 * The server masks nothing.
 */
export const xtraceSecret: Rule = {
  id: 'xtrace-secret',
  severity: 'warning',
  server: 'accepts',
  summary: 'A script writes a secret to the console, because of `-x`.',
  explain: {
    why: 'With `-x` a shell writes each command to the console before it executes it, with all that is filled in: of `TOKEN=$(cat /secrets/token)` the token. The server masks nothing, and keeps the console for all who may read the project. Take `set +x` before the secret is read, or do without `-x`; what is handed on by `< /secrets/token` is never shown.',
    bad: `${RUN}    #!/bin/sh -ex
    token=$(cat /secrets/deploy_token)
    ./deploy.sh "$token"
`,
    good: `${RUN}    #!/bin/sh -e
    token=$(cat /secrets/deploy_token)
    ./deploy.sh "$token"
`,
  },
  *check(context) {
    for (const { path, text } of runScripts(context)) {
      const shebang = parseShebang(text);
      if (shebang === undefined || !isShell(shebang)) continue;
      for (const { start, end } of shownSecrets(text, shebang)) {
        const range = placeInScalar(context, path, text, start, end);
        const message = 'With `-x` the shell writes this secret to the console.';
        yield { path, ...(range && { range }), message, help: 'Put `set +x` in front, or take `-x` away.' };
      }
    }
  },
};

/** What reads a secret in such a way that its value becomes a part of a command: `$(cat …)`, `$(< …)`, backticks, or a file of variables. */
const READS =
  /\$\([^()\n]*\/secrets\/[^()\n]*\)|`[^`\n]*\/secrets\/[^`\n]*`|(?:^|[;&|]\s*|\s)(?:\.|source)\s+["']?\/secrets\/\S+/g;

function shownSecrets(script: string, shebang: Shebang): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let traced = shebang.options.some(turnsOn);
  let offset = 0;
  let hereDocument: string | undefined;
  for (const line of script.split('\n')) {
    const code = hereDocument !== undefined || line.trimStart().startsWith('#') ? '' : line;
    if (hereDocument === undefined) hereDocument = HERE_DOCUMENT.exec(code)?.[1];
    else if (line.trim() === hereDocument) hereDocument = undefined;
    for (const event of [...code.matchAll(SET), ...code.matchAll(READS)].sort((a, b) => a.index - b.index)) {
      const [text, sign, options] = event;
      if (sign !== undefined) traced = toggled(traced, sign, options ?? '');
      else if (traced) {
        const from = event.index + (text.length - text.trimStart().length);
        found.push({ start: offset + from, end: offset + event.index + text.length });
      }
    }
    offset += line.length + 1;
  }
  return found;
}

const HERE_DOCUMENT = /(?<!<)<<-?\s*["'\\]?([A-Za-z_][A-Za-z0-9_]*)/;

/** `set -ex`, `set +x`, `set -o xtrace`. */
const SET = /(?<![\w-])set\s+([-+])(o\s+xtrace|[A-Za-z]+)/g;

function toggled(traced: boolean, sign: string, options: string): boolean {
  return turnsOn(`-${options}`) ? sign === '-' : traced;
}

function turnsOn(option: string): boolean {
  return /^-o\s+xtrace$/.test(option) || (/^-[A-Za-z]+$/.test(option) && option.includes('x'));
}
