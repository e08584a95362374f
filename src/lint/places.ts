import type { LoadedYaml, ScalarLayout } from '../python/yaml/load.js';
import { placeInText } from '../python/yaml/positions.js';
import type { CheckContext } from './context.js';
import type { Range } from './diagnostic.js';

/** Finds the exact characters that a finding is about. */

const known = new WeakMap<LoadedYaml, string[]>();

/** The lines of the file, without their ends and without a byte order mark, as columns count. */
export function linesOf(document: LoadedYaml): string[] {
  const lines = known.get(document) ?? document.text.replace(/^\ufeff/, '').split(/\r\n?|\n/);
  known.set(document, lines);
  return lines;
}

/** What stands in a range of one line. */
export function locatedText(document: LoadedYaml, { line, column, endLine, endColumn }: Range): string | undefined {
  return line === endLine ? linesOf(document)[line - 1]?.slice(column - 1, endColumn - 1) : undefined;
}

/** What stands before a range, on its line. */
export function textBefore(document: LoadedYaml, { line, column }: Range): string {
  return linesOf(document)[line - 1]?.slice(0, column - 1) ?? '';
}

/**
 * Where a part of a text stands inside of the scalar that holds it.
 *
 * @param from how much of the scalar, as it is written, to pass over
 * @returns undefined where it is written in another way: with escapes, or folded
 */
export function placeOfPart(layout: ScalarLayout | undefined, part: string, from = 0): Range | undefined {
  if (layout === undefined || part === '') return undefined;
  const { raw, range } = layout;
  const start = raw.indexOf(part, from);
  if (start < 0 || part.includes('\n')) return undefined;
  const inRaw = placeInText(raw, start);
  const line = range.line + inRaw.line;
  const column = (inRaw.line === 0 ? range.column : 1) + inRaw.column;
  return { line, column, endLine: line, endColumn: column + part.length };
}

/**
 * Where a part of a text stands in the file: exact in literal block scalars, and in other scalars on one line that hold
 * the text as it is. Of a part over several lines it is what is on the first.
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
  const line = lineInFile(context, path, value, begin);
  if (line === undefined) return undefined;
  const from = line.column + column;
  const to = line.column + Math.min(Math.max(end, start + 1), begin + Math.max(line.length, 1)) - begin;
  return { line: line.line, column: from, endLine: line.line, endColumn: Math.max(to, from) };
}

/** Where a line of a scalar's text begins in the file. */
interface LineInFile {
  line: number;
  column: number;
  /** Of the text on it. */
  length: number;
}

/** Many findings on one line, which may be long, are one look at it. */
function lineInFile(context: CheckContext, path: string, value: string, begin: number): LineInFile | undefined {
  return context.memo(`line ${begin} ${path}`, () => findLine(context.document, path, value, begin));
}

function findLine(document: LoadedYaml, path: string, value: string, begin: number): LineInFile | undefined {
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
