/** Folders as tar streams: into an engine that does not see this machine's files, and out of it. */
import { constants, createReadStream, type Stats } from 'node:fs';
import {
  chmod,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  symlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Headers, type Pack, pack } from 'tar-stream';

export interface SentTree {
  source: string;
  /** Its name in the archive. */
  name: string;
  /** Only what was changed after this time, in milliseconds since 1970. */
  changedAfter?: number;
}

/** Files up to this size are read at once, and so many of them together. */
const SMALL = 128 * 1024;
const AT_ONCE = 16;
/** The largest number that a header's own field for an owner can hold. */
const LARGEST_OWNER = 0o7777777;

/** With modes, owners, times, and links as links. Sockets and devices stay here: neither is of use elsewhere. */
export function packTrees(trees: readonly SentTree[]): Pack {
  const archive = pack();
  (async () => {
    for (const tree of trees) await new Packer(archive, tree.changedAfter ?? -1).add([tree]);
    archive.finalize();
  })().catch((error: Error) => archive.destroy(error));
  return archive;
}

interface Loaded {
  source: string;
  name: string;
  stat: Stats;
  content?: Buffer;
  target?: string;
}

class Packer {
  readonly #archive: Pack;
  readonly #changedAfter: number;
  /** Files that have several names: the first of them by inode. */
  readonly #names = new Map<string, string>();

  constructor(archive: Pack, changedAfter: number) {
    this.#archive = archive;
    this.#changedAfter = changedAfter;
  }

  async add(all: readonly { source: string; name: string }[]): Promise<void> {
    for (let at = 0; at < all.length; at += AT_ONCE) {
      for (const entry of await Promise.all(all.slice(at, at + AT_ONCE).map(load))) {
        if (entry.stat.ctimeMs > this.#changedAfter) await this.#write(entry);
        if (!entry.stat.isDirectory()) continue;
        const inside = await readdir(entry.source, { encoding: 'buffer' });
        await this.add(inside.map((name) => childOf(entry, name)));
      }
    }
  }

  async #write({ source, name, stat, content, target }: Loaded): Promise<void> {
    const header = headerOf(name, stat);
    const inode = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1 && !stat.isDirectory() ? this.#names.get(inode) : undefined;
    if (first !== undefined) return this.#entry({ ...header, type: 'link', linkname: first });
    if (stat.nlink > 1) this.#names.set(inode, name);
    if (stat.isDirectory()) return this.#entry({ ...header, type: 'directory' });
    if (stat.isFIFO()) return this.#entry({ ...header, type: 'fifo' });
    if (target !== undefined) return this.#entry({ ...header, type: 'symlink', linkname: target });
    if (content !== undefined) return this.#entry({ ...header, type: 'file' }, content);
    if (!stat.isFile()) return;
    await new Promise<void>((resolve, reject) => {
      const whole = { ...header, type: 'file' as const, size: stat.size };
      const entry = this.#archive.entry(whole, (error) => (error ? reject(error) : resolve()));
      pipeline(createReadStream(source, { end: stat.size - 1 }), entry).catch(reject);
    });
  }

  /** Resolves when more may be written. */
  #entry(header: Headers, content?: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null) => (error ? reject(error) : resolve());
      if (content === undefined) this.#archive.entry(header, done);
      else this.#archive.entry(header, content as never, done);
    });
  }
}

function childOf(folder: { source: string; name: string }, bytes: Buffer): { source: string; name: string } {
  const name = bytes.toString();
  const source = join(folder.source, name);
  if (!Buffer.from(name).equals(bytes)) throw new Error(`the name of ${JSON.stringify(source)} is not UTF-8`);
  return { source, name: `${folder.name}/${name}` };
}

async function load({ source, name }: { source: string; name: string }): Promise<Loaded> {
  const stat = await lstat(source);
  if (stat.isSymbolicLink()) return { source, name, stat, target: await readlink(source) };
  if (stat.isFile() && stat.size <= SMALL) return { source, name, stat, content: await readFile(source) };
  return { source, name, stat };
}

