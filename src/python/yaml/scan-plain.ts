import { COLON, HASH, isBlankOrEnd, isBreak, isFlowIndicator, QUESTION, SPACE } from './characters.js';
import type { Cursor } from './cursor.js';
import { scalarToken, type Token } from './tokens.js';

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
  return scalarToken(start, end, value, 'plain');
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
