/** What `validate` found, file by file, and what is said of all of it. */
import { plural } from '../lib/plural.js';
import type { Diagnostic, Severity } from '../lint/diagnostic.js';
import type { Style } from './style.js';

/** What was found in one file. */
export interface FileReport {
  path: string;
  /** The live server's verdict, whatever the lints say. */
  accepted: boolean;
  diagnostics: readonly Diagnostic[];
  /** What a server said that was asked. */
  asked?: ServerWord;
  /** Under `--fix`. */
  fixed?: Repairs;
}

export interface ServerWord {
  /** Its address. */
  server: string;
  accepted: boolean;
  /** Why it rejects. */
  message?: string;
}

export interface Repairs {
  /** How many were made. */
  repairs: number;
  /** Under `--dry-run`: a unified diff. */
  diff?: string;
  /** The whole text, when it came from stdin. */
  text?: string;
}

/** Turns reports into text: `file` for each as it comes, `end` once after the last. */
export interface ReportWriter {
  file(report: FileReport, source: string): string | Promise<string>;
  end(reports: readonly FileReport[]): string;
}

export function countOf(reports: readonly FileReport[]): { errors: number; warnings: number; infos: number } {
  const count: Record<Severity, number> = { error: 0, warning: 0, info: 0 };
  for (const { diagnostics } of reports) for (const { severity } of diagnostics) count[severity] += 1;
  return { errors: count.error, warnings: count.warning, infos: count.info };
}

/** The findings of a file, and where a server that was asked disagrees with us. */
export function findingsOf({ accepted, diagnostics, asked }: FileReport): readonly Diagnostic[] {
  if (asked === undefined || asked.accepted === accepted) return diagnostics;
  const said = asked.message === undefined ? '' : `, and says: ${oneLine(asked.message)}`;
  const message = asked.accepted
    ? `${asked.server} accepts this definition; by what is found here it would reject it.`
    : `${asked.server} rejects this definition, which nothing found here explains${said}`;
  const help = 'Its version may be another than the one that these checks follow: please report it.';
  const severity = 'error';
  const server = asked.accepted ? 'accepts' : 'rejects';
  const start = { line: 1, column: 1, endLine: 1, endColumn: 1 };
  return [{ rule: 'server-disagrees', severity, server, message, path: '', ...start, help }, ...diagnostics];
}

/** The server shows Python's errors, which may be long and of many lines. */
function oneLine(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

/** One line: how many definitions and findings, and what the server would say. */
export function verdict(reports: readonly FileReport[], style: Style): string {
  const { errors, warnings, infos } = countOf(reports);
  const rejected = reports.filter(({ accepted }) => !accepted).length;
  const files = plural(reports.length, 'definition');
  const counts = [
    plural(errors, 'error'),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
    ...(infos > 0 ? [plural(infos, 'hint')] : []),
  ].join(', ');
  const them = reports.length === 1 ? 'it' : 'them';
  const words =
    errors + warnings + infos === 0
      ? style.green(`${files}: the server would accept ${them}.`)
      : rejected === 0
        ? `${files}: ${counts}; the server would accept ${them} as written.`
        : `${files}: ${counts}; ${style.red(`the server would reject ${reports.length === 1 ? 'it' : `${rejected} of them`}`)}.`;
  return `${words}${repairsMade(reports)}${askedServer(reports, style)}`;
}

function repairsMade(reports: readonly FileReport[]): string {
  const repairs = reports.reduce((sum, { fixed }) => sum + (fixed?.repairs ?? 0), 0);
  if (repairs > 0) {
    const would = reports.some(({ fixed }) => fixed?.diff !== undefined) ? 'to be made with --fix' : 'made';
    return ` ${plural(repairs, 'repair')} ${would}.`;
  }
  const mendable = reports.reduce((sum, { diagnostics }) => sum + diagnostics.filter(({ fix }) => fix).length, 0);
  return mendable > 0 && reports.every(({ fixed }) => fixed === undefined)
    ? ` --fix repairs ${mendable} of these.`
    : '';
}

function askedServer(reports: readonly FileReport[], style: Style): string {
  const asked = reports.filter((report) => report.asked !== undefined);
  const [first] = asked;
  if (first?.asked === undefined) return '';
  const against = asked.filter((report) => report.asked?.accepted !== report.accepted).length;
  const { server } = first.asked;
  if (against > 0) return ` ${style.red(`${server} disagrees on ${plural(against, 'definition')}`)}.`;
  return asked.length === reports.length ? ` ${server} agrees.` : ` ${server} agrees on those that it was asked about.`;
}
