/**
 * The console on its way to the server: a queue of bytes on disk. What has been appended
 * survives the process, together with how far into the container's console it reaches; what
 * the server has is removed. Offsets count the bytes of the run's console, from 0.
 */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ConsolePosition } from '../../executor/index.js';

const SEGMENT_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;
/** Written in one piece, in place: a process that dies leaves the old mark or the new one. */
const MARK_BYTES = 512;
/** Enough to recognise the beginning of a console; it must fit into the mark. */
const HEAD_BYTES = 48;

/** The spool's state. */
export interface Mark {
  /** All that was appended ends here. */
  end: number;
  /** The server has it up to here. */
  acked: number;
  /** What stood in the server's console before ours; undefined: not asked yet. */
  base?: number | undefined;
  /** The first bytes of the server's console, base64. */
  head?: string | undefined;
  position?: ConsolePosition | undefined;
  /** How many of the run's tests the server has. */
  tests?: number | undefined;
  atLineStart: boolean;
}

/** One process at a time has it open. Nothing here waits: the calls are short, and most of them end in the page cache. */
export class Spool {
  readonly #folder: string;
  readonly #directory: number;
  readonly #mark: Mark;
  readonly #markFile: number;
  readonly #segments: Segment[];
  /** The last segment, open for writing, and its size. */
  #file: number | undefined;
  #size = 0;
  /** Bytes that no disk takes; they follow those on disk. */
  #held: Buffer | undefined;
  /** Whether there were bytes when it was opened, or may have been: an earlier process had it. */
  readonly resumed: boolean;
  /** Bytes that it had and has no more: power went before they were on the disk. */
  readonly lost: number;

