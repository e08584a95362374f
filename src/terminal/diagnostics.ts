import { printable } from '../lib/sanitise.js';
import type { Diagnostic, Range, ServerBehaviour } from '../lint/diagnostic.js';
import { splitLines } from '../python/yaml/positions.js';
import { excerptOf } from './excerpt.js';
import type { Style } from './style.js';

const COLOUR = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/** What the live server does with it. */
const SERVER_NOTES: Record<ServerBehaviour, string> = {
  rejects: 'the server rejects the definition.',
  fails: 'the server takes it, and the build or run fails.',
  misbehaves: 'the server takes it without a word, and does something else than is written.',
  accepts: 'the server takes it, and does as is written.',
};

/**
 * Findings as a person reads them: the place, what is wrong, the line with the words marked,
 * related places, what to do, and with `notes` what the server does. Ends with a newline.
 */
export function renderDiagnostics(
  path: string,
  source: string,
  diagnostics: readonly Diagnostic[],
  style: Style,
  { notes = false }: { notes?: boolean } = {},
): string {
  const lines = splitLines(source);
  return diagnostics
    .map((diagnostic) => {
      const note = notes ? SERVER_NOTES[diagnostic.server] : undefined;
      return `${renderOne(path, lines, diagnostic, note, style)}\n`;
    })
    .join('\n');
}

function renderOne(
  path: string,
  lines: readonly string[],
  diagnostic: Diagnostic,
  note: string | undefined,
  style: Style,
): string {
  const colour = style[COLOUR[diagnostic.severity]];
  const widest = Math.max(diagnostic.line, ...(diagnostic.related ?? []).map(({ line }) => line));
  const gutter = ' '.repeat(String(widest).length);
  const place = `${printable(path)}:${diagnostic.line}:${diagnostic.column}`;
  return [
    `${style.bold(place)}: ${colour(`${diagnostic.severity}:`)} ${printable(diagnostic.message)} ${style.dim(`[${diagnostic.rule}]`)}`,
    ...marked(lines, diagnostic, gutter, colour),
    ...(diagnostic.related ?? []).flatMap((related) => [
      `${gutter} = ${printable(path)}:${related.line}:${related.column}: ${printable(related.message)}`,
      ...marked(lines, related, gutter, style.cyan),
    ]),
    ...(diagnostic.help ? [`${gutter} = help: ${printable(diagnostic.help)}`] : []),
    ...(note === undefined ? [] : [`${gutter} = note: ${note}`]),
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
