import type { Diagnostic, Range } from '../schema/diagnostic.js';
import { excerptOf } from './excerpt.js';
import { printable } from './printable.js';
import type { Style } from './style.js';

const COLOUR = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/**
 * Findings as a person reads them: the place, what is wrong, the line with the words marked,
 * what to do, and related places. Ends with a newline.
 */
export function renderDiagnostics(
  path: string,
  source: string,
  diagnostics: readonly Diagnostic[],
  style: Style,
): string {
  const lines = source.split(/\r\n|[\n\r\u0085\u2028\u2029]/);
  return diagnostics.map((diagnostic) => `${renderOne(path, lines, diagnostic, style)}\n`).join('\n');
}

function renderOne(path: string, lines: readonly string[], diagnostic: Diagnostic, style: Style): string {
  const colour = style[COLOUR[diagnostic.severity]];
  const gutter = ' '.repeat(String(diagnostic.line).length);
  const place = `${printable(path)}:${diagnostic.line}:${diagnostic.column}`;
  return [
    `${style.bold(place)}: ${colour(`${diagnostic.severity}:`)} ${printable(diagnostic.message)} ${style.dim(`[${diagnostic.rule}]`)}`,
    ...marked(lines, diagnostic, gutter, colour),
    ...(diagnostic.help ? [`${gutter} = help: ${printable(diagnostic.help)}`] : []),
    ...(diagnostic.related ?? []).flatMap((related) => [
      `${gutter} = ${printable(path)}:${related.line}:${related.column}: ${printable(related.message)}`,
      ...marked(lines, related, gutter, style.cyan),
    ]),
  ].join('\n');
}

/** The first line of a range; nothing where the file has no such line. */
function marked(lines: readonly string[], range: Range, gutter: string, colour: (text: string) => string): string[] {
  const line = lines[range.line - 1];
  if (line === undefined) return [];
  const end = range.endLine === range.line ? range.endColumn : line.length + 1;
  const { text, offset, width } = excerptOf(line, range.column, end);
  return [
    `${gutter} |`,
    `${String(range.line).padStart(gutter.length)} | ${text}`,
    `${gutter} | ${' '.repeat(offset)}${colour('^'.repeat(width))}`,
  ];
}