  constructor(path: string) {
    // Not recursive: the run's folder exists.
    if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
    // By its open folder it is found also when the run's folder is moved, as for a reboot.
    this.#directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    const folder = process.platform === 'linux' ? `/proc/self/fd/${this.#directory}` : path;
    this.#folder = folder;
    const mark = join(folder, 'mark.json');
    const found = readMark(mark);
    this.resumed = found !== undefined;
    this.#mark = found ?? { end: 0, acked: 0, atLineStart: true };
    this.#markFile = openSync(mark, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    const { segments, end } = keepWhole(folder, this.#mark.acked, this.#mark.end);
    this.#segments = segments;
    this.lost = this.#mark.end - end;
    this.#mark.end = end;
    if (this.lost > 0) this.#mark.atLineStart = false;
    const last = this.#segments.at(-1);
    if (last !== undefined) {
      this.#file = openSync(last.path, constants.O_RDWR | constants.O_NOFOLLOW);
      this.#size = this.#mark.end - last.start;
      ftruncateSync(this.#file, this.#size);
    }
    this.#writeMark();
    fsyncSync(this.#markFile);
  }

  get mark(): Readonly<Mark> {
    return this.#mark;
  }

  /** Bytes that the server does not have yet. */
  get unsent(): number {
    return this.#mark.end - this.#mark.acked;
  }

  /**
   * Adds bytes. All of them, or, when it throws, none.
   *
   * @throws ENOSPC and its like
   */
  append(bytes: Uint8Array, position?: ConsolePosition): void {
    if (this.#held !== undefined) throw new Error('the spool holds bytes that are not on disk');
    const file = this.#segmentFor();
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, this.#size + done);
    } catch (error) {
      ftruncateSync(file, this.#size);
      throw error;
    }
    this.#size += bytes.length;
    this.#advance(bytes, position);
  }

  /** As `append`, for a full disk: keeps the bytes in memory until they are acknowledged. */
  hold(bytes: Uint8Array, position?: ConsolePosition): void {
    this.#held = Buffer.from(bytes);
    this.#close();
    this.#advance(bytes, position, false);
  }

  /** @returns up to `most` bytes from `offset` on, which is not before `acked` */
  read(offset: number, most: number): Buffer {
    const heldFrom = this.#mark.end - (this.#held?.length ?? 0);
    if (this.#held !== undefined && offset >= heldFrom) {
      return Buffer.from(this.#held.subarray(offset - heldFrom, offset - heldFrom + most));
    }
    const bytes = Buffer.allocUnsafe(Math.min(most, heldFrom - offset));
    let done = 0;
    for (const [index, { start, path }] of this.#segments.entries()) {
      const end = this.#segments[index + 1]?.start ?? heldFrom;
      const at = offset + done;
      if (at >= end || done === bytes.length) continue;
      const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        done += readSync(file, bytes, done, Math.min(bytes.length - done, end - at), at - start);
      } finally {
        closeSync(file);
      }
    }
    if (done < bytes.length) throw new Error(`the spool ${this.#folder} lacks bytes that were written to it`);
    return bytes;
  }

  /** The first bytes of the server's console, ours or not: an answer that begins with them may be all of it. */
  get head(): Buffer {
    return Buffer.from(this.#mark.head ?? '', 'base64');
  }

  #addToHead(bytes: Uint8Array): void {
    this.#mark.head = Buffer.concat([this.head, bytes]).subarray(0, HEAD_BYTES).toString('base64');
  }

  /** The server has everything before `offset`: what is no longer needed goes. */
  acknowledge(offset: number): void {
    const { acked } = this.#mark;
    const missing = Math.min(HEAD_BYTES - this.head.length, offset - acked);
    if (missing > 0) this.#addToHead(this.read(acked, missing));
    this.#mark.acked = offset;
    if (offset === this.#mark.end) this.#held = undefined;
    // A mark must not promise bytes that are in memory only.
    if (this.#held === undefined) this.#writeMark();
    for (let next = this.#segments[1]; next !== undefined && next.start <= offset; next = this.#segments[1]) {
      rmSync(this.#segments.shift()?.path ?? '', { force: true });
    }
    if (offset < this.#mark.end || this.#size < SEGMENT_BYTES) return;
    this.#close();
    for (const { path } of this.#segments.splice(0)) rmSync(path, { force: true });
  }

  /** @param first the server's console as far as it is not ours, when it was read from its beginning */
  setBase(base: number, first?: Uint8Array): void {
    this.#mark.base = base;
    if (first !== undefined && this.#mark.acked === 0) this.#addToHead(first);
    this.#writeMark();
  }

  setTests(tests: number): void {
    this.#mark.tests = tests;
    this.#writeMark();
  }

  /** May be called twice; the files stay. */
  close(): void {
    this.#close();
    if (!this.#closed) for (const file of [this.#markFile, this.#directory]) closeSync(file);
    this.#closed = true;
  }

  #closed = false;

  #advance(bytes: Uint8Array, position: ConsolePosition | undefined, write = true): void {
    this.#mark.end += bytes.length;
    if (position !== undefined) this.#mark.position = position;
    this.#mark.atLineStart = bytes[bytes.length - 1] === NEWLINE;
    if (write) this.#writeMark();
  }

  #segmentFor(): number {
    if (this.#file !== undefined && this.#size < SEGMENT_BYTES) return this.#file;
    const start = this.#mark.end;
    const path = join(this.#folder, String(start).padStart(16, '0'));
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    const file = openSync(path, flags, 0o600);
    this.#close();
    if (this.#segments.at(-1)?.start !== start) this.#segments.push({ start, path });
    this.#size = 0;
    this.#file = file;
    return file;
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #writeMark(): void {
    const text = JSON.stringify(this.#mark).padEnd(MARK_BYTES - 1);
    writeSync(this.#markFile, Buffer.from(`${text}\n`), 0, MARK_BYTES, 0);
  }
}

function readMark(path: string): Mark | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export interface Segment {
  start: number;
  path: string;
}

/**
 * The files without a gap from the first one on, and where they end: not after `end`. A loss of power
 * may have taken what was not on the disk yet; bytes beyond `end` were written by a process that died
 * before it could say so. Neither stays.
 *
 * @param acked nothing before it is needed
 */
function keepWhole(folder: string, acked: number, end: number): { segments: Segment[]; end: number } {
  const found = readdirSync(folder)
    .filter((name) => /^\d{16}$/.test(name))
    .sort()
    .map((name) => ({ start: Number(name), path: join(folder, name) }));
  const segments: Segment[] = [];
  let at = Math.min(acked, found[0]?.start ?? acked);
  for (const segment of found) {
    if (segment.start !== at) break;
    segments.push(segment);
    at += statSync(segment.path).size;
  }
  const last = Math.max(acked, Math.min(at, end));
  // What has nothing behind `acked` is of no use, and may end before it.
  while (segments.length > 0 && (last === acked || (segments.at(-1)?.start ?? 0) >= last)) segments.pop();
  for (const { path } of found.slice(segments.length)) rmSync(path);
  return { segments, end: last };
}
