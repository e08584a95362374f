/** What the smaller commands print for people: `doctor`, `prune`, `simulate --dry-run`, `check-test-grepping`. */
import { formatSize, plainLine, plural, printable } from '../lib/index.js';
import type { Check, DryRun, FoundResult, FoundTest, GreppingCheck, PruneResult } from '../simulator/results.js';
import { fieldLines, type Style } from './style.js';

/** A check on a line, with its repair below. */
export function renderCheck({ name, state, found, repair }: Check, style: Style): string {
  const mark = { works: style.green('ok    '), note: style.yellow('note  '), broken: style.red('broken') }[state];
  const first = `${mark}  ${style.bold(plainLine(name))}: ${plainLine(found)}\n`;
  return repair === undefined ? first : `${first}        ${plainLine(repair)}\n`;
}

export function renderPruned({ dryRun, containers, workspaces, volumes, engineVolumes, inUse }: PruneResult): string {
  const verb = dryRun ? 'would remove' : 'removed';
  const lines = [
    ...containers.map(({ name, image }) => `${verb} container ${name} (${image})`),
    ...engineVolumes.map((name) => `${verb} volume ${name} of the engine`),
    ...workspaces.map(({ path, sizeBytes }) => `${verb} workspace ${path} (${formatSize(sizeBytes)})`),
    ...volumes.map(({ path, sizeBytes }) => `${verb} volume ${path} (${formatSize(sizeBytes)})`),
    ...inUse.map((path) => `kept workspace ${path}: a simulation uses it`),
  ];
  const folders = [...workspaces, ...volumes];
  const bytes = folders.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  lines.push(
    containers.length + engineVolumes.length + folders.length === 0
      ? 'Nothing to remove.'
      : `${plural(containers.length, 'container')} and ${plural(folders.length, 'folder')}, ${formatSize(bytes)}.`,
  );
  return `${lines.map(printable).join('\n')}\n`;
}

/** A block for each run; ends with a newline. */
export function renderDryRun(runs: readonly DryRun[], style: Style): string {
  const blocks = runs.map((run) => renderRun(run, style));
  const count = runs.length === 1 ? '1 run' : `${runs.length} runs`;
  return `${blocks.join('\n')}\n${count}. Nothing was executed; --json prints run definitions and containers in full.\n`;
}

function renderRun(
  { trigger, run, startedBy, container, runDefinition, workspace, differences }: DryRun,
  style: Style,
) {
  const lines = [style.bold(plainLine(`${trigger}/${run}`))];
  const field = (title: string, values: readonly string[]) => lines.push(...fieldLines(title, values, style));
  if (startedBy !== undefined) field('started by', [startedBy]);
  field('image', [container.image]);
  field('command', [[...(container.entrypoint ? [container.entrypoint] : []), ...container.command].join(' ')]);
  field('folder', [container.workingDir]);
  if (container.user !== undefined) field('user', [container.user]);
  const rights = [
    ...(container.privileged ? ['privileged'] : []),
    ...container.capAdd.map((name) => `+${name}`),
    ...container.capDrop.map((name) => `-${name}`),
  ];
  if (rights.length > 0) field('rights', [rights.join(' ')]);
  field('limits', [
    `${runDefinition.timeout} minutes${container.memoryBytes ? `, ${container.memoryBytes} bytes` : ''}`,
  ]);
  field('env', container.env);
  field('secrets', Object.keys(runDefinition.secrets ?? {}));
  field(
    'mounts',
    container.mounts.map(({ source, target, readOnly }) => `${target} from ${source}${readOnly ? ', read-only' : ''}`),
  );
  field('workspace', [workspace]);
  field(
    'differs',
    differences.map(({ message }) => message),
  );
  return `${lines.join('\n')}\n`;
}

const LONGEST = 100;

/** Ends with a newline. */
export function renderFoundTests(check: GreppingCheck, style: Style): string {
  const lines: string[] = [];
  const widest = Math.max(0, ...check.tests.flatMap(({ results }) => results.map(({ name }) => nameOf(name).length)));
  for (const test of check.tests) {
    lines.push(`${statusOf(test.status, style)}  ${style.bold(nameOf(test.name))}${place(test, style)}`);
    for (const result of test.results) {
      lines.push(`  ${statusOf(result.status, style)}  ${nameOf(result.name).padEnd(widest)}${place(result, style)}`);
    }
  }
  if (lines.length > 0) lines.push('');
  for (const { line, message } of check.troubles) {
    lines.push(`${style.yellow('Warning:')} ${line === null ? '' : `line ${line}: `}${plainLine(message)}.`);
  }
  lines.push(countsOf(check));
  return `${lines.join('\n')}\n`;
}

function place({ line, text }: FoundResult | FoundTest, style: Style): string {
  if (line === null || text === null) return style.dim('  before any line that opens a test');
  const shown = plainLine(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
  return style.dim(`  ${line}: ${shown}`);
}

function countsOf({ tests, status, lines, console }: GreppingCheck): string {
  const results = tests.reduce((sum, test) => sum + test.results.length, 0);
  const where = plainLine(console);
  const read = plural(lines, 'line');
  if (tests.length === 0) return `Nothing in the ${read} of ${where} matches: the server would record no test.`;
  const verdict = status === 'FAILED' ? 'the server would fail the run' : 'the server would not fail the run for them';
  return `${plural(tests.length, 'test')} with ${plural(results, 'result')} in the ${read} of ${where}: ${verdict}.`;
}

function statusOf(status: string, style: Style): string {
  const word = plainLine(status).padEnd(7);
  if (status === 'PASSED') return style.green(word);
  return status === 'FAILED' ? style.red(word) : style.yellow(word);
}

const nameOf = (name: string) => plainLine(name) || '(no name)';
