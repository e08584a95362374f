import { type Cursor, isBlankOrEnd, isBreakOrEnd, isSpaceOrEnd, SPACE } from './cursor.js';
import { quoteCharacter } from './positions.js';
import { KIND, type Token, token } from './tokens.js';

const WORD = /[\w-]*/y;
const LINE = /[^\0\n\r\x85\u2028\u2029]*/y;
const HANDLE = /!(?= )|![\w-]*!/y;
/** Another `!` before the next blank, other than a tab, ends a handle. */
const HANDLED = /![^\0 \n\r\x85\u2028\u2029!]*!/y;
const URI = /(?:[\w\-;/?:@&=+$,.!~*'()[\]]|%[0-9a-fA-F]{2})*/y;
const VERSION = /[0-9]*\.?[0-9]*/y;
/** Version 1.x. Python reads no decimal number with more than 4300 digits. */
const SUPPORTED = /^0{0,4299}1\.[0-9]{1,4300}$/;
const AFTER_ANCHOR = '?:,]}%@`';

/** Scans a `%` line. The token's value is its name; a `%TAG` has the handle, and its prefix as value. */
export function scanDirective(cursor: Cursor): Token {
  const start = cursor.pos++;
  const name = take(cursor, WORD);
  if (name === '' || !isSpaceOrEnd(cursor.code())) {
    const help = "A line that begins with '%' is a directive. Put a text that begins with it in quotes.";
    throw cursor.fault("'%' at the start of a line is not followed by the name of a directive.", help, start);
  }
  const result = token(KIND.directive, start, start, name);
  if (name === 'YAML') checkVersion(cursor, start);
  else if (name === 'TAG') {
    cursor.skipSpaces();
    result.handle = scanHandle(cursor);
    if (cursor.code() !== SPACE) throw cursor.fault('A %TAG directive needs a handle and a prefix.', undefined, start);
    cursor.skipSpaces();
    result.value = scanUri(cursor);
    if (!isSpaceOrEnd(cursor.code())) throw unexpected(cursor, 'in the prefix of a %TAG directive');
  } else take(cursor, LINE);
  result.end = cursor.pos;
  cursor.skipSpaces();
  cursor.takeComment();
  if (!isBreakOrEnd(cursor.code())) throw unexpected(cursor, 'after a directive');
  cursor.takeBreak();
  return result;
}

function checkVersion(cursor: Cursor, start: number): void {
  cursor.skipSpaces();
  if (SUPPORTED.test(take(cursor, VERSION)) && isSpaceOrEnd(cursor.code())) return;
  const help = "Write '%YAML 1.1', or leave the line out.";
  throw cursor.fault('Only YAML 1.x can be read.', help, start, cursor.pos + 1);
}

/** Scans `&name` or `*name`. */
export function scanAnchor(cursor: Cursor, kind: typeof KIND.anchor | typeof KIND.alias): Token {
  const start = cursor.pos++;
  const name = take(cursor, WORD);
  if (name === '' || !(isBlankOrEnd(cursor.code()) || AFTER_ANCHOR.includes(cursor.text.charAt(cursor.pos)))) {
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
  const { text, pos: start } = cursor;
  const result = token(KIND.tag, start, start, '!');
  if (text.startsWith('!<', start)) {
    cursor.pos += 2;
    result.value = scanUri(cursor);
    if (!text.startsWith('>', cursor.pos)) throw unexpected(cursor, "in a tag that begins with '!<'");
    cursor.pos++;
  } else if (isBlankOrEnd(cursor.code(1))) cursor.pos++;
  else {
    HANDLED.lastIndex = start;
    const isHandle = HANDLED.test(text);
    result.handle = isHandle ? scanHandle(cursor) : '!';
    if (!isHandle) cursor.pos++;
    result.value = scanUri(cursor);
  }
  if (!isSpaceOrEnd(cursor.code())) throw unexpected(cursor, 'in a tag');
  result.end = cursor.pos;
  return result;
}

/** `!`, `!!` or `!word!`. */
function scanHandle(cursor: Cursor): string {
  const handle = take(cursor, HANDLE);
  if (handle === '') throw unexpected(cursor, "where a tag's handle ('!', '!!' or '!word!') must begin");
  return handle;
}

function scanUri(cursor: Cursor): string {
  const start = cursor.pos;
  const uri = take(cursor, URI);
  if (uri === '') throw unexpected(cursor, 'in a tag');
  try {
    return uri.replace(/(?:%..)+/g, decodeURIComponent);
  } catch {
    throw cursor.fault('The escaped characters of this tag are not UTF-8.', undefined, start, cursor.pos);
  }
}

/** Steps over what a sticky pattern matches. */
function take(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.pos;
  const taken = pattern.exec(cursor.text)?.[0] ?? '';
  cursor.pos += taken.length;
  return taken;
}

function unexpected(cursor: Cursor, where: string) {
  const help = "'!' begins a tag. Put the value in quotes if it is meant to begin with '!'.";
  return cursor.fault(`Found ${quoteCharacter(cursor.text, cursor.pos)} ${where}.`, help);
}
