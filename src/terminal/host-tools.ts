/** What `doctor` and `prune` print for people. */
import { formatSize, plainLine, plural, printable } from '../lib/index.js';
import type { Check, PruneResult } from '../simulator/results.js';
import type { Style } from './style.js';

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
