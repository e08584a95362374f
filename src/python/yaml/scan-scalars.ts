import { COLON, type Cursor, HASH, isBlankOrEnd, isBreak, isFlowIndicator, QUESTION, SPACE, TAB } from './cursor.js';
import { quoteCharacter } from './positions.js';
import { KIND, type Token, token } from './tokens.js';

/** Scans a plain scalar, which may go on over several lines as long as they are indented enough. */
export function scanPlain(cursor: Cursor): Token {
  const { text } = cursor;
  const start = cursor.pos;
  const indent = cursor.indent + 1;
  const inFlow = cursor.flowLevel !== 0;
  let value = '';
  let end = start;
  let space = '';
  for (;;) {
    if (text.charCodeAt(cursor.pos) === HASH) break;
    const stop = plainStop(text, cursor.pos, inFlow);
    if (stop === cursor.pos) break;
    cursor.allowSimpleKey = false;
    value += space + text.slice(cursor.pos, stop);
    cursor.pos = stop;
    end = stop;
    space = scanPlainSpaces(cursor);
    if (space === '' || text.charCodeAt(cursor.pos) === HASH || (!inFlow && cursor.column < indent)) break;
  }
  return token(KIND.scalar, start, end, value, 'plain');
}

/** Where the run of text that begins at `from` ends: at a blank, or at a `:` or flow indicator that means something. */
function plainStop(text: string, from: number, inFlow: boolean): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (isBlankOrEnd(code)) return at;
    if (code === COLON) {
      const next = text.charCodeAt(at + 1);
      if (isBlankOrEnd(next) || (inFlow && isFlowIndicator(next))) return at;
    } else if (inFlow && (code === QUESTION || isFlowIndicator(code))) return at;
    at++;
  }
}

/** Steps over the blanks after a run of text. Gives what they are worth inside the scalar; '' when the scalar ends here. */
function scanPlainSpaces(cursor: Cursor): string {
  const { text } = cursor;
  const from = cursor.pos;
  cursor.skipSpaces();
  if (!isBreak(text.charCodeAt(cursor.pos))) return text.slice(from, cursor.pos);
  const first = cursor.takeBreak();
  cursor.allowSimpleKey = true;
  if (cursor.atDocumentMarker()) return '';
  let breaks = '';
  for (;;) {
    const code = text.charCodeAt(cursor.pos);
    if (code === SPACE) cursor.pos++;
    else if (isBreak(code)) {
      breaks += cursor.takeBreak();
      if (cursor.atDocumentMarker()) return '';
    } else break;
  }
  if (first !== '\n') return first + breaks;
  return breaks === '' ? ' ' : breaks;
}

const SINGLE = 0x27;
const DOUBLE = 0x22;
const BACKSLASH = 0x5c;

const ESCAPES: Record<string, string> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '\\': '\\',
  '/': '/',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
const HEX_LENGTHS: Record<string, number> = { x: 2, u: 4, U: 8 };

/** Scans a scalar in quotes; the cursor is at the opening one. */
export function scanQuoted(cursor: Cursor): Token {
  const { text } = cursor;
  const start = cursor.pos;
  const quote = text.charCodeAt(start);
  cursor.pos++;
  let value = '';
  for (;;) {
    value += quote === DOUBLE ? scanDoubleText(cursor, start) : scanSingleText(cursor);
    if (text.charCodeAt(cursor.pos) === quote) break;
    value += scanQuotedSpaces(cursor, start);
  }
  cursor.pos++;
  return token(KIND.scalar, start, cursor.pos, value, quote === DOUBLE ? 'double-quoted' : 'single-quoted');
}

function scanSingleText(cursor: Cursor): string {
  const { text } = cursor;
  let value = '';
  let from = cursor.pos;
  for (;;) {
    const code = text.charCodeAt(cursor.pos);
    if (code === SINGLE) {
      if (text.charCodeAt(cursor.pos + 1) !== SINGLE) break;
      value += text.slice(from, cursor.pos + 1);
      cursor.pos += 2;
      from = cursor.pos;
    } else if (isBlankOrEnd(code)) break;
    else cursor.pos++;
  }
  return value + text.slice(from, cursor.pos);
}

function scanDoubleText(cursor: Cursor, start: number): string {
  const { text } = cursor;
  let value = '';
  let from = cursor.pos;
  for (;;) {
    const code = text.charCodeAt(cursor.pos);
    if (code === BACKSLASH) {
      value += text.slice(from, cursor.pos) + scanEscape(cursor, start);
      from = cursor.pos;
    } else if (code === DOUBLE || isBlankOrEnd(code)) break;
    else cursor.pos++;
  }
  return value + text.slice(from, cursor.pos);
}

/** An escape sequence, or an escaped line break with the blanks that follow it. */
function scanEscape(cursor: Cursor, start: number): string {
  const { text } = cursor;
  const at = cursor.pos;
  const letter = text.charAt(at + 1);
  cursor.pos = at + 1;
  if (isBreak(letter.charCodeAt(0))) {
    cursor.takeBreak();
    return scanQuotedBreaks(cursor, start);
  }
  cursor.pos = at + 2;
  const known = ESCAPES[letter];
  if (known !== undefined) return known;
  const length = HEX_LENGTHS[letter];
  if (length === undefined) {
    const help = "Write '\\\\' for a backslash, or use single quotes: they leave backslashes alone.";
    throw cursor.fault(`'\\' before ${quoteCharacter(text, at + 1)} is no escape sequence.`, help, at, at + 2);
  }
  const digits = text.slice(cursor.pos, cursor.pos + length);
  const code = /^[0-9a-fA-F]+$/.test(digits) && digits.length === length ? Number.parseInt(digits, 16) : Number.NaN;
  if (!(code <= 0x10ffff)) {
    const help = `Write ${length} hexadecimal digits after '\\${letter}', at most 10FFFF.`;
    throw cursor.fault(`'\\${letter}' is not followed by the number of a character.`, help, at, at + 2);
  }
  cursor.pos += length;
  return String.fromCodePoint(code);
}

/** Blanks inside quotes: kept within a line, folded around line breaks. */
function scanQuotedSpaces(cursor: Cursor, start: number): string {
  const { text } = cursor;
  const from = cursor.pos;
  skipBlanks(cursor);
  const code = text.charCodeAt(cursor.pos);
  if (code === 0) {
    const quote = text.charAt(start);
    throw cursor.fault(
      `The quote (${quote}) that opens here is never closed.`,
      `Close it with ${quote}.`,
      start,
      start + 1,
    );
  }
  if (!isBreak(code)) return text.slice(from, cursor.pos);
  const first = cursor.takeBreak();
  const breaks = scanQuotedBreaks(cursor, start);
  if (first !== '\n') return first + breaks;
  return breaks === '' ? ' ' : breaks;
}

/** The empty lines after a line break, and the indentation of the line that follows. */
function scanQuotedBreaks(cursor: Cursor, start: number): string {
  let breaks = '';
  for (;;) {
    if (cursor.atDocumentMarker()) {
      const quote = cursor.text.charAt(start);
      const message = `The quote (${quote}) that opens here is not closed before the document ends.`;
      throw cursor.fault(message, `Close it with ${quote}.`, start, start + 1);
    }
    skipBlanks(cursor);
    const taken = cursor.takeBreak();
    if (taken === '') return breaks;
    breaks += taken;
  }
}

function skipBlanks(cursor: Cursor): void {
  let code = cursor.code();
  while (code === SPACE || code === TAB) {
    cursor.pos++;
    code = cursor.code();
  }
}
