/** Removes what runs left, root-owned files of containers included; the engine is only used where it is needed. */

import { join } from 'node:path';
import { connectEngine } from '../docker/index.js';
import { removeSecrets } from '../executor/index.js';
import { type RemovedOrKept, removeOrSetAside, removeTree as removeOwnTree, setAside } from '../lib/index.js';
import { workerFolderOf } from './runs.js';

/** @throws RunFailure(setup) when it is still there */
export const removeTree = (path: string): Promise<void> => removeOwnTree(path, asRoot);

/** Removes a run's folder, its secrets first; what cannot be removed goes to `set-aside/`, and its slot is free. */
export async function removeRun(run: string): Promise<RemovedOrKept> {
  await removeRunSecrets(run);
  return removeOrSetAside(run, asideOf(run), asRoot);
}

/** Moves a run's folder to `set-aside/`, without its secrets, for a person to look at. @returns its new path */
export async function setRunAside(run: string): Promise<string> {
  await removeRunSecrets(run);
  return setAside(run, asideOf(run));
}

const asideOf = (run: string) => join(workerFolderOf(run), 'set-aside');

/** A folder without `rundef.json` is one whose run is done: a process that dies here leaves one that the next removes. */
async function removeRunSecrets(run: string): Promise<void> {
  // A problem shows again when the whole folder is removed, or stays to be seen in the one that is set aside.
  await removeSecrets(run, asRoot, ['rundef.json']).catch(() => {});
}

async function asRoot(path: string): Promise<void> {
  const engine = await connectEngine({ logDriver: 'none' });
  await engine.removeTree(path);
}
