/** Finds the exact characters that a finding is about. */
import { type LoadedYaml, placeInText, type ScalarLayout, splitLines } from '../python/index.js';
import type { CheckContext } from './context.js';
import type { Range } from './finding.js';

const linesByDocument = new WeakMap<LoadedYaml, string[]>();

/** The lines of the file, without their ends and without a byte order mark, as columns count. */
export function linesOf(document: LoadedYaml): string[] {
  const lines = linesByDocument.get(document) ?? splitLines(document.text);
  linesByDocument.set(document, lines);
  return lines;
}

/** The text of a range of one line. */
export function locatedText(document: LoadedYaml, { line, column, endLine, endColumn }: Range): string | undefined {
  return line === endLine ? linesOf(document)[line - 1]?.slice(column - 1, endColumn - 1) : undefined;
}

/**
 * The place of a part of a scalar's text.
 *
 * @param from offset in the scalar, as it is written, to begin the search at
 * @returns undefined where it is written in another way: with escapes, or folded
 */
export function placeOfPart(layout: ScalarLayout | undefined, part: string, from = 0): Range | undefined {
  if (layout === undefined || part === '' || part.includes('\n')) return undefined;
  const start = layout.raw.indexOf(part, from);
  if (start < 0) return undefined;
  const inRaw = placeInText(layout.raw, start);
  const line = layout.range.line + inRaw.line;
  const column = (inRaw.line === 0 ? layout.range.column : 1) + inRaw.column;
  return { line, column, endLine: line, endColumn: column + part.length };
}

/**
 * The place of a part of a scalar's text: exact in literal block scalars, and in other scalars of one line that hold
 * the text as it is. Of a part with several lines it is what is on the first.
 *
 * @param path of the scalar
 * @param value its text
 * @returns undefined where the text is written in another way: folded, or with escapes
 */
export function placeInScalar(
  context: CheckContext,
  path: string,
  value: string,
  start: number,
  end: number,
): Range | undefined {
  const { column } = placeInText(value, start);
  const begin = start - column;
  // A line may be long, and have many findings.
  const line = context.memo(`line ${begin} ${path}`, () => findLine(context.document, path, value, begin));
  if (line === undefined) return undefined;
  const from = line.column + column;
  const to = line.column + Math.min(Math.max(end, start + 1), begin + Math.max(line.length, 1)) - begin;
  return { line: line.line, column: from, endLine: line.line, endColumn: Math.max(to, from) };
}

/** Where a line of a scalar's text begins in the file; `length`: of the text on it. */
function findLine(document: LoadedYaml, path: string, value: string, begin: number) {
  const layout = document.layout(path);
  if (layout === undefined) return undefined;
  const lineEnd = value.indexOf('\n', begin);
  const text = value.slice(begin, lineEnd < 0 ? value.length : lineEnd);
  const { range, style, block } = layout;
  let line = range.line;
  let column = range.column + (style.endsWith('quoted') ? 1 : 0);
  if (style === 'literal' && block) {
    // Its first line is the first that is not blank.
    const blank = /^\n*/.exec(value)?.[0].length ?? 0;
    line = block.line - blank + placeInText(value, begin).line;
    column = block.indent + 1;
  } else if (value.includes('\n')) return undefined;
  const isThere = linesOf(document)[line - 1]?.startsWith(text, column - 1) === true;
  return isThere ? { line, column, length: text.length } : undefined;
}
