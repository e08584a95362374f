/**
 * One simulation a workspace at a time. Every lock lies in one folder of the user's cache
 * and names its workspace, so that what a killed process left is found wherever it is.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentOwner, ownerState } from '../../docker/index.js';
import { EnvironmentError, folderName, ReadError, readBoundedText, UsageError } from '../../lib/index.js';
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
  const path = join(locks, nameOf(workspace));
  const content: LockContent = { pid: process.pid, owner: await currentOwner(), workspace };
  const mine = `${path}.${randomBytes(8).toString('hex')}`;
  writeFileSync(mine, JSON.stringify(content), { mode: 0o600 });
  try {
    for (;;) {
      if (placeLink(mine, path)) return { release: () => removeFile(path) };
      const holder = await read(path);
      if (holder === undefined) continue;
      if (holder !== FOREIGN && (await ownerState(holder.owner)) !== 'dead') return holder;
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
    const lock = await read(join(locks, name));
    // What this program wrote has the name of its workspace; a file that somebody else put there may name any folder.
    if (lock === undefined || lock === FOREIGN) continue;
    if (name !== nameOf(lock.workspace) || lock.workspace !== resolve(lock.workspace)) continue;
    if ((await ownerState(lock.owner)) === 'dead') abandoned.push(lock.workspace);
  }
  return abandoned;
}

const nameOf = (workspace: string): string => `${folderName(workspace)}.json`;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Nothing happens when it is gone already. A folder in its place is none of ours, and is removed too. */
const removeFile = (path: string): void => rmSync(path, { recursive: true, force: true });

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
/** Of a lock, bytes: it holds one path. */
const LARGEST = 64 * 1024;

/**
 * Removes the dead lock that was read, unless somebody has set another one meanwhile. One at
 * a time may do so, or the second would remove what the first has just set.
 */
async function removeDead(path: string, mine: string, dead: Read): Promise<void> {
  const taking = `${path}.taking`;
  if (!placeLink(mine, taking)) {
    const taker = await read(taking);
    const isDead = taker === FOREIGN || (taker !== undefined && (await ownerState(taker.owner)) === 'dead');
    if (isDead) removeFile(taking);
    else await sleep(TAKING_MS);
    return;
  }
  try {
    const now = await read(path);
    if (ownerIn(now) === ownerIn(dead)) removeFile(path);
  } finally {
    removeFile(taking);
  }
}

/** Not a lock that this program wrote: a file without content after a power failure, a pipe, a link. */
const FOREIGN = Symbol('foreign');
/** undefined: it is gone. */
type Read = LockContent | typeof FOREIGN | undefined;

const ownerIn = (lock: Read) => (typeof lock === 'object' ? lock.owner : lock);

/** @throws EnvironmentError where the machine is the cause: the lock may be a living process's */
async function read(path: string): Promise<Read> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  // A link too: what it names can be missing, and the lock would then be neither there nor free.
  if (!found.isFile()) return FOREIGN;
  try {
    const content = JSON.parse(await readBoundedText(path, { maxBytes: LARGEST })) as LockContent | null;
    return typeof content?.owner === 'string' && typeof content.workspace === 'string' ? content : FOREIGN;
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    return error instanceof ReadError && error.reason === 'missing' ? undefined : FOREIGN;
  }
}
