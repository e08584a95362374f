import stringWidth from 'string-width';
import { plural, printable } from '../lib/index.js';
import type { Diagnostic, Range, ServerBehaviour } from '../lint/index.js';
import { splitLines } from '../python/index.js';
import type { Style } from './style.js';

const COLOUR = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/** What the live server does. */
const SERVER_NOTES: Record<ServerBehaviour, string> = {
  rejects: 'the server rejects the definition.',
  fails: 'the server accepts it, and the build or run fails.',
  misbehaves: 'the server accepts it without a warning, and does something else.',
  accepts: 'the server accepts it, and does what it says.',
};

/** So many findings of a file are shown: nobody reads more, and to place the marks takes its time. */
const MOST_FINDINGS = 1000;

/**
 * Findings as a person reads them: the place, what is wrong, the line with the words marked,
 * related places, what to do. Ends with a newline.
 */
export function renderDiagnostics(
  path: string,
  source: string,
  diagnostics: readonly Diagnostic[],
  style: Style,
): string {
  const lines = splitLines(source);
  const shown = diagnostics.slice(0, MOST_FINDINGS).map((diagnostic) => renderOne(path, lines, diagnostic, style));
  const left = diagnostics.length - shown.length;
  if (left > 0) shown.push(`${printable(path)}: ${plural(left, 'more finding')} not shown.`);
  return shown.map((text) => `${text}\n`).join('\n');
}

/** So many lines of a file are listed. */
const MOST_LINES = 10;

/** What the server does with the findings of a file: a line for each behaviour. */
export function serverNotes(diagnostics: readonly Diagnostic[]): string {
  return Object.entries(SERVER_NOTES)
    .map(([server, note]) => {
      const found = diagnostics.filter((diagnostic) => diagnostic.server === server);
      const lines = [...new Set(found.map(({ line }) => line))];
      if (lines.length === 0) return '';
      const more = lines.length > MOST_LINES ? ` and ${lines.length - MOST_LINES} more` : '';
      return `${lines.length > 1 ? 'lines' : 'line'} ${lines.slice(0, MOST_LINES).join(', ')}${more}: ${note}\n`;
    })
    .join('');
}

function renderOne(path: string, lines: readonly string[], diagnostic: Diagnostic, style: Style): string {
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

interface Excerpt {
  /** The source line as it shows: tabs as blanks, control characters visible, cut to size. */
  text: string;
  /** Columns of the terminal before the mark. */
  offset: number;
  /** Columns that the mark covers; at least 1. */
  width: number;
}

const TAB = '    ';
/** Shown of a long line, UTF-16 code units; the marked place is always in it. */
const WINDOW = 160;
const BEFORE = 60;

/**
 * One line of source and where to mark it.
 *
 * @param from first column of the mark, counted from 1 in UTF-16 code units
 * @param to column after the mark
 */
function excerptOf(line: string, from: number, to: number): Excerpt {
  const begin = Math.min(from - 1, line.length);
  const end = Math.max(begin, Math.min(to - 1, line.length));
  const start =
    line.length <= WINDOW ? 0 : wholeCharacter(line, Math.max(0, Math.min(begin - BEFORE, line.length - WINDOW)));
  const stop = line.length <= WINDOW ? line.length : wholeCharacter(line, start + WINDOW);
  const [before, marked, after] = [
    line.slice(start, begin),
    line.slice(begin, Math.min(end, stop)),
    line.slice(Math.min(end, stop), stop),
  ].map(shown) as [string, string, string];
  const head = start > 0 ? '…' : '';
  return {
    text: `${head}${before}${marked}${after}${stop < line.length ? '…' : ''}`,
    offset: stringWidth(head + before),
    width: Math.max(1, stringWidth(marked)),
  };
}

function shown(text: string): string {
  return printable(text.replaceAll('\t', TAB));
}

/** Not between the two halves of a character outside the basic plane. */
function wholeCharacter(line: string, at: number): number {
  const code = line.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at;
}
