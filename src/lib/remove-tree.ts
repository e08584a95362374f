/**
 * Removes trees that a container wrote, and may still write to: of any depth, and with any modes. No link is followed,
 * and no path is longer than a name or two.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { EnvironmentError, systemWords, tooManyFiles } from './errors.js';

/** Removes what other users own, or throws. */
export type RemoveAsRoot = (path: string) => Promise<void>;

/**
 * @param asRoot used only where this user may not remove it all
 * @throws EnvironmentError, or what `asRoot` throws, when something of it is still there; as much as possible is removed
 */
export async function removeTree(path: string, asRoot?: RemoveAsRoot): Promise<void> {
  const removal = removing(path);
  let step = removal.next();
  for (; !step.done; step = removal.next()) await setImmediate();
  if (step.value === undefined) return;
  // A container would not help.
  const fault = tooManyFiles(step.value);
  if (fault !== undefined) throw new EnvironmentError(`${path} could not be removed. ${fault}`, { cause: step.value });
  if (asRoot !== undefined) return asRoot(path);
  throw new EnvironmentError(notRemoved(path, systemWords(step.value)), { cause: step.value });
}

/** @param why without a full stop */
export function notRemoved(path: string, why: string): string {
  const repair = why.includes('mounted')
    ? 'Unmount what is below it, and try again.'
    : `Remove it as root: sudo rm -rf "${path}".`;
  return `${path} could not be removed: ${why}. ${repair}`;
}

/** For the last moment of a process: as `removeTree`, at once; what cannot be removed stays. */
export function removeTreeNow(path: string): void {
  const removal = removing(path);
  while (!removal.next().done);
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
  await mkdir(aside, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rename(path, keptAt);
  return keptAt;
}

/** So many files are removed before others may work. */
const STEP = 64;
/** So many folders are open at a time; what is deeper is moved into the tree's top. */
const MOST_OPEN = 32;

/**
 * Empties one folder after the other. A container may still exchange folders for links: each folder is opened once, and
 * all in it is named through what is open.
 *
 * @returns the first thing that was in the way
 */
function* removing(top: string): Generator<void, Error | undefined> {
  let problem: Error | undefined;
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problem ??= error as Error;
      return undefined;
    }
  };
  let root: OpenFolder | undefined;
  const moved: Buffer[] = [];
  const remove = function* (path: Buffer, depth: number): Generator<void> {
    const folder = attempt(() => openFolder(path));
    if (folder === undefined) return void attempt(() => unlinkSync(path));
    root ??= folder;
    try {
      attempt(() => makeAccessible(folder.path));
      const entries = attempt(() => readdirSync(folder.path, { withFileTypes: true, encoding: 'buffer' })) ?? [];
      for (const [index, entry] of entries.entries()) {
        if (index % STEP === 0) yield;
        const place = within(folder, entry.name);
        if (!entry.isDirectory()) attempt(() => unlinkSync(place));
        else if (depth < MOST_OPEN) yield* remove(place, depth + 1);
        else attempt(() => moved.push(moveInto(root ?? folder, place)));
      }
      if (depth === 0) for (let name = moved.pop(); name; name = moved.pop()) yield* remove(within(folder, name), 1);
    } finally {
      folder.close();
    }
    attempt(() => rmdirSync(path));
  };
  yield* remove(Buffer.from(top), 0);
  return lstatSync(top, { throwIfNoEntry: false }) && problem;
}

interface OpenFolder {
  /** Names this very folder, wherever it is moved. */
  path: string;
  close(): void;
}

/** Linux's O_PATH, which Node has no name for: opens also what may not be read. */
const O_PATH = 0o10000000;
const FOLDER_FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** @returns undefined for what is no folder; elsewhere than on Linux there is no path to an open one */
function openFolder(path: Buffer): OpenFolder | undefined {
  if (process.platform !== 'linux') {
    return lstatSync(path).isDirectory() ? { path: path.toString(), close: () => {} } : undefined;
  }
  try {
    const fd = openSync(path, FOLDER_FLAGS);
    return { path: `/proc/self/fd/${fd}`, close: () => closeSync(fd) };
  } catch (error) {
    if (['ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

const within = (folder: OpenFolder, name: Buffer) => Buffer.concat([Buffer.from(`${folder.path}/`), name]);

/** A folder without its owner's permissions cannot be emptied, nor moved into another. */
function makeAccessible(path: string): void {
  if ((statSync(path).mode & 0o700) !== 0o700) chmodSync(path, 0o700);
}

/** @returns its new name */
function moveInto(top: OpenFolder, path: Buffer): Buffer {
  const folder = openFolder(path);
  if (folder !== undefined) makeAccessible(folder.path);
  folder?.close();
  const name = Buffer.from(`moved-${randomBytes(6).toString('hex')}`);
  renameSync(path, within(top, name));
  return name;
}
