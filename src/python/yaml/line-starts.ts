/** Where the lines of a text begin; `offset`: of the first line, behind a byte order mark that has no column. */
export function lineStarts(text: string, offset = 0): number[] {
  const starts = [offset];
  for (const match of text.matchAll(/\r\n?|\n/g)) starts.push(match.index + match[0].length);
  return starts;
}

/** The line of an offset, from 0. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

let last: { text: string; starts: readonly number[] } | undefined;

/** Line, from 0, and offset in it, of a place in a text. For many places of one text: its lines are counted once. */
export function placeInText(text: string, offset: number): { line: number; column: number } {
  if (last?.text !== text) last = { text, starts: lineStarts(text) };
  const line = lineAt(last.starts, offset);
  return { line, column: offset - (last.starts[line] as number) };
}
