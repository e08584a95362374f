/**
 * Folders that are made and used without trust in what others put there. Component by component from the top:
 * Node's own recursion never ends below a folder that says ENOENT to every name, as /proc does, and follows links.
 */
import { createHash } from 'node:crypto';
import { lstatSync, type Stats, statSync } from 'node:fs';
import { chmod, lstat, mkdir, readlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { EnvironmentError, systemWords } from './errors.js';

/** More links than this on one path are a circle. */
const MOST_LINKS = 40;

/**
 * Makes a folder, and those above it that are missing, 0700 whatever the user's mask is; one that exists is kept as
 * it is. None may be one that anybody can write into. Below the first folder that is sticky or this user's own, each one
 * has to belong to this user or to root, and nobody else may write into it; a link there is followed only when one of
 * those two made it.
 *
 * @returns the folder's path without links
 * @throws EnvironmentError that says which folder is in the way, and how to repair it
 */
export async function makeFolder(path: string): Promise<string> {
  const names = partsOf(resolve(path));
  let folder: string = sep;
  let guarded = isGuard(await lstat(folder));
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = join(folder, name);
    const found = await lookOrMake(next, path);
    refuseForeign(next, path, found, guarded);
    if (found.isSymbolicLink()) {
      links += 1;
      if (links > MOST_LINKS) throw unusable(path, `${next} is one of too many links`, 'Name another folder.');
      const target = resolve(folder, await readlink(next));
      names.unshift(...partsOf(target));
      folder = sep;
      guarded = isGuard(await lstat(folder));
      continue;
    }
    if (!found.isDirectory()) throw unusable(path, `${next} is no folder`, 'Name another folder.');
    guarded ||= isGuard(found);
    folder = next;
  }
  return folder;
}

const partsOf = (path: string) => path.split(sep).filter((name) => name !== '');

/** As `mkdir -p`. Node's own gives ENOENT, which is no reason, when there is no room for a folder. */
export async function makeFolders(path: string, mode = 0o777): Promise<void> {
  const make = () => mkdir(path, { mode });
  try {
    await make();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw error;
    await makeFolders(dirname(path), mode);
    await make().catch((failure: NodeJS.ErrnoException) => {
      if (failure.code !== 'EEXIST') throw failure;
    });
  }
}

/**
 * Makes `names` below a folder of ours, one in the other, without following any link: what a container could write
 * to is in reach of a stranger. A folder that exists keeps its mode.
 *
 * @param mode of those that are made, whatever the user's mask is
 * @throws EnvironmentError when something else than a folder is there, or a name is none
 */
export async function makeFolderBelow(root: string, names: readonly string[], mode: number): Promise<string> {
  let folder = root;
  for (const name of names) {
    const path = join(folder, name);
    if (name.includes(sep) || dirname(path) !== folder)
      throw unusable(path, `${JSON.stringify(name)} is no name of a folder`, '');
    const made = await mkdir(path, { mode }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw unusable(path, wordsOf(error), '');
        return false;
      },
    );
    if (made) await chmod(path, mode);
    else if (!(await lstat(path)).isDirectory()) throw unusable(path, 'it is no folder', 'Remove it, and try again.');
    folder = path;
  }
  return folder;
}

