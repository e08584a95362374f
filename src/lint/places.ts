import type { LoadedYaml, ScalarLayout } from '../python/yaml/load.js';
import { placeInText } from '../python/yaml/positions.js';
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
