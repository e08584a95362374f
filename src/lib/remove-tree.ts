/**
 * Removes trees that a container wrote: of any depth, and with any modes. No link is followed, and no path is longer
 * than a name or two: a folder deep in the tree is first moved up into the tree's top, and emptied there.
 */
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EnvironmentError } from './errors.js';

/** Removes what other users own, or throws. */
export type RemoveAsRoot = (path: string) => Promise<void>;

/**
 * @param asRoot used only where this user may not remove it all
 * @throws EnvironmentError, or what `asRoot` throws, when something of it is still there; as much as possible is removed
 */
export async function removeTree(path: string, asRoot?: RemoveAsRoot): Promise<void> {
  try {
    // The quick way, for all that is not deep and is ours.
    return await rm(path, { recursive: true, force: true });
  } catch {
    // Whatever is in the way, the thorough way removes it, or says what it is.
  }
  const problem = await flatten(path);
  if (problem === undefined) return;
  if (asRoot !== undefined) return asRoot(path);
  throw new EnvironmentError(
    `${path} could not be removed: ${problem.message}. Remove it as root: sudo rm -rf "${path}".`,
  );
}

export interface RemovedOrKept {
  /** Where it is now, when it could not be removed. */
  keptAt?: string;
  /** Why it could not be removed. */
  problem?: string;
}

/**
 * Removes a tree; what cannot be removed is moved out of the way, so that its place is free.
 *
 * @param aside the folder for that, on the same file system; made when it is needed
 * @throws EnvironmentError when it can neither be removed nor moved
 */
export async function removeOrSetAside(path: string, aside: string, asRoot?: RemoveAsRoot): Promise<RemovedOrKept> {
  try {
    await removeTree(path, asRoot);
    return {};
  } catch (error) {
    const problem = (error as Error).message;
    const keptAt = await setAside(path, aside).catch(({ message }: Error) => {
      throw new EnvironmentError(`${problem} It cannot be moved out of the way either: ${message}`);
    });
    return { keptAt, problem };
  }
}

/** Moves a tree into the folder `aside`. @returns its new path */
export async function setAside(path: string, aside: string): Promise<string> {
  const keptAt = join(aside, `${basename(path)}-${randomBytes(4).toString('hex')}`);
  await mkdir(aside, { mode: 0o700 }).catch(ignore('EEXIST'));
  await rename(path, keptAt);
  return keptAt;
}

/** Empties one folder after the other, each moved into the tree's top before; answers the first thing that was in the way. */
async function flatten(top: string): Promise<Error | undefined> {
  const found = await lstat(top).catch(ignore('ENOENT'));
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return unlink(top).catch((error: Error) => error) as Promise<Error | undefined>;
  let problem: Error | undefined;
  const keep = (error: Error) => {
    problem ??= error;
  };
  const folders = [Buffer.from(top)];
  for (let at = 0; at < folders.length; at++) {
    const folder = folders[at] ?? Buffer.from(top);
    await chmod(folder, 0o700).catch(() => {});
    const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch((error: Error) => {
      keep(error);
      return [];
    });
    for (const entry of entries) {
      const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      if (!entry.isDirectory()) await unlink(path).catch(keep);
      else if (at === 0) folders.push(path);
      else {
        const moved = Buffer.from(join(top, `moved-${randomBytes(6).toString('hex')}`));
        // A folder has to be writable itself to be moved into another.
        await chmod(path, 0o700).catch(() => {});
        await rename(path, moved).then(() => folders.push(moved), keep);
      }
    }
    if (at > 0) await rmdir(folder).catch(keep);
  }
  await rmdir(top).catch(keep);
  return problem;
}

function ignore(code: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== code) throw error;
    return undefined;
  };
}
