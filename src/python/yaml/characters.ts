/**
 * The character classes of YAML 1.1 as PyYAML reads them. All take UTF-16 code units of a text that
 * has passed {@link findUnprintable} and ends in one NUL, so that "end of text" is a character too.
 */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
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
export function isUnicodeSeparator(code: number): boolean {
  return code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** What names of anchors, directives and tag handles are made of: ASCII letters, digits, `-` and `_`. */
export function isWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || isDigit(code) || code === DASH || code === 0x5f
  );
}

/** `,` `[` `]` `{` `}`. */
export function isFlowIndicator(code: number): boolean {
  return code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d;
}
