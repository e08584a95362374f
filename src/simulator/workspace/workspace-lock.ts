/**
 * One simulation a workspace at a time. Every lock lies in one folder of the user's cache
 * and names its workspace, so that what a killed process left is found wherever it is.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentOwner, ownerState } from '../../docker/index.js';
import { folderName, UsageError } from '../../lib/index.js';
import { makeCacheFolder } from './workspace-names.js';

interface LockContent {
  pid: number;
  /** The process, as `process-owner` writes it. */
  owner: string;
  /** Absolute path of the workspace. */
  workspace: string;
}

export interface WorkspaceLock {
  /** May be called twice. */
  release(): void;
}

/** @throws UsageError while another living process holds the lock */
export async function lockWorkspace(locks: string, workspace: string): Promise<WorkspaceLock> {
  const taken = await tryLock(locks, workspace);
  if ('release' in taken) return taken;
  throw new UsageError(
    `The workspace ${workspace} is in use by another simulation, process ${taken.pid}. ` +
      'Wait for its end, or name another folder with --workspace.',
  );
}

/** The lock; or, while a process that may be alive holds it, that lock's content. */
export async function tryLock(locks: string, workspace: string): Promise<WorkspaceLock | LockContent> {
  await makeCacheFolder(locks);
  const path = join(locks, `${folderName(workspace)}.json`);
  const content: LockContent = { pid: process.pid, owner: await currentOwner(), workspace };
  const mine = `${path}.${randomBytes(8).toString('hex')}`;
  writeFileSync(mine, JSON.stringify(content), { mode: 0o600 });
  try {
    for (;;) {
      if (placeLink(mine, path)) return { release: () => removeFile(path) };
      const holder = read(path);
      if (holder !== undefined && (await ownerState(holder.owner)) !== 'dead') return holder;
      await removeDead(path, mine, holder);
    }
  } finally {
    removeFile(mine);
  }
}

/** The workspaces whose simulation died without cleaning up. */
export async function abandonedWorkspaces(locks: string): Promise<string[]> {
  const abandoned: string[] = [];
  for (const name of namesIn(locks).filter((file) => file.endsWith('.json'))) {
    const lock = read(join(locks, name));
    if (lock !== undefined && (await ownerState(lock.owner)) === 'dead') abandoned.push(lock.workspace);
  }
  return abandoned;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** One that is gone already is no matter. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** A link appears with its content, and only where nothing was: two takers cannot both succeed. */
function placeLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

const TAKING_MS = 10;

/**
 * Removes the dead lock that was read, unless somebody has set another one meanwhile. One at
 * a time may do so, or the second would remove what the first has just set.
 */
async function removeDead(path: string, mine: string, dead: LockContent | undefined): Promise<void> {
  const taking = `${path}.taking`;
  if (!placeLink(mine, taking)) {
    const taker = read(taking);
    if (taker !== undefined && (await ownerState(taker.owner)) === 'dead') removeFile(taking);
    else await sleep(TAKING_MS);
    return;
  }
  try {
    const now = read(path);
    if (now?.owner === dead?.owner) removeFile(path);
  } finally {
    removeFile(taking);
  }
}

/** undefined: it is gone, or is no lock that we wrote. */
function read(path: string): LockContent | undefined {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as LockContent;
    return typeof content.owner === 'string' && typeof content.workspace === 'string' ? content : undefined;
  } catch {
    return undefined;
  }
}
