/** What a simulation says at its end, for people. */
import { formatSize } from '../lib/quantities.js';
import { plainLine } from '../lib/sanitise.js';
import type { RunResult } from '../simulator/run/run-result.js';
import type { Style } from './style.js';

/** So many lines of a list are shown. */
const LISTED = 10;

/** A block for each run, and for several the count; ends with a newline. Runs that did not start share a block for each reason. */
export function renderSummary(runs: readonly RunResult[], style: Style): string {
  const blocks = runs.filter(({ status }) => status !== 'NOT_STARTED').map((run) => renderRun(run, style));
  const waiting = new Map<string, RunResult[]>();
  for (const run of runs.filter(({ status }) => status === 'NOT_STARTED')) {
    const { message = '' } = run;
    waiting.set(message, [...(waiting.get(message) ?? []), run]);
  }
  for (const [message, some] of waiting) {
    const names = listed(some.map((run) => style.bold(labelOf(run))));
    blocks.push(`${style.yellow('not started')}  ${names.join(', ')}\n  ${plainLine(message)}\n`);
  }
  if (runs.length > 1) blocks.push(`${counts(runs)}\n`);
  return `\n${blocks.join('\n')}`;
}

const VERDICTS = {
  PASSED: 'PASSED',
  FAILED: 'FAILED',
  INTERRUPTED: 'interrupted',
  NOT_STARTED: 'not started',
} as const;
const labelOf = ({ trigger, run }: RunResult) => plainLine(`${trigger}/${run}`);

function counts(runs: readonly RunResult[]): string {
  const count = (status: RunResult['status']) => runs.filter((run) => run.status === status).length;
  const others = (['FAILED', 'INTERRUPTED', 'NOT_STARTED'] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${VERDICTS[status].toLowerCase()}`);
  const passed = `${count('PASSED')} of ${runs.length} runs passed`;
  return others.length === 0 ? `${passed}.` : `${passed}, ${others.join(', ')}.`;
}

function renderRun(run: RunResult, style: Style): string {
  const colour = { PASSED: style.green, FAILED: style.red, INTERRUPTED: style.yellow, NOT_STARTED: style.yellow };
  const verdict = colour[run.status](VERDICTS[run.status]);
  const lines = [`${verdict}  ${style.bold(labelOf(run))}  ${seconds(run.durationMs)}`];
  const field = (title: string, values: string[]) => {
    for (const [index, value] of values.entries()) {
      lines.push(`  ${style.dim((index === 0 ? title : '').padEnd(10))} ${plainLine(value)}`);
    }
  };
  if (run.startedBy !== undefined) field('started by', [run.startedBy]);
  if (run.message !== undefined) field('reason', [run.message]);
  field('phases', [run.phases.map(({ name: phase, durationMs }) => `${phase} ${seconds(durationMs)}`).join(', ')]);
  field('image', [run.image.reference + (run.image.digest === undefined ? '' : ` (${run.image.digest})`)]);
  field('tests', testLines(run));
  field('artifacts', artifactLines(run));
  field('workspace', [run.workspace]);
  field('fidelity', fidelityLines(run));
  for (const warning of run.warnings ?? []) lines.push(`  ${style.yellow('warning'.padEnd(10))} ${plainLine(warning)}`);
  return `${lines.join('\n')}\n`;
}

function testLines({ tests }: RunResult): string[] {
  const cases = tests.flatMap(({ name, status, results }) =>
    results.length > 0 ? results.map((result) => ({ ...result, test: name })) : [{ name: '', status, test: name }],
  );
  if (cases.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { status } of cases) counts.set(status, (counts.get(status) ?? 0) + 1);
  const failed = cases.filter(({ status }) => status === 'FAILED');
  return [
    [...counts].map(([status, count]) => `${count} ${status}`).join(', '),
    ...listed(failed.map(({ test, name }) => `FAILED ${test}${name === '' ? '' : `: ${name}`}`)),
  ];
}

function artifactLines({ artifacts }: RunResult): string[] {
  if (artifacts.length === 0) return [];
  return listed(artifacts.map(({ path, sizeBytes }) => `archive/${path} (${formatSize(sizeBytes)})`));
}

function fidelityLines({ fidelity }: RunResult): string[] {
  if (fidelity.exact) return ['exact: nothing differed that a script could notice'];
  return ['differs from a run on a worker:', ...fidelity.differences.map(({ message }) => `- ${message}`)];
}

function listed(lines: string[]): string[] {
  if (lines.length <= LISTED) return lines;
  return [...lines.slice(0, LISTED), `and ${lines.length - LISTED} more`];
}

function seconds(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 9_950 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
