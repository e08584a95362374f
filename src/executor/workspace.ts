/**
 * The folder of one run on the host. Its own mode, 0700, is the lock: what lies inside must
 * be readable by whatever user the container runs as, and a mode belongs to the inode, not
 * to the mount. A bind mount passes by the parent; other users of the host do not.
 */
import { constants } from 'node:fs';
import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
function workspaceAt(root: string): Workspace {
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

/** Makes the run's folder, 0700 whatever the umask; one that exists is kept. */
export async function openWorkspace(root: string): Promise<Workspace> {
  await makeFolders(root);
  await chmod(root, 0o700);
  return workspaceAt(root);
}

/** Node's own recursion never ends below a folder that says ENOENT to every name, as /proc does. */
async function makeFolders(path: string): Promise<void> {
  const make = () =>
    mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  try {
    await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolders(dirname(path));
    await make();
  }
}

/** A folder that the container sees, 0755 whatever the umask; one that exists is kept. */
export async function makeVisibleFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}

/**
 * Writes a file that was not there before this call: what stood under the name, a link
 * that a container left there included, is removed and never followed.
 */
export async function writeFresh(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await rm(path, { recursive: true, force: true });
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(content);
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}
