import { printable } from '../lib/sanitise.js';
import type { Style } from './style.js';
import { countOf, findingsOf, type ReportWriter, verdict } from './validation-report.js';

export const FORMATS = ['pretty', 'unix', 'json', 'sarif', 'github', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

/** The formats that few ask for are loaded when they are. */
export async function writerOf(format: Format, style: Style, version: string): Promise<ReportWriter> {
  if (format === 'json') return JSON_WRITER;
  if (format === 'unix') return UNIX_WRITER;
  if (format === 'github') {
    return (await import('./validation-github.js')).githubWriter(style, process.env['GITHUB_WORKSPACE']);
  }
  if (format === 'junit') return (await import('./validation-junit.js')).junitWriter();
  if (format === 'sarif') return (await import('./validation-sarif.js')).sarifWriter(process.cwd(), version);
  return prettyWriter(style);
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
  file: (report) =>
    findingsOf(report)
      .map(
        ({ line, column, severity, message, rule }) =>
          `${printable(report.path)}:${line}:${column}: ${severity}: ${printable(message)} [${rule}]\n`,
      )
      .join(''),
  end: () => '',
};

function prettyWriter(style: Style): ReportWriter {
  return {
    file: async (report, source) => {
      const findings = findingsOf(report);
      if (findings.length === 0) return '';
      // Loaded with the first finding: most definitions have none.
      const { renderDiagnostics } = await import('./diagnostics.js');
      return `${renderDiagnostics(report.path, source, findings, style, { notes: true })}\n`;
    },
    end: (reports) => `${verdict(reports, style)}\n`,
  };
}
