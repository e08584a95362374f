import type { Cursor } from './cursor.js';
import { BANG, DOT, isBlankOrEnd, isBreakOrEnd, isDigit, isSpaceOrEnd, isWord, PERCENT, SPACE } from './cursor.js';
import { quoteCharacter } from './positions.js';
import { KIND, type Token, tagToken, token } from './tokens.js';

const URI_PUNCTUATION = new Set(Array.from("-;/?:@&=+$,_.!~*'()[]%", (character) => character.charCodeAt(0)));
const AFTER_ANCHOR = new Set(Array.from('?:,]}%@`', (character) => character.charCodeAt(0)));
/** More digits than this and Python refuses to read a decimal number. */
const MAX_DIGITS = 4300;

/** Scans a `%` line. The token's value is its name; a `%TAG` has the handle, and its prefix as value. */
export function scanDirective(cursor: Cursor): Token {
  const start = cursor.pos;
  cursor.pos++;
  const name = takeWord(cursor);
  if (name === '' || !isSpaceOrEnd(cursor.code())) {
    const help = "A line that begins with '%' is a directive. Put a text that begins with it in quotes.";
    throw cursor.fault("'%' at the start of a line is not followed by the name of a directive.", help, start);
  }
  let result = tagToken(KIND.directive, start, cursor.pos, name, undefined);
  if (name === 'YAML') checkVersion(cursor, start);
  else if (name === 'TAG') {
    cursor.skipSpaces();
    const handle = scanHandle(cursor);
    if (cursor.code() !== SPACE) throw cursor.fault('A %TAG directive needs a handle and a prefix.', undefined, start);
    cursor.skipSpaces();
    const prefix = scanUri(cursor);
    if (!isSpaceOrEnd(cursor.code())) throw unexpected(cursor, 'in the prefix of a %TAG directive');
    result = tagToken(KIND.directive, start, cursor.pos, prefix, handle);
  } else while (!isBreakOrEnd(cursor.code())) cursor.pos++;
  result.end = cursor.pos;
  cursor.skipSpaces();
  cursor.takeComment();
  if (!isBreakOrEnd(cursor.code())) throw unexpected(cursor, 'after a directive');
  cursor.takeBreak();
  return result;
}

function checkVersion(cursor: Cursor, start: number): void {
  cursor.skipSpaces();
  const major = takeDigits(cursor);
  const dotted = cursor.code() === DOT;
  if (dotted) cursor.pos++;
  const minor = takeDigits(cursor);
  const complete = major !== '' && dotted && minor !== '' && isSpaceOrEnd(cursor.code());
  if (!complete || minor.length > MAX_DIGITS || !/^0*1$/.test(major) || major.length > MAX_DIGITS) {
    throw cursor.fault(
      'Only YAML 1.x can be read.',
      "Write '%YAML 1.1', or leave the line out.",
      start,
      cursor.pos + 1,
    );
  }
}

/** Scans `&name` or `*name`. */
export function scanAnchor(cursor: Cursor, kind: typeof KIND.anchor | typeof KIND.alias): Token {
  const start = cursor.pos;
  cursor.pos++;
  const name = takeWord(cursor);
  const code = cursor.code();
  if (name === '' || !(isBlankOrEnd(code) || AFTER_ANCHOR.has(code))) {
    const indicator = cursor.text.charAt(start);
    const what = kind === KIND.alias ? 'alias' : 'anchor';
    const help = `Put the value in quotes if it is meant to begin with '${indicator}'.`;
    const message = `'${indicator}' begins the name of an ${what}, in which ${quoteCharacter(cursor.text, cursor.pos)} cannot stand.`;
    throw cursor.fault(message, help, start, cursor.pos + 1);
  }
  return token(kind, start, cursor.pos, name);
}

/** Scans `!`, `!suffix`, `!!suffix`, `!handle!suffix` or `!<uri>`. */
export function scanTag(cursor: Cursor): Token {
  const { text } = cursor;
  const start = cursor.pos;
  const next = cursor.code(1);
  let handle: string | undefined;
  let suffix = '!';
  if (next === 0x3c) {
    cursor.pos += 2;
    suffix = scanUri(cursor);
    if (cursor.code() !== 0x3e) throw unexpected(cursor, "in a tag that begins with '!<'");
    cursor.pos++;
  } else if (isBlankOrEnd(next)) cursor.pos++;
  else {
    let at = start + 1;
    while (!isSpaceOrEnd(text.charCodeAt(at)) && text.charCodeAt(at) !== BANG) at++;
    if (text.charCodeAt(at) === BANG) handle = scanHandle(cursor);
    else {
      handle = '!';
      cursor.pos++;
    }
    suffix = scanUri(cursor);
  }
  if (!isSpaceOrEnd(cursor.code())) throw unexpected(cursor, 'in a tag');
  return tagToken(KIND.tag, start, cursor.pos, suffix, handle);
}

/** `!`, `!!` or `!word!`. */
function scanHandle(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.pos;
  if (cursor.code() !== BANG) throw unexpected(cursor, "where a tag's handle must begin ('!')");
  cursor.pos++;
  if (cursor.code() !== SPACE) {
    takeWord(cursor);
    if (cursor.code() !== BANG) throw unexpected(cursor, "in a tag's handle");
    cursor.pos++;
  }
  return text.slice(start, cursor.pos);
}

function scanUri(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.pos;
  let uri = '';
  let from = start;
  for (;;) {
    const code = text.charCodeAt(cursor.pos);
    if (code === PERCENT) {
      uri += text.slice(from, cursor.pos) + scanUriEscapes(cursor);
      from = cursor.pos;
    } else if (isWord(code) || URI_PUNCTUATION.has(code)) cursor.pos++;
    else break;
  }
  if (cursor.pos === start) throw unexpected(cursor, 'in a tag');
  return uri + text.slice(from, cursor.pos);
}

/** A run of `%XX`, which is UTF-8. */
function scanUriEscapes(cursor: Cursor): string {
  const start = cursor.pos;
  const bytes: number[] = [];
  while (cursor.code() === PERCENT) {
    const digits = cursor.text.slice(cursor.pos + 1, cursor.pos + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw unexpected(cursor, 'in a tag without two hexadecimal digits after it');
    bytes.push(Number.parseInt(digits, 16));
    cursor.pos += 3;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    throw cursor.fault('The escaped characters of this tag are not UTF-8.', undefined, start, cursor.pos);
  }
}

function takeWord(cursor: Cursor): string {
  const start = cursor.pos;
  while (isWord(cursor.code())) cursor.pos++;
  return cursor.text.slice(start, cursor.pos);
}

function takeDigits(cursor: Cursor): string {
  const start = cursor.pos;
  while (isDigit(cursor.code())) cursor.pos++;
  return cursor.text.slice(start, cursor.pos);
}

function unexpected(cursor: Cursor, where: string) {
  const help = "'!' begins a tag. Put the value in quotes if it is meant to begin with '!'.";
  return cursor.fault(`Found ${quoteCharacter(cursor.text, cursor.pos)} ${where}.`, help);
}
