/**
 * What the script left under `/archive`. The container could write there whatever it
 * liked, so no link below it is followed: links are skipped with a warning, files are opened
 * with O_NOFOLLOW and looked at again once they are open.
 *
 * Without waiting: there may be thousands of small ones, and a call takes microseconds.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type ArtifactFile, type Log, type RebootRequest, RunFailure } from './ports.js';
import type { Workspace } from './workspace.js';

export interface FoundArtifacts {
  /** Every regular file, sorted by path. */
  files: ArtifactFile[];
  /** A symbolic link that leads nowhere, seen from this host: the reference's worker ends with an error at one. */
  dangling: string | undefined;
}

export async function listArtifacts(root: string, log: Log): Promise<FoundArtifacts> {
  const files: ArtifactFile[] = [];
  let dangling: string | undefined;
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(root, folder)) {
      const name = entry.name.toString();
      const path = folder === '' ? name : `${folder}/${name}`;
      if (!Buffer.from(name).equals(entry.name)) {
        await log.warn(`Skipping ${shown(path)}: its name is not UTF-8`);
      } else if (entry.isDirectory()) {
        folders.push(path);
      } else if (entry.isFile()) {
        files.push({ path, sizeBytes: sizeOf(root, path) });
      } else {
        if (entry.isSymbolicLink() && !leadsSomewhere(join(root, path))) dangling ??= path;
        await log.warn(`Skipping ${shown(path)}: ${entry.isSymbolicLink() ? 'a symbolic link' : 'not a regular file'}`);
      }
    }
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), dangling };
}

/** Of a folder that can be read a file's path may still be longer than a path can be. */
function sizeOf(root: string, path: string): number {
  try {
    return lstatSync(join(root, path)).size;
  } catch (error) {
    throw unreadable('file', path, error);
  }
}

/** Nothing is opened, and nothing of what is there is kept. */
function leadsSomewhere(link: string): boolean {
  try {
    return statSync(link, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** With names as bytes: the server cannot serve one that is not UTF-8. */
function entriesOf(root: string, folder: string) {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    throw unreadable('folder', folder, error);
  }
}

/** The system's message names the path once more, which may be thousands of characters long. */
function unreadable(what: 'file' | 'folder', path: string, error: unknown): RunFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === 'ENAMETOOLONG' ? 'its path is too long' : (code ?? message);
  return new RunFailure('artifacts', `The ${what} ${shown(path)} of /archive cannot be read: ${why}.`);
}

const LONGEST_SHOWN = 200;

function shown(path: string): string {
  const short = path.length > LONGEST_SHOWN ? `${path.slice(0, LONGEST_SHOWN)}…` : path;
  return JSON.stringify(short === '' ? '.' : short);
}

const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Somebody has put something else in the place of what was there. */
const NOT_THERE = ['ENOENT', 'ELOOP', 'ENXIO', 'EACCES', 'ENOTDIR'];

/**
 * The folder of the artifacts, for files of `listArtifacts`: neither such a file nor a folder on the
 * way to it may have become a link since. Each is opened from the one above it, through what Linux has
 * for open folders.
 */
export class ArchiveFolder {
  readonly #root: string;
  #open: number | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** @returns an open file, the caller's to close; undefined when no regular file is there */
  openFile(path: string): number | undefined {
    const folders = path.split('/');
    const name = folders.pop() ?? '';
    if (folders.some((folder) => folder === '..' || folder === '.')) return undefined;
    if (process.platform !== 'linux') return openArchived(join(this.#root, path));
    this.#open ??= openSync(this.#root, FOLDER_FLAGS);
    let at = this.#open;
    try {
      for (const folder of folders) {
        const next = openIfThere(`/proc/self/fd/${at}/${folder}`, FOLDER_FLAGS);
        if (at !== this.#open) closeSync(at);
        if (next === undefined) {
          at = this.#open;
          return undefined;
        }
        at = next;
      }
      return openArchived(`/proc/self/fd/${at}/${name}`);
    } finally {
      if (at !== this.#open) closeSync(at);
    }
  }

  /** May be called twice. */
  close(): void {
    if (this.#open !== undefined) closeSync(this.#open);
    this.#open = undefined;
  }
}

/**
 * Opens a file below `/archive` for reading: an open file, the caller's to close; undefined when there
 * is no such file, or it is no regular one. O_NONBLOCK: to open a FIFO would wait for its writer.
 */
export function openArchived(path: string): number | undefined {
  const file = openIfThere(path, FILE_FLAGS);
  if (file === undefined || fstatSync(file).isFile()) return file;
  closeSync(file);
  return undefined;
}

function openIfThere(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags);
  } catch (error) {
    if (NOT_THERE.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** The longest script that is kept over a reboot, bytes: it must fit into a rundef. */
const LONGEST_REBOOT_SCRIPT = 16 * 1024 * 1024;

const REBOOT_SCRIPTS = { warm: 'execute-on-reboot', cold: 'execute-on-cold-reboot' };

/**
 * Reads the script that wants to go on after a reboot out of the archive, if there is one.
 *
 * @throws RunFailure(script) for one that is no text
 */
export function findRebootScript(workspace: Workspace): RebootRequest | undefined {
  for (const cold of [false, true]) {
    const name = rebootScriptName(cold);
    const file = openArchived(join(workspace.archive, name));
    if (file === undefined) continue;
    try {
      const { size } = fstatSync(file);
      if (size > LONGEST_REBOOT_SCRIPT) {
        throw new RunFailure('script', `/archive/${name} is ${size} bytes long: more than a script can be.`);
      }
      const script = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
      return { cold, script };
    } catch (error) {
      if (error instanceof TypeError)
        throw new RunFailure('script', `/archive/${name} is not UTF-8 text.`, { cause: error });
      throw error;
    } finally {
      closeSync(file);
    }
  }
  return undefined;
}

/** Takes that script out of the archive; one that is gone already is no error. */
export function removeRebootScript(workspace: Workspace, { cold }: RebootRequest): void {
  rmSync(join(workspace.archive, rebootScriptName(cold)), { force: true });
}

function rebootScriptName(cold: boolean): string {
  return cold ? REBOOT_SCRIPTS.cold : REBOOT_SCRIPTS.warm;
}
