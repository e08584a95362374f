/**
 * The folder of one run on the host. Its own mode, 0700, is the lock: what lies inside must
 * be readable by whatever user the container runs as, and a mode belongs to the inode, not
 * to the mount. A bind mount bypasses the parent; other users of the host do not.
 */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, makeFolders, type RemoveAsRoot, removeTree } from '../lib/index.js';

export interface Workspace {
  /** Also git's HOME on the host, so that it finds `.netrc` there. */
  readonly root: string;
  readonly archive: string;
  readonly secrets: string;
  readonly scriptRepo: string;
  readonly repo: string;
  readonly netrc: string;
  readonly curlrc: string;
}

/** The names under which a run's folder keeps things; makes nothing. */
export function workspaceAt(root: string): Workspace {
  return {
    root,
    archive: join(root, 'archive'),
    secrets: join(root, 'secrets'),
    scriptRepo: join(root, 'script-repo'),
    repo: join(root, 'repo'),
    netrc: join(root, '.netrc'),
    curlrc: join(root, '.curlrc'),
  };
}

/**
 * Makes the run's folder, 0700 whatever the umask; one that exists is kept.
 *
 * @throws EnvironmentError when it cannot be made, or others can write to it
 */
export async function openWorkspace(root: string): Promise<Workspace> {
  await makeFolder(root);
  await chmod(root, 0o700);
  return workspaceAt(root);
}

/**
 * Removes what holds a run's secrets, before anything else of its folder that may take long or fail. May be called
 * twice; all of it is tried, then the first problem is thrown.
 *
 * @param more names in the run's folder
 */
export async function removeSecrets(root: string, asRoot?: RemoveAsRoot, more: readonly string[] = []): Promise<void> {
  const names = ['secrets', '.netrc', '.curlrc', '.gitconfig', ...more];
  const results = await Promise.allSettled(names.map((name) => removeTree(join(root, name), asRoot)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** A folder that the container sees, 0755 whatever the umask; one that exists is kept. */
export async function makeVisibleFolder(path: string): Promise<void> {
  await makeFolders(path);
  await chmod(path, 0o755);
}
