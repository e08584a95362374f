/** A terminal as a stream, and what stands on it: enough of one for what this program writes. */
import { clearLine, cursorTo, moveCursor } from 'node:readline';
import { PassThrough } from 'node:stream';

export interface Screen {
  stream: NodeJS.WriteStream;
  /** The rows down to the last that is not empty, without blanks at their ends. */
  rows(): string[];
  /** Everything that was written, as it was. */
  written(): string;
  /** How often a cursor moved up. */
  movesUp(): number;
  /** As a terminal does that wraps its lines anew: one row for each of so many columns. */
  resize(columns: number, rows?: number): void;
}

export function screen(columns = 80, rows = 24): Screen {
  // Logical lines, each with its characters; a terminal wraps them to its width.
  let lines: string[][] = [[]];
  let [row, column] = [0, 0];
  let [written, movesUp] = ['', 0];
  const put = (sign: string) => {
    if (column === size.columns) [row, column] = [row + 1, 0];
    while (lines.length <= row) lines.push([]);
    const line = lines[row] as string[];
    while (line.length < column) line.push(' ');
    line[column] = sign;
    column += 1;
  };
  const control = (parameters: string, final: string) => {
    const count = Number.parseInt(parameters, 10) || 1;
    const line = lines[row] ?? [];
    if (final === 'A') {
      row = Math.max(0, row - count);
      movesUp += 1;
    } else if (final === 'B') row += count;
    else if (final === 'G') column = count - 1;
    else if (final === 'C') column += count;
    else if (final === 'D') column = Math.max(0, column - count);
    else if (final === 'K' && (parameters === '' || parameters === '0')) line.splice(column);
    else if (final === 'K') line.splice(0);
    else if (final === 'J') lines.splice(row + 1);
    else if (!['m', 'h', 'l', 'n'].includes(final)) throw new Error(`unexpected CSI ${parameters}${final}`);
  };
  const take = (text: string) => {
    written += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
    for (const [sign, , parameters = '', final] of text.matchAll(/\x1b(\[([?\d;]*)([A-Za-z]))|[\s\S]/gu)) {
      if (final !== undefined) control(parameters, final);
      else if (sign === '\n') [row, column] = [row + 1, 0];
      else if (sign === '\r') column = 0;
      else put(sign);
      while (lines.length <= row) lines.push([]);
    }
  };
  const size = { columns, rows };
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns, rows }) as unknown as NodeJS.WriteStream;
  stream.write = ((chunk: string | Buffer, encoding?: unknown, done?: () => void) => {
    take(chunk.toString());
    const callback = typeof encoding === 'function' ? (encoding as () => void) : done;
    if (callback !== undefined) setImmediate(callback);
    return true;
  }) as typeof stream.write;
  stream.cursorTo = (x: number) => cursorTo(stream, x);
  stream.moveCursor = (x: number, y: number) => moveCursor(stream, x, y);
  stream.clearLine = (direction: -1 | 0 | 1) => clearLine(stream, direction);
  return {
    stream,
    rows: () => {
      const shown = lines.map((line) => line.join('').trimEnd());
      while (shown.at(-1) === '') shown.pop();
      return shown;
    },
    written: () => written,
    movesUp: () => movesUp,
    resize: (to, height = size.rows) => {
      const before = row;
      lines = lines.flatMap((line, index) => {
        const pieces: string[][] = [];
        for (let from = 0; from < Math.max(1, line.length); from += to) pieces.push(line.slice(from, from + to));
        if (index < before) row += pieces.length - 1;
        else if (index === before && column > to) [row, column] = [row + pieces.length - 1, column % to];
        return pieces;
      });
      Object.assign(size, { columns: to, rows: height });
      Object.assign(stream, size);
      stream.emit('resize');
    },
  };
}
