import stringWidth from 'string-width';
import { printable } from '../lib/index.js';
import type { Style } from './style.js';

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
