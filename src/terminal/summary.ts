/** What a simulation says at its end, for people: what passed, a line each; then what failed, and last the count. */
import { dirname } from 'node:path';
import { duration, formatSize, plainLine, plural } from '../lib/index.js';
import type { RunResult } from '../simulator/results.js';
import { lastLines } from './console-lines.js';
import { consoleOf, labelOf } from './runs-view.js';
import { fieldLines, type Style } from './style.js';

export interface SummaryOptions {
  style: Style;
  /** Image and phases of each run, and a block for each that passed. */
  verbose?: boolean;
  /** Whether the console of a run that was alone was shown. */
  consoleShown?: boolean;
  /** The command that executes a run again; or, of several, those that failed. */
  again?: ((run: RunResult | undefined) => string) | undefined;
}

/** So many lines of a list are shown. */
const LISTED = 10;
/** So many of the last lines of a failed run. */
const LAST_LINES = 10;
/** A phase that took so long, ms, is shown, unless it is the script. */
const LONG_MS = 10_000;

/** Ends with a newline. */
export async function renderSummary(runs: readonly RunResult[], options: SummaryOptions): Promise<string> {
  const { style, verbose = false, consoleShown = false, again } = options;
  const several = runs.length > 1;
  const only = (...statuses: RunResult['status'][]) => runs.filter(({ status }) => statuses.includes(status));
  const passed = only('PASSED');
  const bad = [...only('INTERRUPTED'), ...only('FAILED')];
  const blocks: string[] = [];
  if (several && !verbose) {
    const widest = Math.max(0, ...passed.map((run) => labelOf(run).length));
    blocks.push(passed.flatMap((run) => [passedLine(run, widest, style), ...warningsOf(run, style)]).join('\n'));
  } else blocks.push(...passed.map((run) => renderRun(run, options, [], several).join('\n')));
  blocks.push(...notStarted(only('NOT_STARTED'), style));
  if (several) blocks.push(commonLines(runs, verbose, style).join('\n'));
  for (const run of bad) {
    const shown = consoleShown && !several;
    const lines = shown || run.status !== 'FAILED' ? [] : await lastLines(consoleOf(run), LAST_LINES);
    blocks.push(renderRun(run, options, lines, several).join('\n'));
  }
  if (several) blocks.push([counts(runs, style), ...againLines(bad, again)].join('\n'));
  return `\n${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

const VERDICTS = {
  PASSED: 'PASSED',
  FAILED: 'FAILED',
  INTERRUPTED: 'interrupted',
  NOT_STARTED: 'not started',
} as const;

function passedLine(run: RunResult, widest: number, style: Style): string {
  const { tests, artifacts, startedBy } = run;
  const found = [
    ...(tests.length > 0
      ? [
          plural(
            tests.reduce((sum, test) => sum + Math.max(1, test.results.length), 0),
            'test',
          ),
        ]
      : []),
    ...(artifacts.length > 0 ? [plural(artifacts.length, 'artifact')] : []),
    ...longPhases(run),
    ...(startedBy === undefined ? [] : [`started by ${plainLine(startedBy)}`]),
  ];
  const line = `${labelOf(run).padEnd(widest)}  ${duration(run.durationMs).padStart(8)}  ${style.dim(found.join(', '))}`;
  return `${style.green('PASSED')}  ${line.trimEnd()}`;
}

const phaseText = ({ name, durationMs }: RunResult['phases'][number]) => `${name} ${duration(durationMs)}`;
const longPhases = ({ phases }: RunResult) =>
  phases.filter(({ name, durationMs }) => name !== 'script' && durationMs >= LONG_MS).map(phaseText);

const warningsOf = ({ warnings = [] }: RunResult, style: Style) =>
  warnings.map((warning) => `  ${style.yellow('warning'.padEnd(10))} ${plainLine(warning)}`);

/** @param last lines of its output */
function renderRun(
  run: RunResult,
  { style, verbose = false, again }: SummaryOptions,
  last: readonly string[],
  several: boolean,
): string[] {
  const colour = { PASSED: style.green, FAILED: style.red, INTERRUPTED: style.yellow, NOT_STARTED: style.yellow };
  const field = (title: string, values: readonly string[]) => fieldLines(title, values, style);
  const phases = verbose ? run.phases.map(phaseText) : longPhases(run);
  const image = run.image.reference + (run.image.digest === undefined ? '' : ` (${run.image.digest})`);
  const failed = run.status === 'FAILED';
  const console = consoleOf(run);
  return [
    `${colour[run.status](VERDICTS[run.status])}  ${style.bold(labelOf(run))}  ${duration(run.durationMs)}`,
    ...field('started by', run.startedBy === undefined ? [] : [run.startedBy]),
    ...field('reason', run.message === undefined ? [] : [run.message]),
    ...field(
      'output',
      last.map((line) => `| ${line}`),
    ),
    ...field('phases', phases.length === 0 ? [] : [phases.join(', ')]),
    ...field('image', verbose ? [image] : []),
    ...field('tests', testLines(run)),
    ...field('artifacts', artifactLines(run)),
    ...field('fidelity', (several && !verbose) || console === undefined ? [] : fidelityLines(run)),
    ...warningsOf(run, style),
    ...field('workspace', failed ? [] : [run.workspace]),
    ...field('console', failed && console !== undefined ? [console] : []),
    ...(again === undefined || run.status === 'PASSED' ? [] : field('again', [again(run)])),
  ];
}

function notStarted(runs: readonly RunResult[], style: Style): string[] {
  const reasons = new Map<string, RunResult[]>();
  for (const run of runs) reasons.set(run.message ?? '', [...(reasons.get(run.message ?? '') ?? []), run]);
  return [...reasons].map(
    ([message, some]) =>
      `${style.yellow('not started')}  ${listed(some.map((run) => style.bold(labelOf(run)))).join(', ')}\n  ${plainLine(message)}`,
  );
}

/** What holds for several runs, once: where their files are, and what differed from a worker's runs. */
function commonLines(all: readonly RunResult[], verbose: boolean, style: Style): string[] {
  const runs = all.filter(({ status }) => status !== 'NOT_STARTED');
  if (runs.length === 0) return [];
  const lines = fieldLines('folder', [commonFolder(runs.map(({ workspace }) => workspace))], style);
  if (verbose) return lines;
  const differing = new Map<string, RunResult[]>();
  for (const run of runs) {
    for (const { message } of run.fidelity.differences)
      differing.set(message, [...(differing.get(message) ?? []), run]);
  }
  const differences = [...differing].map(([message, some]) => {
    const which = some.length === runs.length ? '' : `${listed(some.map(labelOf)).join(', ')}: `;
    return `- ${which}${message}`;
  });
  return [...lines, ...fieldLines('fidelity', differences.length === 0 ? [EXACT] : [DIFFERS, ...differences], style)];
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0] ?? '/');
  while (folder !== '/' && !paths.every((path) => path.startsWith(`${folder}/`))) folder = dirname(folder);
  return folder;
}

function counts(runs: readonly RunResult[], style: Style): string {
  const parts = (['FAILED', 'INTERRUPTED', 'NOT_STARTED'] as const).flatMap((status) => {
    const some = runs.filter((run) => run.status === status);
    if (some.length === 0) return [];
    // Those that did not start are named above.
    const names = status === 'NOT_STARTED' ? '' : `: ${listed(some.map(labelOf)).join(', ')}`;
    return [`${some.length} ${VERDICTS[status].toLowerCase()}${names}`];
  });
  const passed = runs.filter(({ status }) => status === 'PASSED').length;
  const text = `${[`${passed} of ${plural(runs.length, 'run')} passed`, ...parts].join('; ')}.`;
  return passed === runs.length ? style.green(text) : style.bold(text);
}

function againLines(bad: readonly RunResult[], again: SummaryOptions['again']): string[] {
  return bad.length === 0 || again === undefined ? [] : [`Run again what failed: ${again(undefined)}`];
}

function testLines({ tests }: RunResult): string[] {
  const cases = tests.flatMap(({ name, status, results }) =>
    results.length > 0 ? results.map((result) => ({ ...result, test: name })) : [{ name: '', status, test: name }],
  );
  if (cases.length === 0) return [];
  const count = new Map<string, number>();
  for (const { status } of cases) count.set(status, (count.get(status) ?? 0) + 1);
  const failed = cases.filter(({ status }) => status === 'FAILED');
  return [
    [...count].map(([status, number]) => `${number} ${status}`).join(', '),
    ...listed(failed.map(({ test, name }) => `FAILED ${test}${name === '' ? '' : `: ${name}`}`)),
  ];
}

function artifactLines({ artifacts }: RunResult): string[] {
  return listed(artifacts.map(({ path, sizeBytes }) => `archive/${path} (${formatSize(sizeBytes)})`));
}

const EXACT = 'exact: nothing differed that a script could notice';
const DIFFERS = 'differs from a run on a worker:';

function fidelityLines({ fidelity }: RunResult): string[] {
  if (fidelity.exact) return [EXACT];
  return [DIFFERS, ...fidelity.differences.map(({ message }) => `- ${message}`)];
}

function listed(lines: string[]): string[] {
  if (lines.length <= LISTED) return lines;
  return [...lines.slice(0, LISTED), `and ${lines.length - LISTED} more`];
}
