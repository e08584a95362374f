/**
 * Files with the mode that they are meant to have, whatever the user's mask is, and of which no other process sees
 * half. A link under the name is replaced, never written through, and the name of a part that is not yet whole cannot be
 * guessed: write-file-atomic makes it from the process's id, and opens a link that somebody planted there.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lchown, lstat, open, realpath, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Writes a new file and renames it to `path`: old or new, never half; on the disk when it resolves. */
export async function writeAtomically(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeNew(unfinished, content, mode, true);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Writes to what a person named: a device (`/dev/stdout`) as it is; anything else becomes a new file, because in a
 * repository that was only cloned the name may be a link to a file of this host.
 */
export async function writeNamed(path: string, content: string): Promise<void> {
  if (/^\/(dev|proc)\//.test(resolve(path))) return writeFile(path, content);
  await refuseSpecial(path);
  await writeAtomically(path, content);
}

/**
 * A new file in its place would take a pipe from its reader, or a device from the host: in a repository that was only
 * cloned, `d/null` may be /dev/null.
 *
 * @throws Error for a pipe, socket or device
 */
export async function refuseSpecial(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined || there.isFile() || there.isDirectory() || there.isSymbolicLink()) return;
  throw Object.assign(new Error('it is a pipe or a device, which is not replaced'), { path });
}

/** Replaces what a file or a link to one leads to, with its mode and owner. */
export async function replaceContent(path: string, content: string | Uint8Array): Promise<void> {
  const file = await realpath(path);
  const { mode, uid, gid } = await stat(file);
  await writeAtomically(file, content, mode & 0o777);
  const ours = await lstat(file);
  if (ours.uid !== uid || ours.gid !== gid) await lchown(file, uid, gid);
}

/** Removes what has the name, a folder included, and writes a new file. Not atomic, and not yet on the disk when it resolves. @public */
export async function writeFresh(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await unlink(path).catch(async (error: NodeJS.ErrnoException) => {
    // EISDIR on Linux, EPERM on macOS: a folder.
    if (error.code !== 'ENOENT') await rm(path, { recursive: true, force: true });
  });
  await writeNew(path, content, mode, false);
}

async function writeNew(path: string, content: string | Uint8Array, mode: number, sync: boolean): Promise<void> {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(content);
    await file.chmod(mode);
    if (sync) await file.sync();
  } catch (error) {
    // Node names no file when writing to one that is open fails.
    throw Object.assign(error as Error, { path });
  } finally {
    await file.close();
  }
}

/** Puts the names in a folder on the disk too, not only what they stand for. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
