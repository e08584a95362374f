/** Removes what earlier runs left: containers of dead processes, secrets and snapshots of killed simulations, workspaces. */
import { existsSync } from 'node:fs';
import { readdir, realpath, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connectEngine } from '../../docker/index.js';
import { RunFailure } from '../../executor/index.js';
import { isBelow, type RemoveAsRoot, removeTree } from '../../lib/index.js';
import { clearAbandoned, storedWorkspaces } from '../workspace/simulation-workspace.js';
import { tryLock } from '../workspace/workspace-lock.js';
import { cacheFolder, locksIn, makeCacheFolder, scratchIn, volumesIn } from '../workspace/workspace-names.js';

export interface PruneRequest {
  /** Only say what would go. */
  dryRun: boolean;
  /** The persistent volumes too. */
  volumes: boolean;
  /** Workspaces whose last run is younger stay, milliseconds. */
  olderThanMs: number;
}

export interface PrunedContainer {
  id: string;
  name: string;
  image: string;
}

export interface PrunedFolder {
  path: string;
  sizeBytes: number;
}

export interface PruneResult {
  version: 1;
  dryRun: boolean;
  containers: PrunedContainer[];
  workspaces: PrunedFolder[];
  volumes: PrunedFolder[];
  /** Volumes of an engine that does not see this machine's files, by name. */
  engineVolumes: string[];
  /** Workspaces that a simulation uses now; they stay. */
  inUse: string[];
  /** Why the engine was not looked at. */
  engineProblem?: string;
  /** Why something is still there; absent when all was removed. */
  problems?: string[];
}

/**
 * A workspace that is in use stays, and so does everything that is not ours. Without an
 * engine the folders go all the same, but those that only a container's root may remove.
 *
 * @throws EnvironmentError for a cache folder that is another user's, or that others can write to
 */
export async function prune(request: PruneRequest): Promise<PruneResult> {
  const cache = cacheFolder();
  // Locks and markers in it say what is removed.
  if (existsSync(cache)) await makeCacheFolder(cache);
  const engine = connectEngine({ logDriver: 'none' });
  engine.catch(() => {});
  const asRoot = async (path: string) => (await engine).removeTree(path);
  const result: PruneResult = {
    version: 1,
    dryRun: request.dryRun,
    containers: [],
    workspaces: [],
    volumes: [],
    engineVolumes: [],
    inUse: [],
  };
  try {
    const found = await engine;
    result.engineVolumes = await found.deadVolumes();
    const dead = request.dryRun
      ? (await found.listOwned()).filter(({ owner }) => owner === 'dead')
      : await found.sweep();
    result.containers = dead.map(({ id, name, image }) => ({ id, name, image }));
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    result.engineProblem = error.message;
  }
  const problems: string[] = [];
  const keep = (error: Error) => {
    problems.push(error.message);
  };
  const locks = locksIn(cache);
  if (!request.dryRun) await clearAbandoned({ locks, scratch: scratchIn(cache), asRoot }).catch(keep);
  for (const path of await storedWorkspaces(cache)) {
    if (Date.now() - (await lastUse(path)) < request.olderThanMs) continue;
    const lock = await tryLock(locks, await realpath(path));
    if (!('release' in lock)) {
      result.inUse.push(path);
      continue;
    }
    try {
      result.workspaces.push({ path, sizeBytes: await sizeOf(path) });
      if (!request.dryRun) await removeWithEmptyParents(path, cache, asRoot).catch(keep);
    } finally {
      lock.release();
    }
  }
  if (request.volumes && result.inUse.length === 0) {
    for (const path of await children(volumesIn(cache))) {
      result.volumes.push({ path, sizeBytes: await sizeOf(path) });
      if (!request.dryRun) await removeTree(path, asRoot).catch(keep);
    }
  }
  return problems.length === 0 ? result : { ...result, problems };
}

/** When the last run of a workspace ended, or wrote to it; milliseconds since 1970. */
async function lastUse(workspace: string): Promise<number> {
  const times = await Promise.all(
    ['result.json', 'console.log', ''].map((name) =>
      stat(join(workspace, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

/** Of the regular files, links not followed; what cannot be read counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sizeOf(path);
      if (!entry.isFile()) return 0;
      return stat(path).then(
        ({ size }) => size,
        () => 0,
      );
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** `<project>/<trigger>/<run>`: the parent folders go with the last run in them. */
async function removeWithEmptyParents(path: string, cache: string, asRoot: RemoveAsRoot): Promise<void> {
  await removeTree(path, asRoot);
  for (let parent = dirname(path); isBelow(parent, cache); parent = dirname(parent)) {
    try {
      await rmdir(parent);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
      throw error;
    }
  }
}

async function children(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.map((name) => join(folder, name));
}
