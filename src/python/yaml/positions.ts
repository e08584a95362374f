/** Lines and columns count from 1; a column counts UTF-16 code units. `end` is exclusive. */
export interface Range {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface Related extends Range {
  message: string;
}

/** Where the lines of a text begin; `offset`: of the first line, behind a byte order mark that has no column. */
function lineStarts(text: string, offset = 0): number[] {
  const starts = [offset];
  for (const match of text.matchAll(/\r\n?|\n/g)) starts.push(match.index + match[0].length);
  return starts;
}

/** The line of an offset, from 0. */
function lineAt(starts: readonly number[], offset: number): number {
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

/** Turns offsets into lines and columns as editors count them: lines end in LF, CRLF or CR, a byte order mark has no column. */
export class Positions {
  readonly #text: string;
  #starts: number[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Both offsets may lie behind the end of the text; `end` is exclusive. An empty range stays empty. */
  range(start: number, end: number): Range {
    const from = this.#place(start);
    const to = this.#place(Math.max(start, end));
    return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  /** The offsets of a range; of a place behind the end of the text that end. */
  offsets({ line, column, endLine, endColumn }: Range): { start: number; end: number } {
    return { start: this.#offset(line, column), end: this.#offset(endLine, endColumn) };
  }

  #offset(line: number, column: number): number {
    const start = this.starts[line - 1];
    return start === undefined ? this.#text.length : Math.min(start + column - 1, this.#text.length);
  }

  /** Offsets of the lines' first characters. */
  get starts(): readonly number[] {
    this.#starts ??= lineStarts(this.#text, this.#text.charCodeAt(0) === 0xfeff ? 1 : 0);
    return this.#starts;
  }

  #place(offset: number): { line: number; column: number } {
    const at = Math.min(offset, this.#text.length);
    const { starts } = this;
    const line = lineAt(starts, at);
    return { line: line + 1, column: Math.max(at - (starts[line] as number), 0) + 1 };
  }
}

/** The lines of a text, without their ends and without a byte order mark: as positions count them. */
export function splitLines(text: string): string[] {
  return text.replace(/^\ufeff/, '').split(/\r\n?|\n/);
}
