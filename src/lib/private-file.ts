/**
 * Files with the mode that they are meant to have, whatever the user's mask is, and of which no other process sees
 * half. A link under the name is replaced, never written through. write-file-atomic does not sync the folder: after
 * a loss of power its file may be the old one again, and a run would be executed twice.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

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
