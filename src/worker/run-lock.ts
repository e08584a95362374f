/** Who is at a run: the kernel's lock decides, and the file's text says it to others. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { currentOwner, ownerState } from '../docker/process-owner.js';
import { type FileLock, takeFileLock } from '../lib/file-lock.js';

const lockPath = (folder: string): string => join(folder, 'lock');

/** undefined while another process is at this run. */
export async function takeRunLock(folder: string): Promise<FileLock | undefined> {
  const lock = await takeFileLock(lockPath(folder));
  await lock?.write(await currentOwner());
  return lock;
}

export interface RunOwner {
  alive: boolean;
  /** The process that is at it, or was last; undefined when nobody has been. */
  pid?: number;
}

/**
 * Whether somebody is at it. Between the birth of a process and its lock the answer is no; a
 * second one that is started then ends by itself.
 */
export async function ownerOf(folder: string): Promise<RunOwner> {
  const owner = await readFile(lockPath(folder), 'utf8').catch(() => '');
  if (owner === '') return { alive: false };
  const state = await ownerState(owner);
  const alive = state === 'elsewhere' ? await isLocked(folder) : state === 'alive';
  return { alive, pid: Number.parseInt(owner, 10) };
}

/** Of a process that cannot be seen from here (the host has another name since, say) the lock itself is asked. */
async function isLocked(folder: string): Promise<boolean> {
  const lock = await takeFileLock(lockPath(folder));
  await lock?.release();
  return lock === undefined;
}
