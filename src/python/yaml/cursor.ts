import { YamlFault } from './positions.js';

/**
 * The character classes of YAML 1.1 as PyYAML reads them. All take UTF-16 code units of a text that
 * has passed {@link findUnprintable} and ends in one NUL, so "end of text" is a character too.
 */

export const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
export const SPACE = 0x20;
export const HASH = 0x23;
export const COLON = 0x3a;
export const QUESTION = 0x3f;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const BANG = 0x21;
export const PERCENT = 0x25;
const NEL = 0x85;
const LINE_SEPARATOR = 0x2028;
const PARAGRAPH_SEPARATOR = 0x2029;

const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Offset of the first character that may not stand in YAML at all (control characters, lone surrogates), or -1. */
export function findUnprintable(text: string): number {
  return text.search(UNPRINTABLE);
}

/** A line break of YAML 1.1: NEL, LS and PS are some too. */
export function isBreak(code: number): boolean {
  return code === LF || code === CR || code === NEL || code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR;
}

export function isBreakOrEnd(code: number): boolean {
  return code === 0 || isBreak(code);
}

/** Space, tab, line break or the end: what ends an indicator. No other character below 0x20 gets this far. */
export function isBlankOrEnd(code: number): boolean {
  return code <= SPACE || code === NEL || code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR;
}

/** Space, line break or the end, but no tab: what must follow tags and directives. */
export function isSpaceOrEnd(code: number): boolean {
  return code !== TAB && isBlankOrEnd(code);
}

/** LS and PS stay themselves inside a scalar; every other break becomes a newline. */
function isUnicodeSeparator(code: number): boolean {
  return code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** `,` `[` `]` `{` `}`. */
export function isFlowIndicator(code: number): boolean {
  return code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d;
}

/** A comment's place: offsets of `#` and of the line's end. */
export interface CommentSpan {
  start: number;
  end: number;
}

/**
 * Where the scanner is in the text, and the two facts about the surroundings that scalars depend on.
 * The text ends in one NUL. Columns count from 0; a byte order mark at the start has none.
 */
export class Cursor {
  readonly text: string;
  readonly comments: CommentSpan[] = [];
  pos: number;
  /** Counts every break of YAML 1.1; reported positions do not (see positions.ts). */
  line = 0;
  lineStart: number;
  /** Column of the block collection that contains the cursor; -1 outside of any. */
  indent = -1;
  flowLevel = 0;
  /** Whether a key without `?` may start here. */
  allowSimpleKey = true;

  constructor(text: string) {
    this.text = text;
    this.pos = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    this.lineStart = this.pos;
  }

  code(ahead = 0): number {
    return this.text.charCodeAt(this.pos + ahead);
  }

  get column(): number {
    return this.pos - this.lineStart;
  }

  skipSpaces(): void {
    while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
  }

  /** Steps over a line break; the text it stands for in a scalar, or '' when there is none here. */
  takeBreak(): string {
    const code = this.text.charCodeAt(this.pos);
    if (code === 0 || !isBreakOrEnd(code)) return '';
    this.pos += code === CR && this.text.charCodeAt(this.pos + 1) === LF ? 2 : 1;
    this.line++;
    this.lineStart = this.pos;
    return isUnicodeSeparator(code) ? String.fromCharCode(code) : '\n';
  }

  /** Steps over a comment if one starts here. No blank is needed before its `#`: PyYAML asks for none. */
  takeComment(): void {
    if (this.text.charCodeAt(this.pos) !== HASH) return;
    const start = this.pos;
    while (!isBreakOrEnd(this.text.charCodeAt(this.pos))) this.pos++;
    this.comments.push({ start, end: this.pos });
  }

  /** True when `---` or `...` stands here and nothing is glued to it. The caller knows that a line starts here. */
  atDocumentMarker(): boolean {
    const { text, pos } = this;
    if (!text.startsWith('---', pos) && !text.startsWith('...', pos)) return false;
    const after = text.charCodeAt(pos + 3);
    return after <= SPACE || isBreakOrEnd(after);
  }

  fault(message: string, help?: string, start = this.pos, end = start + 1): YamlFault {
    return new YamlFault(message, start, end, help);
  }
}
