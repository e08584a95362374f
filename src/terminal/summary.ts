/** What a simulation says at its end, for people. */
import { formatSize } from '../lib/quantities.js';
import { plainLine } from '../lib/sanitise.js';
import type { Style } from './style.js';

/** The parts of a run's result that are shown. */
export interface SummarizedRun {
  trigger: string;
  run: string;
  startedBy?: string;
  status: 'PASSED' | 'FAILED';
  message?: string;
  durationMs: number;
  phases: readonly { name: string; durationMs: number }[];
  image: { reference: string; digest?: string };
  tests: readonly { name: string; status: string; results: readonly { name: string; status: string }[] }[];
  artifacts: readonly { path: string; sizeBytes: number }[];
  workspace: string;
  fidelity: { exact: boolean; differences: readonly { message: string }[] };
  warnings?: readonly string[];
}

/** So many lines of a list are shown. */
const LISTED = 10;

/** A block for each run, and for several the count. Ends with a newline. */
export function renderSummary(runs: readonly SummarizedRun[], style: Style): string {
  const blocks = runs.map((run) => renderRun(run, style));
  if (runs.length > 1) {
    const passed = runs.filter(({ status }) => status === 'PASSED').length;
    blocks.push(`${passed} of ${runs.length} runs passed.\n`);
  }
  return `\n${blocks.join('\n')}`;
}

function renderRun(run: SummarizedRun, style: Style): string {
  const verdict = run.status === 'PASSED' ? style.green('PASSED') : style.red('FAILED');
  const name = style.bold(plainLine(`${run.trigger}/${run.run}`));
  const lines = [`${verdict}  ${name}  ${seconds(run.durationMs)}`];
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

function testLines({ tests }: SummarizedRun): string[] {
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

function artifactLines({ artifacts }: SummarizedRun): string[] {
  if (artifacts.length === 0) return [];
  return listed(artifacts.map(({ path, sizeBytes }) => `archive/${path} (${formatSize(sizeBytes)})`));
}

function fidelityLines({ fidelity }: SummarizedRun): string[] {
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
