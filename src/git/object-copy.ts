/**
 * Copies a repository's objects. Never links: root in the container could write through a
 * hard link into the user's repository. Where the file system can share blocks, the copy
 * costs nothing.
 */
import { constants } from 'node:fs';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeFolder } from './files.js';

const COPIES_AT_ONCE = 16;
/** A gc of the user's, under our hands, moves objects from here to there: look again. */
const PASSES = 3;
const PACK_FILES = /^pack-[0-9a-f]+\.(pack|idx|rev|promisor)$/;
const LOOSE_FOLDER = /^[0-9a-f]{2}$/;

/** Every object of the folder `from`, and of those it borrows from, into the object folder `to`. What is there stays. */
export async function copyObjects(from: string, to: string, signal: AbortSignal): Promise<void> {
  for (const folder of await withAlternates(from)) {
    for (let pass = 1; !(await copyFolder(folder, to, signal)); pass++) {
      if (pass === PASSES) throw new Error(`objects keep vanishing from ${folder}`);
    }
  }
}

/** @returns false when a file went away meanwhile */
async function copyFolder(from: string, to: string, signal: AbortSignal): Promise<boolean> {
  const names = await readdir(from);
  const lists = await Promise.all(
    names
      .filter((name) => LOOSE_FOLDER.test(name))
      .map(async (name) => (await readdir(join(from, name))).map((file) => join(name, file))),
  );
  const packs = names.includes('pack') ? await readdir(join(from, 'pack')) : [];
  // An index last: git looks for a pack where it sees an index.
  const packFiles = packs.filter((name) => PACK_FILES.test(name)).sort((a, b) => indexLast(a) - indexLast(b));
  const files = lists.flat().filter((path) => /^..\/[0-9a-f]+$/.test(path));
  for (const folder of new Set(files.map((path) => dirname(path)))) await makeFolder(join(to, folder));
  if (packFiles.length > 0) await makeFolder(join(to, 'pack'));

  let complete = true;
  const copy = async (path: string) => {
    signal.throwIfAborted();
    complete = (await copyOne(join(from, path), join(to, path))) && complete;
  };
  await forEach(files, copy);
  const isIndex = (name: string) => indexLast(name) === 1;
  for (const group of [packFiles.filter((name) => !isIndex(name)), packFiles.filter(isIndex)]) {
    await forEach(group, (name) => copy(join('pack', name)));
  }
  return complete;
}

function indexLast(name: string): number {
  return name.endsWith('.idx') ? 1 : 0;
}

async function copyOne(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return true;
    if (code === 'ENOENT') return false;
    throw error;
  }
}

/** The folder, and in `info/alternates` the ones it borrows from, theirs too. */
async function withAlternates(objects: string): Promise<string[]> {
  const found = new Set<string>([objects]);
  for (const folder of found) {
    const text = await readFile(join(folder, 'info/alternates'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      if (line !== '' && !line.startsWith('#')) found.add(resolve(folder, line));
    }
  }
  return [...found];
}

/** Waits for every copy under way, also when one has failed: nothing is written after the answer. */
async function forEach<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await work(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: COPIES_AT_ONCE }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
