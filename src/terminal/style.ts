import { Chalk } from 'chalk';
import stringWidth from 'string-width';
import { plainLine, printable } from '../lib/index.js';

/** Emphasis for text; each function answers the text as it is where there are no colours. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
  cyan(text: string): string;
}

const same = (text: string): string => text;
const PLAIN: Style = { bold: same, dim: same, red: same, yellow: same, green: same, cyan: same };

/** Whether a stream shows colours: a terminal, no `NO_COLOR`, not a dumb one. */
export function hasColours(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** The style of a stream. */
export function styleFor(stream: { isTTY?: boolean }): Style {
  return hasColours(stream) ? new Chalk({ level: 1 }) : PLAIN;
}

/** A field of a summary: its title, and a line for each of its values. */
export function fieldLines(title: string, values: readonly string[], style: Style): string[] {
  return values.map((value, index) => `  ${style.dim((index === 0 ? title : '').padEnd(10))} ${plainLine(value)}`);
}

/** The text, cut where it would be wider than so many columns. Counts a colour as nothing, and may cut it off. */
export function fitted(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  const signs = [...text].slice(0, Math.max(0, columns - 1));
  while (signs.length > 0 && stringWidth(signs.join('')) > columns - 1) signs.pop();
  return `${signs.join('')}…`;
}

/** As `fitted`, for a name: what is left out is in its middle, because those of a matrix differ at their ends. */
export function shortened(name: string, columns: number): string {
  if (stringWidth(name) <= columns) return name;
  const half = Math.floor((columns - 1) / 2);
  const end = [...name].slice(-half);
  while (stringWidth(end.join('')) > half) end.shift();
  return `${fitted(name, columns - half)}${end.join('')}`;
}

/** How many rows a terminal of so many columns has added to lines that had one each, because it wrapped them. */
export function rowsAdded(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)) - 1, 0);
}

/** Columns that line up, two blanks apart, under a head. Ends with a newline. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = head.map((title) => stringWidth(title));
  for (const row of cells)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, stringWidth(cell));
    });
  const line = (row: readonly string[], show: (text: string) => string) =>
    `${row
      .map((cell, i) => `${show(cell)}${' '.repeat((widths[i] ?? 0) - stringWidth(cell))}`)
      .join('  ')
      .trimEnd()}\n`;
  return line(head, style.bold) + cells.map((row) => line(row, (text) => text)).join('');
}
