/** Which byte strings give a secret away: its value, its lines, and what base64 makes of them. */

/** Shorter values are not masked: they are words that any console is full of. */
const SHORTEST = 6;

/** The columns at which `base64` breaks its lines. */
const BASE64_COLUMNS = 76;

/**
 * Every form in which a value of these secrets may turn up in text (SPEC 8). Values under
 * six characters have none.
 */
export function secretPatterns(values: Iterable<string>): Buffer[] {
  const forms = new Set<string>();
  const add = (form: string) => {
    if ([...form].length >= SHORTEST) forms.add(form);
  };
  for (const value of values) {
    for (const part of new Set([value, value.trim(), ...value.split(/\r?\n/).map((line) => line.trim())])) {
      if ([...part].length < SHORTEST) continue;
      add(part);
      for (const encoded of base64Forms(Buffer.from(part))) add(encoded);
      const inUrl = encodeURIComponent(part.toWellFormed());
      if (inUrl !== part) add(inUrl);
    }
    // `docker run --env-file` and the console's own listing write a newline as two characters.
    if (value.includes('\n')) add(value.replaceAll('\n', '\\n'));
  }
  return [...forms].map((form) => Buffer.from(form));
}

/**
 * Base64 of the bytes wherever they stand in a longer text (`user:token`, a header): the
 * characters that do not depend on the neighbours, at each of the three alignments; in
 * both alphabets, and as the lines that the `base64` command breaks them into.
 */
function base64Forms(bytes: Buffer): string[] {
  const plain = bytes.toString('base64');
  const forms = [plain, plain.replace(/=+$/, '')];
  for (let line = 0; plain.length > BASE64_COLUMNS && line < plain.length; line += BASE64_COLUMNS) {
    forms.push(plain.slice(line, line + BASE64_COLUMNS));
  }
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    forms.push(text.slice(first, last));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
