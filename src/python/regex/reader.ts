import type { Category, CharRange, Modes, RegexNode, SetNode } from './nodes.js';

/** Why Python refuses a pattern. */
export class RegexFault extends Error {
  override name = 'RegexFault';
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
    if (escaped === undefined) throw new RegexFault('A lone backslash cannot end a pattern.');
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
    let taken = '';
    for (let piece = this.take(); piece !== end; piece = this.take()) {
      if (piece === undefined) {
        throw new RegexFault(taken === '' ? `The ${what} is missing.` : `The \`${end}\` after the ${what} is missing.`);
      }
      taken += piece;
    }
    if (taken === '') throw new RegexFault(`The ${what} is missing.`);
    return taken;
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
  reference: (group: number) => RegexNode,
): RegexNode {
  if (/^[AbBZ]$/.test(char)) return anchor(`\\${char}`, modes);
  if (isCategory(char)) return setOf([char], modes);
  const code = named(reader, char);
  if (code !== undefined) return setOf([{ from: code, to: code }], modes);
  if (char === '0') return literal(Number.parseInt(`0${reader.takeWhile(OCTAL, 2)}`, 8), modes);
  if (/^[1-9]$/.test(char)) return numbered(reader, char, modes, reference);
  return literal(plain(char), modes);
}

/** `\12` is a group, `\123` a character in octal. */
function numbered(reader: Reader, char: string, modes: Modes, reference: (group: number) => RegexNode): RegexNode {
  let digits = char + reader.takeWhile(/[0-9]/, 1);
  if (/^[0-7]{2}$/.test(digits)) {
    const third = reader.takeWhile(OCTAL, 1);
    digits += third;
    if (third !== '') return literal(octal(digits), modes);
  }
  return reference(Number(digits));
}

/** An escape in a set; its two characters are taken already. */
export function readSetEscape(reader: Reader, char: string): CharRange | Category {
  if (isCategory(char)) return char;
  if (char === 'b') return { from: 8, to: 8 };
  const code = named(reader, char);
  if (code !== undefined) return { from: code, to: code };
  if (OCTAL.test(char)) {
    const value = octal(char + reader.takeWhile(OCTAL, 2));
    return { from: value, to: value };
  }
  const value = plain(char);
  return { from: value, to: value };
}

/** `\n`, `\x0a`, `\u000a`, `\N{LINE FEED}`; the last one may stand for any character here. */
function named(reader: Reader, char: string): number | undefined {
  const control = Object.hasOwn(CONTROLS, char) ? CONTROLS[char] : undefined;
  if (control !== undefined) return control;
  const length = Object.hasOwn(HEX_DIGITS, char) ? HEX_DIGITS[char] : undefined;
  if (length !== undefined) {
    const digits = reader.takeWhile(/[0-9a-fA-F]/, length);
    const code = Number.parseInt(digits, 16);
    if (digits.length === length && code <= HIGHEST) return code;
    throw new RegexFault(`\`\\${char}\` needs ${length} hexadecimal digits, of a character that there is.`);
  }
  if (char !== 'N') return undefined;
  if (!reader.skip('{')) throw new RegexFault('`\\N` needs the name of a character in braces.');
  reader.takeUntil('}', 'name of the character');
  return 0xfffd;
}

function octal(digits: string): number {
  const code = Number.parseInt(digits, 8);
  if (code > HIGHEST_OCTAL) throw new RegexFault(`\`\\${digits}\` is beyond \`\\377\`.`);
  return code;
}

/** A character that means nothing special after a backslash; letters and digits must not stand there. */
function plain(char: string): number {
  if (/^[a-zA-Z0-9]$/.test(char)) throw new RegexFault(`Python knows no escape \`\\${char}\`.`);
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
  /** Whether it is turned on or off; undefined without either. */
  on(flag: keyof typeof LETTER): boolean | undefined;
}

/** @param char what follows `(?`, taken already */
export function readFlags(reader: Reader, char: string): Flags {
  if (!FLAGS.includes(char) && char !== '-') throw new RegexFault(`Python knows no \`(?${char}\`.`);
  let added = '';
  let next: string | undefined = char;
  while (next !== undefined && FLAGS.includes(next)) {
    added += next;
    if (next === 'L') throw new RegexFault('`L` is not a flag for text.');
    if (added.includes('a') && added.includes('u')) throw new RegexFault('`a` and `u` exclude each other.');
    next = reader.take();
  }
  if (next === undefined || !')-:'.includes(next)) throw new RegexFault('After the flags comes `)`, `:` or `-`.');
  const removed = next === '-' ? readRemoved(reader) : '';
  if ([...removed].some((flag) => added.includes(flag)))
    throw new RegexFault('A flag cannot be turned on and off at once.');
  return {
    scoped: next !== ')',
    on: (flag) => {
      if (added.includes(LETTER[flag])) return true;
      return removed.includes(LETTER[flag]) || (flag === 'ascii' && added.includes('u')) ? false : undefined;
    },
  };
}

function readRemoved(reader: Reader): string {
  let removed = '';
  for (let next = reader.take(); next !== ':' || removed === ''; next = reader.take()) {
    if (next === undefined || next.length !== 1 || !FLAGS.includes(next) || TYPES.includes(next))
      throw new RegexFault('After `-` come flags to turn off, of `imsx`, and a colon.');
    removed += next;
  }
  return removed;
}
