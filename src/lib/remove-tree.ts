/**
 * Removes trees that a container wrote: of any depth, and with any modes. No link is followed, and no path is longer
 * than a name or two: a folder deep in the tree is first moved up into the tree's top, and emptied there.
 */
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EnvironmentError } from './errors.js';

/** @throws EnvironmentError when something of it is still there, with the repair; as much as possible is removed */
export async function removeTree(path: string): Promise<void> {
  try {
    // The quick way, for all that is not deep and is ours.
    return await rm(path, { recursive: true, force: true });
  } catch {
    // Whatever is in the way, the thorough way removes it, or says what it is.
  }
  const problem = await flatten(path);
  if (problem === undefined) return;
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
 * @param asRoot removes what other users own; undefined: nobody can
 * @throws EnvironmentError when it can neither be removed nor moved
 */
export async function removeOrSetAside(
  path: string,
  aside: string,
  asRoot?: (path: string) => Promise<void>,
): Promise<RemovedOrKept> {
  let problem: Error;
  try {
    await removeTree(path);
    return {};
  } catch (error) {
    problem = error as Error;
  }
  try {
    if (asRoot !== undefined) {
      await asRoot(path);
      if ((await lstat(path).catch(() => undefined)) === undefined) return {};
    }
  } catch (error) {
    problem = error as Error;
  }
  const keptAt = join(aside, `${basename(path)}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(aside, { mode: 0o700 }).catch(ignore('EEXIST'));
    await rename(path, keptAt);
  } catch (error) {
    throw new EnvironmentError(
      `${problem.message} It cannot be moved out of the way either: ${(error as Error).message}`,
    );
  }
  return { keptAt, problem: problem.message };
}

/** Empties one folder after the other, each moved into the tree's top before; answers the first thing that was in the way. */
async function flatten(top: string): Promise<Error | undefined> {
  const found = await lstat(top).catch(ignore('ENOENT'));
  if (found === undefined) return undefined;
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
