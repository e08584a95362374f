/** Removes the persistent volumes of projects that the server does not have any more. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { nameOfFolder, takeFileLock } from '../lib/index.js';
import { WorkerClient } from '../server/index.js';
import { readSettings } from './settings.js';

export interface CollectedVolumes {
  /** Names of folders in `volumes/` that were removed, or that a dry run would remove. */
  removed: string[];
  failed: { name: string; reason: string }[];
  /** Another process is collecting. */
  busy: boolean;
  /** Why some of it could not be reported to the server. */
  untold?: string;
}

export interface GcOptions {
  folder: string;
  dryRun: boolean;
  /** Removes what containers left, their root's files included. */
  removeTree(path: string): Promise<void>;
}

/** @throws SettingsError; ServerFailure when the server does not say what is dead: then nothing is removed */
export async function gcVolumes({ folder, dryRun, removeTree }: GcOptions): Promise<CollectedVolumes> {
  const result: CollectedVolumes = { removed: [], failed: [], busy: false };
  const settings = await readSettings(folder);
  const volumes = join(folder, 'volumes');
  // The server compares names of projects; a folder may be an encoded one.
  const folders = new Map<string, string>();
  for (const folder of await foldersIn(volumes)) {
    const name = nameOfFolder(folder);
    // Without its whole name the server would take it for one of no project.
    if (name !== undefined) folders.set(name, join(volumes, folder));
  }
  const names = [...folders.keys()];
  if (names.length === 0) return result;
  // The reference worker's lock for the same work.
  const lock = await takeFileLock(join(volumes, '.gcvols'));
  if (lock === undefined) return { ...result, busy: true };
  const server = new WorkerClient(settings);
  try {
    for (const name of await server.deadVolumes(names)) {
      const path = folders.get(name);
      if (path === undefined) continue;
      const reason = dryRun ? undefined : await removeTree(path).then(nothing, reasonOf);
      if (reason === undefined) result.removed.push(name);
      else result.failed.push({ name, reason });
      if (dryRun) continue;
      const untold = await server.sendEvent(eventOf(name, reason)).then(nothing, reasonOf);
      if (untold !== undefined) result.untold = untold;
    }
    return result;
  } finally {
    await server.close();
    await lock.release();
  }
}

const nothing = (): string | undefined => undefined;
const reasonOf = (error: Error): string => error.message;

const eventOf = (name: string, reason: string | undefined) => ({
  title: `Volumes of ${name} ${reason === undefined ? 'removed' : 'could not be removed'}`,
  type: reason === undefined ? 'info' : 'error',
  msg: reason ?? '',
});

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory() && entry.name !== 'lost+found').map(({ name }) => name);
}
