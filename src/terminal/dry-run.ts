/** What `simulate --dry-run` prints for people; `--json` has all of it. */
import { plainLine } from '../lib/index.js';
import type { DryRun } from '../simulator/results.js';
import { fieldLines, type Style } from './style.js';

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