async function lookOrMake(folder: string, path: string): Promise<Stats> {
  try {
    const found = await lstat(folder).catch(ignoreMissing);
    if (found !== undefined) return found;
    await mkdir(folder, { mode: 0o700 });
    return await lstat(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return lookOrMake(folder, path);
    const repair = FULL.has(code ?? '')
      ? 'Free some space there, or name another folder.'
      : /^(EACCES|EPERM)$/.test(code ?? '')
        ? 'Give this user access to it, or name another folder.'
        : 'Name another folder.';
    throw unusable(path, `${folder}: ${wordsOf(error)}`, repair);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Where others cannot exchange what is ours: a folder of this user's, or one like /tmp. */
function isGuard(found: Stats): boolean {
  return found.uid === process.getuid?.() || (found.mode & 0o1000) !== 0;
}

/** This user and root; with sudo also the user who typed it, as for git. */
const trustedOwners = (own: number) => [0, own, ...(own === 0 ? [Number(process.env['SUDO_UID'])] : [])];

/**
 * The owner of a file or folder above `start`, or of the link there, when that is a stranger: neither this user nor
 * root, nor the owner of `start` or of the current folder, who decides what is there anyway. (In a CI container root
 * works in folders of another user.)
 */
export function foreignOwner(path: string, start: string): number | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  const trusted = [...trustedOwners(own), ownerOf(start, statSync), ownerOf('.', statSync)];
  const owners = [ownerOf(path, lstatSync), ownerOf(path, statSync)];
  return owners.find((owner) => owner !== undefined && !trusted.includes(owner));
}

/** undefined for what is not there; to open it says why. */
function ownerOf(path: string, look: (path: string) => Stats): number | undefined {
  try {
    return look(path).uid;
  } catch {
    return undefined;
  }
}

/**
 * Why other users can change what is there, and what to do about it, as a clause; undefined when only this user and
 * root can. Root is no exception: a worker's `settings.conf` names programs, and its owner would choose what root runs.
 */
export function strangersWay(path: string, found: Stats): { why: string; repair: string } | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  if (!trustedOwners(own).includes(found.uid)) {
    const what = found.isSymbolicLink() ? 'is a link of another user' : 'belongs to another user';
    const why = `${path} ${what} (uid ${found.uid})`;
    if (own === 0) return { why, repair: `run this as that user: sudo -u "#${found.uid}" jobserv …` };
    return { why, repair: `take it back: sudo chown -h ${own} "${path}"` };
  }
  if (found.isSymbolicLink() || isSticky(found)) return undefined;
  // A user's own group has nobody else in it, as a rule; systems with mask 002 rely on that.
  const group = (found.mode & 0o020) !== 0 && found.gid !== process.getgid?.() && found.gid !== 0;
  if (!group && !isOpen(found)) return undefined;
  return {
    why: `other users may write ${found.isDirectory() ? 'into' : 'to'} ${path}`,
    repair: `take it back: chmod go-w "${path}"`,
  };
}

/** @param guarded above the first guarded folder owners differ from system to system; one that anybody can write into is refused there, too */
function refuseForeign(folder: string, path: string, found: Stats, guarded: boolean): void {
  if (!guarded && (found.isSymbolicLink() || isSticky(found) || !isOpen(found))) return;
  const way = strangersWay(folder, found);
  if (way !== undefined) throw unusable(path, way.why, `Name another folder, or ${way.repair}.`);
}

const isSticky = (found: Stats) => found.isDirectory() && (found.mode & 0o1000) !== 0;
const isOpen = (found: Stats) => (found.mode & 0o002) !== 0;

function unusable(path: string, why: string, repair: string): EnvironmentError {
  return new EnvironmentError(`The folder ${path} cannot be used: ${why}. ${repair}`.trim());
}

/** No room, or no room for another name. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

function wordsOf(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'no folder can be made there';
  if (code === 'EACCES' || code === 'EPERM') return 'you may not make a folder there';
  if (code === 'EROFS') return 'it cannot be written to';
  return systemWords(error);
}

/** Folders of the user's cache that are no project. */
const RESERVED = new Set(['volumes', 'locks', 'snapshots']);
/** File systems take 255 bytes a name. */
const LONGEST_NAME = 200;
/** Before the digest of a longer name: a character that no encoded name has, so that none of them can be equal. */
const CUT = '~';
/** Strangers choose names: nobody finds two of one digest of this length. */
const DIGEST_LENGTH = 40;

/**
 * A name as one folder: names that differ stay different, and none leads elsewhere. Common
 * names stay as they are; other characters become `%` and their UTF-8 bytes in hex.
 */
export function folderName(name: string): string {
  const encoded = [...Buffer.from(name)].map((byte) => encodeByte(byte)).join('');
  const safe = /^\.|^-|^$/.test(encoded) || RESERVED.has(encoded) ? escapeFirst(encoded) : encoded;
  if (safe.length <= LONGEST_NAME) return safe;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_LENGTH);
  return `${safe.slice(0, LONGEST_NAME - DIGEST_LENGTH - 1)}${CUT}${digest}`;
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9._+@=-]/.test(character) ? character : hex(byte);
}

function escapeFirst(encoded: string): string {
  return encoded === '' ? '%' : hex(encoded.charCodeAt(0)) + encoded.slice(1);
}

const hex = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`;

/**
 * The name that `folderName` made this folder's name of; a name that it would never have made is taken as it is.
 *
 * @returns undefined when the name was too long to be kept
 */
export function nameOfFolder(folder: string): string | undefined {
  if (folder.length === LONGEST_NAME && folder.at(-DIGEST_LENGTH - 1) === CUT) return undefined;
  try {
    return folder === '%' ? '' : decodeURIComponent(folder);
  } catch {
    return folder;
  }
}

/** By the texts of two absolute paths, nothing is looked at. A folder is not below itself. */
export function isBelow(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/**
 * The user's home folder, absolute: `HOME`, or where that is empty or relative, the one of the user database.
 *
 * @throws EnvironmentError when neither names one
 */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['HOME']?.startsWith('/')) return env['HOME'];
  try {
    const { homedir } = userInfo();
    if (homedir.startsWith('/')) return homedir;
  } catch {
    // The user has no entry in the database: the id of a container's user, for example.
  }
  throw new EnvironmentError(
    'HOME does not name a folder, and this user has no home folder either. Set HOME to a folder that can be written.',
  );
}

/** Where this user's configuration of ours is: below XDG_CONFIG_HOME where that is absolute, else below `~/.config`. */
export function configFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CONFIG_HOME'];
  return join(base?.startsWith('/') ? base : join(homeFolder(env), '.config'), 'jobserv');
}
