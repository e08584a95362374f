import type { Category, CharRange, Modes, RegexNode, SetNode } from './nodes.js';

/** What Python would say of a pattern. `at`, `end`: UTF-16 offsets into it. */
export class RegexFault extends Error {
  override name = 'RegexFault';
  readonly at: number;
  readonly end: number;

  constructor(message: string, at: number, end: number) {
    super(message);
    this.at = at;
    this.end = end;
  }
}

/** Takes a pattern apart, a character at a time; an escape is one piece, `\` and what follows. */
export class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The next piece; undefined at the end. */
  get next(): string | undefined {
    const char = this.#charAt(this.at);
    if (char !== '\\') return char;
    const escaped = this.#charAt(this.at + 1);
    if (escaped === undefined) throw this.fault('A lone backslash cannot end a pattern.', this.at, this.at + 1);
    return `\\${escaped}`;
  }

  take(): string | undefined {
    const piece = this.next;
    this.at += piece?.length ?? 0;
    return piece;
  }

  /** Takes the next piece if it is this one. */
  skip(piece: string): boolean {
    if (this.next !== piece) return false;
    this.at += piece.length;
    return true;
  }

  /** Takes at most so many characters of a kind. */
  takeWhile(kind: RegExp, limit: number): string {
    let taken = '';
    while (taken.length < limit) {
      const piece = this.next;
      if (piece === undefined || piece.length !== 1 || !kind.test(piece)) break;
      taken += piece;
      this.at += 1;
    }
    return taken;
  }

  /** Takes what stands before an end mark, and the mark. */
  takeUntil(end: string, what: string): string {
    const begin = this.at;
    let taken = '';
    for (let piece = this.take(); piece !== end; piece = this.take()) {
      if (piece === undefined) {
        throw this.fault(
          taken === '' ? `The ${what} is missing.` : `The \`${end}\` after the ${what} is missing.`,
          begin,
        );
      }
      taken += piece;
    }
    if (taken === '') throw this.fault(`The ${what} is missing.`, begin, this.at);
    return taken;
  }

  fault(message: string, at: number, end = this.text.length): RegexFault {
    return new RegexFault(message, at, Math.max(end, at));
  }

  #charAt(at: number): string | undefined {
    const code = this.text.codePointAt(at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }
}

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

/** Flags inside of a pattern: `(?i)` for all of it, `(?i-s:…)` for a part. */

const FLAGS = 'iLmsxatu';
const TYPES = 'aLu';
const LETTER = { ignoreCase: 'i', verbose: 'x', dotAll: 's', multiline: 'm', ascii: 'a' } as const;

export interface Flags {
  /** For a part: a colon and the part follow. */
  scoped: boolean;
  /** Whether it is turned on or off; undefined where nothing is said. */
  on(flag: keyof typeof LETTER): boolean | undefined;
}

/** @param char what follows `(?`, taken already */
export function readFlags(reader: Reader, char: string, begin: number): Flags {
  if (!FLAGS.includes(char) && char !== '-') throw reader.fault(`Python knows no \`(?${char}\`.`, begin, reader.at);
  let added = '';
  let next: string | undefined = char;
  while (next !== undefined && FLAGS.includes(next)) {
    added += next;
    if (next === 'L') throw reader.fault('`L` is no flag for text.', begin, reader.at);
    if (added.includes('a') && added.includes('u'))
      throw reader.fault('`a` and `u` exclude each other.', begin, reader.at);
    next = reader.take();
  }
  if (next === undefined || !')-:'.includes(next))
    throw reader.fault('After the flags comes `)`, `:` or `-`.', begin, reader.at);
  const removed = next === '-' ? readRemoved(reader, begin) : '';
  if ([...removed].some((flag) => added.includes(flag)))
    throw reader.fault('A flag cannot be turned on and off at once.', begin, reader.at);
  return {
    scoped: next !== ')',
    on: (flag) => {
      if (added.includes(LETTER[flag])) return true;
      return removed.includes(LETTER[flag]) || (flag === 'ascii' && added.includes('u')) ? false : undefined;
    },
  };
}

function readRemoved(reader: Reader, begin: number): string {
  let removed = '';
  for (let next = reader.take(); next !== ':' || removed === ''; next = reader.take()) {
    if (next === undefined || next.length !== 1 || !FLAGS.includes(next) || TYPES.includes(next))
      throw reader.fault('After `-` come flags to turn off, of `imsx`, and a colon.', begin, reader.at);
    removed += next;
  }
  return removed;
}
