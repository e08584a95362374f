import type { LoadedYaml } from '../python/yaml/load.js';
import { placeInText } from '../python/yaml/positions.js';
import type { CheckContext } from './context.js';
import type { Range } from './diagnostic.js';
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
  const { column } = placeInText(value, start);
  const begin = start - column;
  const line = lineInFile(document, path, value, begin);
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

let last: { document: LoadedYaml; path: string; begin: number; found: LineInFile | undefined } | undefined;

/** Many findings on one line, which may be long, are one look at it. */
function lineInFile(document: LoadedYaml, path: string, value: string, begin: number): LineInFile | undefined {
  if (last?.document !== document || last.path !== path || last.begin !== begin) {
    last = { document, path, begin, found: findLine(document, path, value, begin) };
  }
  return last.found;
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
