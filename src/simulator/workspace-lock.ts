/**
 * One simulation a workspace at a time. Every lock lies in one folder of the user's cache
 * and names its workspace, so that what a killed process left is found wherever it is.
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentOwner, ownerState } from '../docker/process-owner.js';
import { UsageError } from './usage-error.js';

interface LockContent {
  pid: number;
  /** The process, as `process-owner` writes it. */
  owner: string;
  /** Absolute path of the workspace. */
  workspace: string;
}

export interface WorkspaceLock {
  /** May be called twice. */
  release(): Promise<void>;
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

/** The lock, or the content of the one that somebody holds who is not known to be dead. */
export async function tryLock(locks: string, workspace: string): Promise<WorkspaceLock | LockContent> {
  await mkdir(locks, { recursive: true, mode: 0o700 });
  const path = join(locks, `${createHash('sha256').update(workspace).digest('hex').slice(0, 32)}.json`);
  const content: LockContent = { pid: process.pid, owner: await currentOwner(), workspace };
  const mine = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(mine, JSON.stringify(content), { mode: 0o600 });
  try {
    for (;;) {
      if (await placeLink(mine, path)) return { release: () => rm(path, { force: true }) };
      const holder = await read(path);
      if (holder !== undefined && (await ownerState(holder.owner)) !== 'dead') return holder;
      await removeDead(path, mine, holder);
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** The workspaces whose simulation died without cleaning up. */
export async function abandonedWorkspaces(locks: string): Promise<string[]> {
  const names = await readdir(locks).catch((): string[] => []);
  const abandoned: string[] = [];
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    const lock = await read(join(locks, name));
    if (lock !== undefined && (await ownerState(lock.owner)) === 'dead') abandoned.push(lock.workspace);
  }
  return abandoned;
}

/** A link appears with its content, and only where nothing was: two takers cannot both succeed. */
async function placeLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
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
  if (!(await placeLink(mine, taking))) {
    const taker = await read(taking);
    if (taker !== undefined && (await ownerState(taker.owner)) === 'dead') await rm(taking, { force: true });
    else await sleep(TAKING_MS);
    return;
  }
  try {
    const now = await read(path);
    if (now?.owner === dead?.owner) await rm(path, { force: true });
  } finally {
    await rm(taking, { force: true });
  }
}

/** undefined: it is gone, or is no lock that we wrote. */
async function read(path: string): Promise<LockContent | undefined> {
  try {
    const content = JSON.parse(await readFile(path, 'utf8')) as LockContent;
    return typeof content.owner === 'string' && typeof content.workspace === 'string' ? content : undefined;
  } catch {
    return undefined;
  }
}
