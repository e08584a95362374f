import stringWidth from 'string-width';
import { printable } from '../lib/sanitise.js';

export interface Excerpt {
  /** The source line as it shows: tabs as blanks, control characters visible, cut to size. */
  text: string;
  /** Columns of the terminal before the mark. */
  offset: number;
  /** Columns that the mark covers; at least 1. */
  width: number;
}

const TAB = '    ';
/** Shown of a long line, UTF-16 code units; the marked place is always in it. */
const WINDOW = 160;
const BEFORE = 60;

/**
 * One line of source and where to mark it.
 *
 * @param from first column of the mark, counted from 1 in UTF-16 code units
 * @param to column after the mark
 */
export function excerptOf(line: string, from: number, to: number): Excerpt {
  const begin = Math.min(from - 1, line.length);
  const end = Math.max(begin, Math.min(to - 1, line.length));
  const start =
    line.length <= WINDOW ? 0 : wholeCharacter(line, Math.max(0, Math.min(begin - BEFORE, line.length - WINDOW)));
  const stop = line.length <= WINDOW ? line.length : wholeCharacter(line, start + WINDOW);
  const [before, marked, after] = [
    line.slice(start, begin),
    line.slice(begin, Math.min(end, stop)),
    line.slice(Math.min(end, stop), stop),
  ].map(shown) as [string, string, string];
  const head = start > 0 ? '…' : '';
  return {
    text: `${head}${before}${marked}${after}${stop < line.length ? '…' : ''}`,
    offset: stringWidth(head + before),
    width: Math.max(1, stringWidth(marked)),
  };
}

function shown(text: string): string {
  return printable(text.replaceAll('\t', TAB));
}

/** Not between the two halves of a character outside the basic plane. */
function wholeCharacter(line: string, at: number): number {
  const code = line.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at;
}
