/** Workflow commands: GitHub shows each as an annotation at its place in the change. */
import { isAbsolute, relative, resolve } from 'node:path';
import type { Diagnostic } from '../lint/diagnostic.js';
import type { Style } from './style.js';
import { findingsOf, type ReportWriter, verdict } from './validation-report.js';

const COMMANDS = { error: 'error', warning: 'warning', info: 'notice' } as const;

/**
 * A line a finding, and the verdict under them.
 *
 * @param workspace where the repository is checked out: names of files are given relative to it
 */
export function githubWriter(style: Style, workspace: string | undefined): ReportWriter {
  return {
    file: (report) => {
      const path = nameOf(report.path, workspace ?? '.');
      return findingsOf(report)
        .map((finding) => `${annotation(path, finding)}\n`)
        .join('');
    },
    end: (reports) => `${verdict(reports, style)}\n`,
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

/** As GitHub's own toolkit does; without it a file could speak to the runner. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
