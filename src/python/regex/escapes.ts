import type { Category, CharRange, Modes, RegexNode, SetNode } from './nodes.js';
import type { Reader } from './reader.js';

/** What a backslash means to Python's `re`. The facts: CPython 3.11, `re/_parser.py`. */

const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 0x5c };
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const OCTAL = /[0-7]/;
const HIGHEST_OCTAL = 0o377;
const HIGHEST = 0x10ffff;

function isCategory(char: string): char is Category {
  return /^[dDsSwW]$/.test(char);
}

/**
 * An escape outside of a set; its two characters are taken already.
 *
 * @param reference the node for a reference to a group
 */
export function readEscape(
  reader: Reader,
  char: string,
  modes: Modes,
  reference: (group: number, at: number) => RegexNode,
): RegexNode {
  const begin = reader.at - char.length - 1;
  if (/^[AbBZ]$/.test(char)) return anchor(`\\${char}`, modes);
  if (isCategory(char)) return setOf([char], modes);
  const code = named(reader, char, begin);
  if (code !== undefined) return setOf([{ from: code, to: code }], modes);
  if (char === '0') return literal(Number.parseInt(`0${reader.takeWhile(OCTAL, 2)}`, 8), modes);
  if (/^[1-9]$/.test(char)) return numbered(reader, char, begin, modes, reference);
  return literal(plain(reader, char, begin), modes);
}

/** `\12` is a group, `\123` a character in octal. */
function numbered(
  reader: Reader,
  char: string,
  begin: number,
  modes: Modes,
  reference: (group: number, at: number) => RegexNode,
): RegexNode {
  let digits = char + reader.takeWhile(/[0-9]/, 1);
  if (/^[0-7]{2}$/.test(digits)) {
    const third = reader.takeWhile(OCTAL, 1);
    digits += third;
    if (third !== '') return literal(octal(reader, digits, begin), modes);
  }
  return reference(Number(digits), begin);
}

/** An escape in a set; its two characters are taken already. */
export function readSetEscape(reader: Reader, char: string): CharRange | Category {
  const begin = reader.at - char.length - 1;
  if (isCategory(char)) return char;
  if (char === 'b') return { from: 8, to: 8 };
  const code = named(reader, char, begin);
  if (code !== undefined) return { from: code, to: code };
  if (OCTAL.test(char)) {
    const value = octal(reader, char + reader.takeWhile(OCTAL, 2), begin);
    return { from: value, to: value };
  }
  const value = plain(reader, char, begin);
  return { from: value, to: value };
}

/** `\n`, `\x0a`, `\u000a`, `\N{LINE FEED}`; the last one may stand for any character here. */
function named(reader: Reader, char: string, begin: number): number | undefined {
  const control = Object.hasOwn(CONTROLS, char) ? CONTROLS[char] : undefined;
  if (control !== undefined) return control;
  const length = Object.hasOwn(HEX_DIGITS, char) ? HEX_DIGITS[char] : undefined;
  if (length !== undefined) {
    const digits = reader.takeWhile(/[0-9a-fA-F]/, length);
    const code = Number.parseInt(digits, 16);
    if (digits.length === length && code <= HIGHEST) return code;
    throw reader.fault(
      `\`\\${char}\` needs ${length} hexadecimal digits, of a character that there is.`,
      begin,
      reader.at,
    );
  }
  if (char !== 'N') return undefined;
  if (!reader.skip('{')) throw reader.fault('`\\N` needs the name of a character in braces.', begin, reader.at);
  reader.takeUntil('}', 'name of the character');
  return 0xfffd;
}

function octal(reader: Reader, digits: string, begin: number): number {
  const code = Number.parseInt(digits, 8);
  if (code > HIGHEST_OCTAL) throw reader.fault(`\`\\${digits}\` is beyond \`\\377\`.`, begin, reader.at);
  return code;
}

/** A character that means nothing special after a backslash; letters and digits must not stand there. */
function plain(reader: Reader, char: string, begin: number): number {
  if (/^[a-zA-Z0-9]$/.test(char)) throw reader.fault(`Python knows no escape \`\\${char}\`.`, begin, reader.at);
  return char.codePointAt(0) as number;
}

export function literal(code: number, modes: Modes): SetNode {
  return setOf([{ from: code, to: code }], modes);
}

export function setOf(items: SetNode['items'], { ignoreCase, ascii }: Modes): SetNode {
  return { kind: 'set', items, negated: false, ignoreCase, ascii };
}

export function anchor(what: string, { multiline, ascii }: Modes): RegexNode {
  return { kind: 'anchor', what, multiline, ascii };
}
