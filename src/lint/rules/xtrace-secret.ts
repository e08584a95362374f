import { placeInScalar } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { runScripts } from '../runs.js';
import { isShell, parseShebang, type Shebang } from '../shell.js';

/*
 * Measured with busybox and Bash: `-x` writes each command with what was filled in, so that of `$(cat /secrets/token)`
 * the value stands there; of `cat /secrets/token` itself, of `< /secrets/token` and of a here-document only the name.
 * The server masks nothing.
 */
export const xtraceSecret: RuleCheck = {
  id: 'xtrace-secret',
  severity: 'warning',
  server: 'accepts',
  *check(context) {
    for (const { path, text } of runScripts(context)) {
      const [first, ...others] = context.ofText(text, shownSecrets);
      if (first === undefined) continue;
      const place = ({ start, end }: Part) => ({ path, range: placeInScalar(context, path, text, start, end) });
      const more = others.length === 0 ? '' : `, and ${others.length} ${others.length === 1 ? 'other' : 'others'},`;
      yield {
        ...place(first),
        message: `With \`-x\` the shell writes this secret${more} to the console.`,
        help: 'Put `set +x` in front, or remove `-x`.',
        related: relatedParts(first, others).map(({ part, message }) => ({ ...place(part), message })),
      };
    }
  },
};

/** More related places help nobody. */
const MOST_RELATED = 10;

function relatedParts(first: ShownSecret, others: ShownSecret[]): { part: Part; message: string }[] {
  const found: { part: Part; message: string }[] = [];
  let on: Part | undefined;
  for (const secret of [first, ...others.slice(0, MOST_RELATED)]) {
    if (secret.on !== on) found.push({ part: secret.on, message: '`-x` is turned on here' });
    if (secret !== first) found.push({ part: secret, message: 'another secret' });
    on = secret.on;
  }
  return found.slice(0, MOST_RELATED);
}

/** UTF-16 offsets in the script. */
interface Part {
  start: number;
  end: number;
}

interface ShownSecret extends Part {
  /** What turned `-x` on. */
  on: Part;
}

/**
 * What reads a secret in such a way that its value becomes a part of a command: `$(cat …)`, `$(< …)`, backticks, a file
 * of variables, or a variable that is read from it and used later. None of them tries a character twice.
 */
const READS = new RegExp(
  [
    String.raw`\$\((?=[^()\n]{0,500}/secrets/)[^()\n]+\)`,
    '`(?=[^`\\n]{0,500}/secrets/)[^`\\n]+`',
    String.raw`(?:^|(?<=[;&|\s]))(?:\.|source)\s+["']?/secrets/[^\s;&|]+`,
    String.raw`(?<![\w./-])(?:read|mapfile|readarray)\s[^\n;&|<>]{0,200}<\s?["']?/secrets/[^\s;&|]+`,
    String.raw`(?<![\w./-])done\s{0,20}<\s?["']?/secrets/[^\s;&|]+`,
  ].join('|'),
  'g',
);

function shownSecrets(script: string): ShownSecret[] {
  const shebang = parseShebang(script);
  if (shebang === undefined || !isShell(shebang)) return [];
  const found: ShownSecret[] = [];
  let on = optionThatTraces(script, shebang);
  let offset = 0;
  let hereDocument: string | undefined;
  for (const line of script.split('\n')) {
    const code = hereDocument !== undefined || line.trimStart().startsWith('#') ? '' : line;
    if (hereDocument === undefined) hereDocument = HERE_DOCUMENT.exec(code)?.[1];
    else if (line.trim() === hereDocument) hereDocument = undefined;
    for (const event of [...code.matchAll(SET), ...code.matchAll(READS)].sort((a, b) => a.index - b.index)) {
      const [text, sign, options] = event;
      const part = { start: offset + event.index, end: offset + event.index + text.length };
      if (sign === undefined) {
        if (on) found.push({ ...part, on });
      } else if (turnsOn(`-${options}`)) on = sign === '-' ? part : undefined;
    }
    offset += line.length + 1;
  }
  return found;
}

function optionThatTraces(script: string, { options }: Shebang): Part | undefined {
  const option = options.find(turnsOn);
  if (option === undefined) return undefined;
  const start = script.search(new RegExp(`(?<=\\s)${option}(?!\\S)`));
  return { start, end: start + option.length };
}

const HERE_DOCUMENT = /(?<!<)<<-?\s*["'\\]?([A-Za-z_][A-Za-z0-9_]*)/;

/** `set -ex`, `set +x`, `set -o xtrace`. */
const SET = /(?<![\w-])set\s+([-+])(o\s+xtrace|[A-Za-z]+)/g;

function turnsOn(option: string): boolean {
  return /^-o\s+xtrace$/.test(option) || (/^-[A-Za-z]+$/.test(option) && option.includes('x'));
}
