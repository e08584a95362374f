/** Files and folders with the modes they are meant to have, whatever the user's mask is. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';

/** For secrets: a new file, mode 0600; what stood there before, be it a link, is replaced and not written through. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
}

/** As git writes under a worker's mask: 0644. */
export async function writePublic(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o644);
}

/** 0755, with the folders above it that are not there yet. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = folder.slice(0, folder.lastIndexOf('/'))) {
    await chmod(folder, 0o755);
  }
}
