/**
 * Reads files that are needed whole and may be anything: a definition in a stranger's repository can be a FIFO, a
 * device, a link to a file of the host's, or have no end. Nothing here waits for ever, and no error has content in it.
 */
import { constants, openSync, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { EnvironmentError, systemWords, tooManyFiles, UsageError } from './errors.js';
import { isBelow, strangersWay } from './folders.js';

export interface ReadOptions {
  /** 16 MiB unless given. */
  maxBytes?: number;
  /**
   * The file itself is in this folder, or below: a link that leads out of it is refused. In a repository a link can be
   * a stranger's, and the files that it names are also those that git ignores, and `.git`: see `linksTo`.
   */
  inside?: string;
  /** Which files in `inside` a link there may lead to, by their path and content; none unless given, and never `.git`. */
  linksTo?: (path: string, content: Buffer) => boolean;
  /** Takes a pipe too, as `<(command)` gives one, up to its end. */
  pipes?: boolean;
  /** Aborts the reading of a pipe. */
  signal?: AbortSignal;
  /** A file that other users may read or change is refused: it holds credentials. */
  secret?: boolean;
  /** A file that other users may change is refused: it names programs. */
  trusted?: boolean;
}

/**
 * @property reason `missing` and `denied` are the file system's answers, the others what is refused here
 * @public
 */
export class ReadError extends Error {
  override name = 'ReadError';
  readonly reason: 'missing' | 'denied' | 'exposed' | 'folder' | 'special' | 'outside' | 'too-large' | 'failed';

  /** @param message reads on after `… cannot be read: ` */
  constructor(reason: ReadError['reason'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Without waiting for the writer of a FIFO. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const MAX_BYTES = 16 * 1024 * 1024;
const PIECE = 64 * 1024;

/** @throws ReadError; EnvironmentError where the machine is the cause */
export async function readBounded(path: string, options: ReadOptions = {}): Promise<Buffer> {
  try {
    // Looked at first, because to open a device can do something.
    const found = await stat(path);
    refuseSpecial(found, options);
    if (found.isFIFO()) return await readPipe(path, options);
    const file = await open(path, FLAGS);
    try {
      const opened = await file.stat();
      refuseSpecial(opened, { ...options, pipes: false });
      if (options.secret) refuseExposed(path, opened);
      if (options.trusted) refuseStrangers(path, opened);
      const target = options.inside === undefined ? undefined : await linkTarget(path, options.inside, opened);
      const content = await readFile(file, options);
      if (target !== undefined) refuseLink(target, content, options);
      return content;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asReadError(error);
  }
}

/** Where the reason alone does not say it. */
const REPAIRS: Partial<Record<ReadError['reason'], string>> = {
  denied: ' Make it readable for this user, or name another file.',
  'too-large': ' Name a smaller one.',
};

/** @throws ReadError */
export async function readBoundedText(path: string, options: ReadOptions = {}): Promise<string> {
  return (await readBounded(path, options)).toString('utf8');
}

/**
 * Reads a file that a person chose.
 *
 * @param shown begins the message, as in `The rundef x.json`
 * @throws UsageError that says why it cannot be read; EnvironmentError where the machine is the cause
 */
export async function readChosen(path: string, shown: string, options: ReadOptions = {}): Promise<Buffer> {
  try {
    return await readBounded(path, options);
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    throw new UsageError(`${shown} cannot be read: ${error.message}.${REPAIRS[error.reason] ?? ''}`);
  }
}

/**
 * All of a stream, stdin above all.
 *
 * @throws ReadError when it is longer than `maxBytes`
 */
export async function readStreamBounded(stream: Readable, maxBytes = MAX_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

type Found = Awaited<ReturnType<typeof stat>>;

function refuseSpecial(found: Found, { pipes = false }: ReadOptions): void {
  if (found.isFile()) return;
  if (found.isDirectory()) throw new ReadError('folder', 'it is a folder, and a file is needed');
  if (found.isFIFO()) {
    if (pipes) return;
    throw new ReadError('special', 'it is a named pipe, and a file is needed');
  }
  throw new ReadError('special', `it is ${found.isSocket() ? 'a socket' : 'a device'}, and a file is needed`);
}

function refuseExposed(path: string, found: Found): void {
  const mode = Number(found.mode);
  if ((mode & 0o077) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  const repair = `Make it yours alone with: chmod 600 ${path}`;
  throw new ReadError('exposed', `others on this host may read or change it (mode ${octal}). ${repair}`);
}

function refuseStrangers(path: string, found: Found): void {
  const way = strangersWay(path, found as Stats);
  if (way !== undefined) throw new ReadError('exposed', `${way.why}; ${way.repair}`);
}

/**
 * The name may mean another file by now: what its links lead to has to be the file that is open.
 *
 * @returns where the file is in the folder, when a link of the folder leads there
 */
async function linkTarget(path: string, folder: string, opened: Found): Promise<string | undefined> {
  const [real, top] = await Promise.all([realpath(path), realpath(folder)]);
  const now = await stat(real);
  const same = now.ino === opened.ino && now.dev === opened.dev;
  if (!same || !isBelow(real, top)) throw new ReadError('outside', `it is a link that leads out of ${folder}`);
  const target = relative(top, real);
  return target === relative(resolve(folder), resolve(path)) ? undefined : target;
}

function refuseLink(target: string, content: Buffer, { linksTo }: ReadOptions): void {
  if (!/(^|\/)\.git(\/|$)/i.test(target) && linksTo?.(target, content)) return;
  const why = `it is a link to ${target}, which may be no file of this kind, and private`;
  throw new ReadError('outside', `${why}. If you trust it, name that file itself, or replace the link by a copy`);
}

async function readFile(file: FileHandle, { maxBytes = MAX_BYTES }: ReadOptions): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The size that the file claims says nothing: one in /proc claims none, another may grow meanwhile.
  for (;;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(PIECE) });
    if (bytesRead === 0) return Buffer.concat(chunks);
    size += bytesRead;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

/** As a stream: a read in a thread of Node's pool could not be taken back, and would keep the process from ending. */
async function readPipe(path: string, { maxBytes, signal }: ReadOptions): Promise<Buffer> {
  const stream = new Socket({ fd: openSync(path, FLAGS), readable: true, writable: false, ...(signal && { signal }) });
  try {
    return await readStreamBounded(stream, maxBytes);
  } finally {
    stream.destroy();
  }
}

function tooLarge(maxBytes: number): ReadError {
  const bound = maxBytes >= 1024 * 1024 ? `${Math.floor(maxBytes / 1024 / 1024)} MiB` : `${maxBytes} bytes`;
  return new ReadError('too-large', `it is larger than ${bound}`);
}

function asReadError(error: unknown): Error {
  if (error instanceof ReadError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new ReadError('missing', 'there is no such file', error);
  if (code === 'EACCES' || code === 'EPERM') return new ReadError('denied', 'this user may not read it', error);
  if (code === 'ELOOP') return new ReadError('failed', 'it is a link that leads to itself', error);
  if (code === 'ENXIO') return new ReadError('special', 'it is a device or a socket, and a file is needed', error);
  const fault = tooManyFiles(error);
  return fault === undefined
    ? new ReadError('failed', systemWords(error), error)
    : new EnvironmentError(fault, { cause: error });
}
