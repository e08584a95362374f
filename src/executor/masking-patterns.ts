/** Which byte strings give a secret away: its value, its lines, and what programs make of them. */

/** Shorter values are not masked: they are words that any console is full of. */
const SHORTEST = 6;

export interface SecretForms {
  plain: Buffer[];
  /** Where line breaks may stand anywhere. */
  base64: Buffer[];
}

/**
 * Every form in which a value of these secrets may turn up in text (SPEC 8). Values under
 * six characters have none.
 */
export function secretForms(values: Iterable<string>): SecretForms {
  const plain = new Set<string>();
  const base64 = new Set<string>();
  const add = (forms: Set<string>, form: string) => {
    if (isLongEnough(form)) forms.add(form);
  };
  for (const value of values) {
    for (const part of new Set([value, value.trim(), ...value.split(/\r?\n/).map((line) => line.trim())])) {
      if (!isLongEnough(part)) continue;
      add(plain, part);
      for (const escaped of ESCAPES) add(plain, escaped(part.toWellFormed()));
      for (const encoded of base64Forms(Buffer.from(part))) add(base64, encoded);
    }
  }
  const bytes = (forms: Set<string>) => [...forms].map((form) => Buffer.from(form));
  return { plain: bytes(plain), base64: bytes(base64) };
}

/** In characters, of which some are two units. */
function isLongEnough(text: string): boolean {
  return [...text.slice(0, 2 * SHORTEST)].length >= SHORTEST;
}

/** Characters that bash's `printf %q` puts a backslash before. */
const SHELL_SPECIAL = /[\s!"$&'()*,;<>?[\\\]^`{|}]/g;

const ESCAPES: readonly ((text: string) => string)[] = [
  // `docker run --env-file` and the console's own listing write a newline as two characters.
  (text) => text.replaceAll('\n', '\\n'),
  encodeURIComponent,
  (text) => encodeURIComponent(text).replaceAll('%20', '+'),
  json,
  (text) => json(text).replaceAll('/', '\\/'),
  // As Python writes JSON: ASCII alone.
  (text) => json(text).replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  xml,
  (text) => xml(text).replaceAll('"', '&quot;'),
  (text) => xml(text).replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
  (text) => xml(text).replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
  // `set -x`: bash and zsh, then busybox.
  (text) => text.replaceAll("'", "'\\''"),
  (text) => text.replaceAll("'", `'"'"'`),
  (text) => text.replace(SHELL_SPECIAL, '\\$&').replace(/^[~#]/, '\\$&'),
  // bash's $'…', for values with a line break.
  (text) => text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r'),
];

function json(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Base64 of the bytes wherever they stand in a longer text (`user:token`, a header): the
 * characters that do not depend on the neighbours, at each of the three alignments; in
 * both alphabets.
 */
function base64Forms(bytes: Buffer): string[] {
  const plain = bytes.toString('base64');
  const forms = [plain, plain.replace(/=+$/, '')];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    forms.push(text.slice(first, last));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
