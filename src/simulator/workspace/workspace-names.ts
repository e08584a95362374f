/** Where simulations keep their workspaces, and how names of a project become names of folders. */
import { join } from 'node:path';
import { homeFolder } from '../../lib/home.js';

/** Folders of the cache that are no project. */
const RESERVED = new Set(['volumes', 'locks', 'snapshots']);
/** File systems take 255 bytes a name. */
const LONGEST_NAME = 200;

/** The user's cache folder for all that is ours. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const base = platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(absolute(env['XDG_CACHE_HOME']) ?? join(homeFolder(env), base), 'jobserv');
}

/** Where the locks of all workspaces are. */
export const locksIn = (cache: string): string => join(cache, 'locks');

/** Where objects of uncommitted trees are, while a simulation needs them. */
export const scratchIn = (cache: string): string => join(cache, 'snapshots');

/** Where the persistent volumes of workspaces in `parent` are. */
export const volumesIn = (parent: string): string => join(parent, 'volumes');

/** The base directory specification has relative ones ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}

/**
 * A name as one folder: names that differ stay different, and none leads elsewhere. Common
 * names stay as they are; other characters become `%` and their UTF-8 bytes in hex.
 */
export function folderName(name: string): string {
  const encoded = [...Buffer.from(name)].map((byte) => encodeByte(byte)).join('');
  const safe = /^\.|^-|^$/.test(encoded) || RESERVED.has(encoded) ? escapeFirst(encoded) : encoded;
  if (safe.length <= LONGEST_NAME) return safe;
  return `${safe.slice(0, LONGEST_NAME - 17)}%${shortHash(name)}`;
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9._+@=-]/.test(character) ? character : hex(byte);
}

function escapeFirst(encoded: string): string {
  return encoded === '' ? '%' : hex(encoded.charCodeAt(0)) + encoded.slice(1);
}

const hex = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`;

/** FNV-1a, 64 bits: tells long names apart, nothing more. */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
