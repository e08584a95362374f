import type { Range } from '../diagnostic.js';
import type { CheckContext } from './context.js';
import { linesOf } from './places.js';

/**
 * Where a part of a text stands in the file: exact in literal block scalars, and in other scalars on one line that hold
 * the text as it is. Of a part over several lines it is what is on the first.
 *
 * @param path of the scalar
 * @param value its text
 * @returns undefined where the text is written in another way: folded, or with escapes
 */
export function placeInScalar(
  { document }: CheckContext,
  path: string,
  value: string,
  start: number,
  end: number,
): Range | undefined {
  const layout = document.layout(path);
  if (layout === undefined) return undefined;
  const before = value.slice(0, start);
  const lineStart = before.lastIndexOf('\n') + 1;
  const text = value.slice(lineStart).split('\n', 1)[0] ?? '';
  const { range, style, block } = layout;
  let line = range.line;
  let column = range.column + (style.endsWith('quoted') ? 1 : 0);
  if (style === 'literal' && block) {
    // Its first line is the first that is not blank.
    const blank = /^\n*/.exec(value)?.[0].length ?? 0;
    line = block.line - blank + before.split('\n').length - 1;
    column = block.indent + 1;
  } else if (value.includes('\n')) return undefined;
  if (linesOf(document)[line - 1]?.startsWith(text, column - 1) !== true) return undefined;
  const from = column + start - lineStart;
  const to = column + Math.min(Math.max(end, start + 1), lineStart + Math.max(text.length, 1)) - lineStart;
  return { line, column: from, endLine: line, endColumn: Math.max(to, from) };
}