function headerOf(name: string, { mode, mtime, mtimeMs, uid, gid }: Stats): Headers {
  const pax: Record<string, string> = {};
  if (!Number.isInteger(mtimeMs / 1000)) pax['mtime'] = (mtimeMs / 1000).toFixed(6);
  if (uid > LARGEST_OWNER) pax['uid'] = String(uid);
  if (gid > LARGEST_OWNER) pax['gid'] = String(gid);
  return { name, mode: mode & 0o7777, mtime, uid, gid, ...(Object.keys(pax).length > 0 && { pax }) };
}

/** What a folder or a link gets when everything inside is there. */
interface Late {
  path: Buffer;
  header: Headers;
}

/**
 * Writes an archive whose entries all lie below one name into `folder`, which is new and ours. The container
 * could write what it liked, and nothing of it may reach beyond the folder: links are made last, as links, so that
 * no path leads through one; a name with `..` ends it; devices and FIFOs are left out. Owners are kept for root only.
 *
 * @param omit paths below the folder that are not wanted
 */
export async function unpackTree(archive: Readable, folder: string, omit: ReadonlySet<string>): Promise<void> {
  const folders: Late[] = [];
  const links = new Map<string, Late>();
  const take = async (header: Headers, content: Readable): Promise<void> => {
    const names = namesOf(header.name);
    const path = pathBelow(folder, names);
    if (omit.has(names.join('/'))) return;
    if (header.type === 'directory') {
      if (names.length > 0) await mkdir(path, { mode: 0o700 });
      folders.push({ path, header });
    } else if (header.type === 'symlink') {
      links.set(names.join('/'), { path, header });
    } else if (header.type === 'link') {
      const target = namesOf(header.linkname ?? '');
      const other = links.get(target.join('/'));
      if (other !== undefined) links.set(names.join('/'), { path, header: other.header });
      else if (!omit.has(target.join('/'))) await link(pathBelow(folder, target), path);
    } else if (header.type === 'file' || header.type === 'contiguous-file') {
      await writeFile(path, header, content);
    }
  };
  const reader = extract();
  reader.on('entry', (header, content, next) => {
    take(header, content).then(() => {
      content.resume();
      next();
    }, next);
  });
  await pipeline(archive, reader);
  for (const { path, header } of links.values()) {
    await symlink(Buffer.from(header.linkname ?? ''), path);
    if (isRoot) await lchown(path, header.uid ?? 0, header.gid ?? 0);
    await lutimes(path, modified(header), modified(header));
  }
  // From the inside out: what is written into a folder changes its time, and it may be closed to us afterwards.
  for (const { path, header } of folders.reverse()) {
    if (isRoot) await lchown(path, header.uid ?? 0, header.gid ?? 0);
    await chmod(path, modeOf(header, 0o700));
    await utimes(path, modified(header), modified(header));
  }
}

const isRoot = process.getuid?.() === 0;
const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

async function writeFile(path: Buffer, header: Headers, content: Readable): Promise<void> {
  const file = await open(path, FRESH, 0o600);
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    if (isRoot) await file.chown(header.uid ?? 0, header.gid ?? 0);
    await file.chmod(modeOf(header, 0o600));
    await file.utimes(modified(header), modified(header));
  } finally {
    await file.close();
  }
}

/** No program becomes one of another user's on this machine; and what is ours can be read by us. */
function modeOf({ mode = 0o600 }: Headers, least: number): number {
  return (mode & 0o1777) | (isRoot ? 0 : least);
}

function modified({ mtime, pax }: Headers & { pax?: Record<string, string> | null }): Date | number {
  const exact = Number.parseFloat(pax?.['mtime'] ?? '');
  return Number.isFinite(exact) ? exact : (mtime ?? new Date());
}

/** Below the archive's one top. */
function namesOf(path: string): string[] {
  const [, ...names] = path.split('/').filter((name) => name !== '' && name !== '.');
  if (
    path.startsWith('/') ||
    names.includes('..') ||
    path.startsWith('..') ||
    names.some((name) => name.includes('\0'))
  ) {
    throw new Error(`the engine's archive names ${JSON.stringify(path)}, which lies outside of it`);
  }
  return names;
}

/** Bytes that are no UTF-8 have come as U+FFFD; they stay what they are: no name that a server can ask for. */
function pathBelow(folder: string, names: readonly string[]): Buffer {
  const path = Buffer.from(names.join('/')).toString('latin1').replaceAll('\xef\xbf\xbd', '\xff');
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);
}
