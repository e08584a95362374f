/** Who runs the loop of a worker's folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { currentOwner, ownerState } from '../docker/index.js';
import { type FileLock, takeFileLock } from '../lib/index.js';
import { SettingsError } from './settings.js';

/** The reference worker's own lock: neither runs in the other's folder at the same time. */
export async function lockWorker(folder: string): Promise<FileLock> {
  const path = join(folder, '.worker-lock');
  const lock = await takeFileLock(path);
  if (lock === undefined) {
    const pid = Number.parseInt(await readFile(path, 'utf8'), 10);
    const who = Number.isNaN(pid) ? '' : `, process ${pid}`;
    throw new SettingsError(
      `A worker runs in ${folder} already${who}. Stop it first, or name another folder with --folder.`,
    );
  }
  await lock.write(await currentOwner());
  return lock;
}

/** The process of the loop of this folder; undefined when none runs, or not one of ours. */
export async function loopProcess(folder: string): Promise<number | undefined> {
  const owner = await readFile(join(folder, '.worker-lock'), 'utf8').catch(() => '');
  return owner !== '' && (await ownerState(owner)) === 'alive' ? Number.parseInt(owner, 10) : undefined;
}
