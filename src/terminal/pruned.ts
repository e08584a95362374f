/** What `prune` says it removed, for people. */
import { plural } from '../lib/plural.js';
import { printable } from '../lib/sanitise.js';
import { formatSize } from './size.js';

interface Pruned {
  dryRun: boolean;
  containers: readonly { name: string; image: string }[];
  workspaces: readonly { path: string; sizeBytes: number }[];
  volumes: readonly { path: string; sizeBytes: number }[];
  inUse: readonly string[];
}

export function renderPruned({ dryRun, containers, workspaces, volumes, inUse }: Pruned): string {
  const verb = dryRun ? 'would remove' : 'removed';
  const lines = [
    ...containers.map(({ name, image }) => `${verb} container ${name} (${image})`),
    ...workspaces.map(({ path, sizeBytes }) => `${verb} workspace ${path} (${formatSize(sizeBytes)})`),
    ...volumes.map(({ path, sizeBytes }) => `${verb} volume ${path} (${formatSize(sizeBytes)})`),
    ...inUse.map((path) => `kept workspace ${path}: a simulation uses it`),
  ];
  const folders = [...workspaces, ...volumes];
  const bytes = folders.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  lines.push(
    containers.length + folders.length === 0
      ? 'Nothing to remove.'
      : `${plural(containers.length, 'container')} and ${plural(folders.length, 'folder')}, ${formatSize(bytes)}.`,
  );
  return `${lines.map(printable).join('\n')}\n`;
}
