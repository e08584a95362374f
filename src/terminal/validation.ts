import type { Diagnostic, Severity } from '../schema/diagnostic.js';
import { printable } from './printable.js';
import type { Style } from './style.js';

export type Format = 'pretty' | 'unix' | 'json';

/** What was found in one file. `accepted` is the live server's verdict, whatever the lints say. */
export interface FileReport {
  path: string;
  accepted: boolean;
  diagnostics: readonly Diagnostic[];
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

export function writerOf(format: Format, style: Style): ReportWriter {
  if (format === 'json') return JSON_WRITER;
  return format === 'unix' ? UNIX_WRITER : prettyWriter(style);
}

/** `validate --json` of SPEC 7, version 1. */
const JSON_WRITER: ReportWriter = {
  file: () => '',
  end: (reports) => {
    const summary = { files: reports.length, ...countOf(reports) };
    return `${JSON.stringify({ version: 1, files: reports, summary }, null, 2)}\n`;
  },
};

const UNIX_WRITER: ReportWriter = {
  file: ({ path, diagnostics }) =>
    diagnostics
      .map(
        ({ line, column, severity, message, rule }) =>
          `${printable(path)}:${line}:${column}: ${severity}: ${printable(message)} [${rule}]\n`,
      )
      .join(''),
  end: () => '',
};

function prettyWriter(style: Style): ReportWriter {
  return {
    file: async ({ path, diagnostics }, source) => {
      if (diagnostics.length === 0) return '';
      // Loaded with the first finding: most definitions have none.
      const { renderDiagnostics } = await import('./diagnostics.js');
      return `${renderDiagnostics(path, source, diagnostics, style)}\n`;
    },
    end: (reports) => `${verdict(reports, style)}\n`,
  };
}

function verdict(reports: readonly FileReport[], style: Style): string {
  const { errors, warnings, infos } = countOf(reports);
  const rejected = reports.filter(({ accepted }) => !accepted).length;
  const files = plural(reports.length, 'definition');
  const counts = [
    plural(errors, 'error'),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
    ...(infos > 0 ? [plural(infos, 'hint')] : []),
  ].join(', ');
  if (errors + warnings + infos === 0)
    return style.green(`${files}: the server would accept ${reports.length === 1 ? 'it' : 'them'}.`);
  if (rejected === 0)
    return `${files}: ${counts}; the server would accept ${reports.length === 1 ? 'it' : 'them'} as written.`;
  return `${files}: ${counts}; ${style.red(`the server would reject ${reports.length === 1 ? 'it' : `${rejected} of them`}`)}.`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
