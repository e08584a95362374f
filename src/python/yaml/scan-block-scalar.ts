import { type Cursor, isBreak, isBreakOrEnd, isDigit, isSpaceOrEnd, SPACE, TAB } from './cursor.js';
import { quoteCharacter } from './positions.js';
import { KIND, type Token, token } from './tokens.js';

const PLUS = 0x2b;
const MINUS = 0x2d;
const FOLDED = 0x3e;

interface Header {
  chomping: 'clip' | 'keep' | 'strip';
  /** Explicit indentation, in spaces more than the parent's. */
  increment: number | undefined;
}

/** Scans a literal (`|`) or folded (`>`) block scalar; the cursor is at the indicator. */
export function scanBlockScalar(cursor: Cursor): Token {
  const { text } = cursor;
  const start = cursor.pos;
  const folded = text.charCodeAt(start) === FOLDED;
  cursor.pos++;
  const header = scanHeader(cursor);
  let end = cursor.pos;
  scanHeaderRest(cursor);

  const minimum = Math.max(cursor.indent + 1, 1);
  let indent = minimum;
  let breaks: string;
  if (header.increment === undefined) {
    const leading = scanLeadingLines(cursor);
    indent = Math.max(minimum, leading.indent);
    breaks = leading.breaks;
  } else {
    indent = minimum + header.increment - 1;
    breaks = scanBreaks(cursor, indent);
  }

  let value = '';
  let lineBreak = '';
  const offset = cursor.pos;
  while (cursor.column === indent && cursor.code() !== 0) {
    value += breaks;
    const from = cursor.pos;
    const indented = isSpaceOrTab(cursor.code());
    while (!isBreakOrEnd(text.charCodeAt(cursor.pos))) cursor.pos++;
    value += text.slice(from, cursor.pos);
    end = cursor.pos;
    lineBreak = cursor.takeBreak();
    breaks = scanBreaks(cursor, indent);
    if (cursor.column !== indent || cursor.code() === 0) break;
    if (folded && lineBreak === '\n' && !indented && !isSpaceOrTab(cursor.code())) {
      if (breaks === '') value += ' ';
    } else value += lineBreak;
  }
  if (header.chomping !== 'strip') value += lineBreak;
  if (header.chomping === 'keep') value += breaks;
  return token(KIND.scalar, start, end, value, folded ? 'folded' : 'literal', { offset, indent });
}

/** The indicators after `|` or `>`: chomping and indentation, in either order. */
function scanHeader(cursor: Cursor): Header {
  const header: Header = { chomping: 'clip', increment: undefined };
  scanChomping(cursor, header);
  const code = cursor.code();
  if (isDigit(code)) {
    if (code === 0x30)
      throw cursor.fault('A block scalar cannot be indented by 0.', 'Give 1 to 9, or leave the digit out.');
    header.increment = code - 0x30;
    cursor.pos++;
    if (header.chomping === 'clip') scanChomping(cursor, header);
  }
  if (!isSpaceOrEnd(cursor.code())) {
    const help = "Begin the text on the next line, indented. Only '+', '-' and a digit may follow here.";
    throw cursor.fault(`${sentence(quoteCharacter(cursor.text, cursor.pos))} cannot follow '|' or '>'.`, help);
  }
  return header;
}

function scanChomping(cursor: Cursor, header: Header): void {
  const code = cursor.code();
  if (code !== PLUS && code !== MINUS) return;
  header.chomping = code === PLUS ? 'keep' : 'strip';
  cursor.pos++;
}

function scanHeaderRest(cursor: Cursor): void {
  cursor.skipSpaces();
  cursor.takeComment();
  if (!isBreakOrEnd(cursor.code())) {
    const found = sentence(quoteCharacter(cursor.text, cursor.pos));
    throw cursor.fault(`${found} cannot follow '|' or '>' on its line.`, 'Begin the text on the next line, indented.');
  }
  cursor.takeBreak();
}

/** The blank lines before the text. The deepest of them and of the first text line sets the indentation. */
function scanLeadingLines(cursor: Cursor): { breaks: string; indent: number } {
  let breaks = '';
  let indent = 0;
  for (;;) {
    const code = cursor.code();
    if (code === SPACE) {
      cursor.pos++;
      if (cursor.column > indent) indent = cursor.column;
    } else if (isBreak(code)) breaks += cursor.takeBreak();
    else return { breaks, indent };
  }
}

/** Blank lines within the text, and the indentation of the line that follows them. */
function scanBreaks(cursor: Cursor, indent: number): string {
  let breaks = '';
  for (;;) {
    while (cursor.column < indent && cursor.code() === SPACE) cursor.pos++;
    const taken = cursor.takeBreak();
    if (taken === '') return breaks;
    breaks += taken;
  }
}

function isSpaceOrTab(code: number): boolean {
  return code === SPACE || code === TAB;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
