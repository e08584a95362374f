/**
 * The folder of one run on the host. Its own mode, 0700, is the lock: what lies inside must
 * be readable by whatever user the container runs as, and a mode belongs to the inode, not
 * to the mount. A bind mount passes by the parent; other users of the host do not.
 *
 * What is made here is small and stands before a container's start: to wait for a thread's
 * turn at each step would take longer than all of it.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  mkdirSync,
  openSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
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
export function openWorkspace(root: string): Workspace {
  makeFolders(root);
  chmodSync(root, 0o700);
  return workspaceAt(root);
}

/** Node's own recursion never ends below a folder that says ENOENT to every name, as /proc does. */
function makeFolders(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolders(dirname(path));
    makeFolder(path);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** A folder that the container sees, 0755 whatever the umask; one that exists is kept. */
export function makeVisibleFolder(path: string): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o755);
}

/**
 * Writes a file that was not there before this call: what stood under the name, a link
 * that a container left there included, is removed and never followed.
 */
export function writeFresh(path: string, content: string | Uint8Array, mode: number): void {
  removeWhatever(path);
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
  const file = openSync(path, flags, 0o600);
  try {
    writeFileSync(file, content);
    fchmodSync(file, mode);
  } finally {
    closeSync(file);
  }
}

function removeWhatever(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    // EISDIR on Linux, EPERM on macOS: a folder.
    if (codeOf(error) !== 'ENOENT') rmSync(path, { recursive: true, force: true });
  }
}
