/**
 * Param and secret files: `NAME=VALUE` lines. The format is dotenv's, and stricter: a line that
 * dotenv would skip or cut without a message is an error here, with its number.
 */
import { type ReadOptions, readChosen, UsageError } from '../../lib/index.js';
import type { StringMap } from '../../schema/index.js';

/**
 * The assignments of a file; the last one of a name wins. Null-prototype.
 *
 * @param what names the file in messages: `the secret file`
 * @throws UsageError with file and line; never with a value
 */
export async function readAssignments(path: string, what: string, options: ReadOptions): Promise<StringMap> {
  const file = `${path}, ${what},`;
  return parseAssignments(await readChosen(path, file, options), file);
}

/**
 * The syntax, in full. A line is blank, or a comment (`#` first), or `NAME=VALUE`, with `export` before it
 * if you like; blanks before and after NAME and VALUE do not count. VALUE is one of:
 * - text up to the end of the line, or up to a `#` that has a blank before it;
 * - text in `'…'`, exactly as it is, over several lines if need be;
 * - text in `"…"`, likewise, with `\n` for a new line and `\r` for a carriage return; every other backslash stays.
 *
 * @param file begins each message
 * @public
 */
export function parseAssignments(bytes: Buffer, file: string): StringMap {
  const text = decoded(bytes, file).replace(/\r\n/g, '\n');
  const values: StringMap = Object.create(null);
  let at = 0;
  const bad = (why: string) => {
    const line = text.slice(0, at).split('\n').length;
    return new UsageError(`${file} cannot be understood in line ${line}: ${why}`);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) at += found.length;
    return found;
  };
  while (at < text.length) {
    if (take(/[ \t]*(#[^\n]*)?(\n|$)/y) !== undefined) continue;
    take(/[ \t]*(export[ \t]+)?/y);
    const name = take(/[^\s=#'"`]+(?=[ \t]*=)/y);
    if (name === undefined) throw bad('it is no NAME=VALUE, no comment, and not blank.');
    take(/[ \t]*=[ \t]*/y);
    const quote = text[at];
    if (quote === '`') throw bad(`the value begins with a backtick; put it in '…'.`);
    if (quote === "'" || quote === '"') {
      const quoted = take(quote === "'" ? /'[^']*'/y : /"[^"]*"/y);
      if (quoted === undefined) throw bad(`the quote ${quote} is never closed.`);
      const inner = quoted.slice(1, -1);
      if (quote === '"' && inner.endsWith('\\')) {
        throw bad(`a quote cannot be written as \\" inside of "…"; put the value in '…'.`);
      }
      const end = at;
      if (take(/([ \t]+#[^\n]*|[ \t]*)(\n|$)/y) === undefined) {
        at = end;
        throw bad('there is more after the closing quote. A comment needs a blank before its "#".');
      }
      values[name] = quote === "'" ? inner : inner.replace(/\\[nr]/g, (found) => (found === '\\n' ? '\n' : '\r'));
    } else {
      const blankBefore = /[ \t]/.test(text[at - 1] ?? '');
      const raw = take(/[^\n]*/y) ?? '';
      take(/\n/y);
      const comment = raw.startsWith('#') && blankBefore ? 0 : raw.search(/[ \t]#/);
      values[name] = (comment < 0 ? raw : raw.slice(0, comment)).trimEnd();
    }
  }
  return values;
}

/** @throws UsageError for what is not UTF-8, and for control characters that no editor shows */
function decoded(bytes: Buffer, file: string): string {
  if (/^(\xff\xfe|\xfe\xff)/.test(bytes.toString('latin1', 0, 2)) || bytes.subarray(0, 2).includes(0)) {
    throw new UsageError(`${file} is UTF-16 text. Save it as UTF-8.`);
  }
  const lineOf = (end: number) => bytes.toString('latin1', 0, end).split('\n').length;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const valid = Buffer.from(bytes.toString());
    const end = valid.findIndex((byte, index) => byte !== bytes[index]);
    throw new UsageError(`${file} is no UTF-8 text in line ${lineOf(end < 0 ? bytes.length : end)}. Save it as UTF-8.`);
  }
  const control = bytes.toString('latin1').search(/(?![\t\n\r\x80-\x9f])\p{Cc}|\r(?!\n)/u);
  if (control >= 0) {
    const code = (bytes[control] ?? 0).toString(16).padStart(2, '0');
    throw new UsageError(`${file} has the control character 0x${code} in line ${lineOf(control)}. Remove it.`);
  }
  return text;
}
