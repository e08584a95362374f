/** `validate`'s report in each format; SARIF and the sums of a report have a file each. */
import { isAbsolute, relative, resolve } from 'node:path';
import { printable } from '../lib/index.js';
import type { Diagnostic } from '../lint/index.js';
import { renderDiagnostics, serverNotes } from './diagnostics.js';
import { type JunitCase, type JunitSuite, junitParts } from './junit.js';
import type { Style } from './style.js';
import { findingsOf, jsonElement, type ReportWriter, verdict } from './validation-report.js';
import { sarifWriter, type Tool } from './validation-sarif.js';

export const FORMATS = ['pretty', 'unix', 'json', 'sarif', 'github', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

/** @param tool this program, for SARIF */
export function writerOf(format: Format, style: Style, tool: Tool): ReportWriter {
  switch (format) {
    case 'json':
      return jsonWriter();
    case 'unix':
      return UNIX_WRITER;
    case 'github':
      return githubWriter(style, process.env['GITHUB_WORKSPACE']);
    case 'junit':
      return junitWriter();
    case 'sarif':
      return sarifWriter(process.cwd(), tool);
    case 'pretty':
      return prettyWriter(style);
  }
}

/** `validate --json` of SPEC 7, version 1. */
function jsonWriter(): ReportWriter {
  let files = 0;
  const separator = () => (files++ === 0 ? '{\n  "version": 1,\n  "files": [\n' : ',\n');
  return {
    file: (report) => `${separator()}${jsonElement(report, 4)}`,
    end: ({ summary }, error) => {
      const end = files === 0 ? `${separator()}  ]` : '\n  ]';
      const rest = { summary, ...(error && { error }) };
      return `${end},\n${JSON.stringify(rest, null, 2).slice(2)}\n`;
    },
  };
}

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
    file: (report, source) => {
      const findings = findingsOf(report);
      if (findings.length === 0) return '';
      return `${renderDiagnostics(report.path, source, findings, style)}\n${style.dim(serverNotes(findings))}\n`;
    },
    end: (totals) => `${verdict(totals, style)}\n`,
  };
}

const COMMANDS = { error: 'error', warning: 'warning', info: 'notice' } as const;

/**
 * Workflow commands, a line a finding: GitHub shows each as an annotation at its place in the change.
 *
 * @param workspace where the repository is checked out: names of files are given relative to it
 */
function githubWriter(style: Style, workspace: string | undefined): ReportWriter {
  return {
    file: (report) => {
      const path = nameOf(report.path, workspace ?? '.');
      return findingsOf(report)
        .map((finding) => `${annotation(path, finding)}\n`)
        .join('');
    },
    end: (totals) => `${verdict(totals, style)}\n`,
  };
}

function nameOf(path: string, workspace: string): string {
  if (path === '<stdin>') return path;
  const below = relative(workspace, resolve(path));
  return below.startsWith('..') || isAbsolute(below) ? path : below;
}

function annotation(path: string, { rule, severity, message, help, ...range }: Diagnostic): string {
  const { line, column, endLine, endColumn } = range;
  // Columns count only where the place is in one line.
  const columns = line === endLine ? { col: column, endColumn } : {};
  const properties = { file: path, line, ...columns, endLine, title: `jobserv: ${rule}` };
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  return `::${COMMANDS[severity]} ${list.join(',')}::${escapeData(help === undefined ? message : `${message}\n${help}`)}`;
}

/** As GitHub's own toolkit does; without it a file could speak to the runner. What acts on a terminal is made visible. */
function escapeData(text: string): string {
  return text
    .split(/(\r?\n)/)
    .map((part, i) => (i % 2 === 0 ? printable(part) : part))
    .join('')
    .replaceAll('%', '%25')
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** JUnit XML: a test suite for each file, and in it a test case for each finding, or one that is well. */
function junitWriter(): ReportWriter {
  const suites: JunitSuite[] = [];
  return {
    // Its first line has the sums, so that nothing can be written before the end.
    file: (report) => {
      const cases = findingsOf(report).map((finding) => testCase(report.path, finding));
      if (cases.length === 0) cases.push({ name: 'no findings', classname: report.path });
      suites.push({ name: report.path, cases });
      return '';
    },
    end: () => [...junitParts('jobserv validate', suites)].join(''),
  };
}

/** Only errors are failures: a warning is there to be read, and does not fail a build. */
function testCase(path: string, { rule, severity, server, message, help, line, column }: Diagnostic): JunitCase {
  const about = `${path}:${line}:${column}: ${severity}: ${message} [${rule}]`;
  // A line of its own could speak to a CI system that reads this output.
  const text = [about, ...(help ? [help] : [])].map(printable).join('\n');
  return {
    name: `${rule} ${line}:${column}`,
    classname: path,
    file: path,
    line,
    text,
    ...(severity === 'error' ? { outcome: { kind: 'failure', message, type: server } } : {}),
  };
}
