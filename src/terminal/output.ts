/** Standard output and standard error as the process owns them. */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { RunFailure } from '../executor/index.js';
import { printableLines } from '../lib/index.js';

export interface Output {
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /**
   * A pipe or file is written as fast as its reader takes it and no faster: there is something to wait for when it
   * returns a promise. A terminal holds nobody back: what it does not take in time is left out, with a line that says
   * so. The bytes are the caller's again after that. Never fails: once the reader has gone away, or standard
   * output cannot be written, everything is dropped.
   */
  write(parts: readonly Uint8Array[]): void | Promise<void>;
  /** Hands everything that is left to the stream; of a terminal that is far behind only the last lines. */
  settle(): void | Promise<void>;
  /** Whether the stream has everything: what is written to it past this output comes after all of it. */
  readonly idle: boolean;
}

type StandardStream = Writable & {
  fd?: number;
  isTTY?: boolean;
  _handle?: { setBlocking?(blocking: boolean): void };
};

const lost = new AbortController();

/**
 * Aborts with a `RunFailure` of the environment (exit status 3) when standard output cannot be written any more,
 * because its disk is full, say. A reader that went away (`jobserv list | head -1`) is not that: the work goes on.
 */
export const outputLost: AbortSignal = lost.signal;

/** May be called again: oclif adds a listener of its own, which throws where a terminal was closed. */
export function watchStandardStreams(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  process.stdout.on('error', loseOutput);
  // Nobody is left to report it to.
  process.stderr.on('error', () => {});
  for (const stream of [process.stdout, process.stderr]) {
    Object.assign(stream, usableSize(stream));
    stream.prependListener('resize', () => Object.assign(stream, usableSize(stream)));
  }
}

/** A terminal that nobody gave a size has 0 columns and rows, by which nobody can divide: it counts as 80 by 24. */
function usableSize({ isTTY, columns, rows }: NodeJS.WriteStream): { columns?: number; rows?: number } {
  return isTTY ? { columns: columns || 80, rows: rows || 24 } : {};
}

function loseOutput(error: NodeJS.ErrnoException): void {
  // EIO: a terminal that was closed. The last two follow a failure that was reported before.
  if (['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'].includes(error.code ?? '')) return;
  if (lost.signal.aborted) return;
  const why = error.code === 'ENOSPC' ? 'no space is left on its device' : error.message;
  const message = `Standard output cannot be written: ${why}. The output is not complete. Free some space or send the output elsewhere, then run the command again.`;
  lost.abort(new RunFailure('interrupted', message, { environment: 'disk', cause: error }));
}

/**
 * For a command that a signal has to end whatever its terminal does. Node writes to terminals synchronously: one that
 * does not read (a hung ssh) would block the signal handlers, too. And at its end Node resets each terminal, and
 * aborts the process where that one was closed; another file in its place is left alone.
 */
export function doNotWaitForTerminals(): void {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  for (const stream of [process.stdout, process.stderr] as StandardStream[]) {
    // Not a documented method. Node has no public one: tty.WriteStream always blocks, and a stream of node:fs would
    // block a thread of the pool, for which the process waits when it ends.
    if (stream.isTTY === true) stream._handle?.setBlocking?.(false);
  }
  process.once('exit', () => {
    for (const fd of terminals) {
      if (isatty(fd)) continue;
      closeSync(fd);
      openSync('/dev/null', 'r+');
    }
  });
}

/** Takes the live part of the screen away while something is printed, and shows it again below. */
let aroundLivePart: ((print: () => void) => void) | undefined;

/** @param around undefined: there is no live part any more */
export function setLivePart(around: typeof aroundLivePart): void {
  aroundLivePart = around;
}

/**
 * Prints lines on standard error; above the live part of the screen, where there is one. They may quote a server, a
 * file or an engine: nothing in them acts on the terminal, or on the forge whose log this is.
 */
export function printMessage(text: string): void {
  const lines = printableLines(text);
  const print = () => void process.stderr.write(`${lines}\n`);
  if (aroundLivePart === undefined) print();
  else aroundLivePart(print);
}

/** Resolves when everything written so far has left the process, or cannot any more. */
export async function whenWritten(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise<void>((resolve) => (stream.destroyed ? resolve() : stream.write('', () => resolve()))),
    ),
  );
}

export function outputOf(stream: StandardStream, lose: (error: Error) => void = loseOutput): Output {
  const { fd } = stream;
  if (fd === undefined || !isFile(fd)) {
    if (stream.isTTY === true) return new TerminalOutput(stream);
    return { isTerminal: false, write: (parts) => writeToStream(stream, parts), settle: () => {}, idle: true };
  }
  let writable = true;
  const write = (parts: readonly Uint8Array[]) => {
    if (!writable) return;
    try {
      writeToFile(fd, parts);
    } catch (error) {
      writable = false;
      lose(error as Error);
    }
  };
  return { isTerminal: false, write, settle: () => {}, idle: true };
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

/** Writes all of them; a file may take less than it is given only when the disk is nearly full. */
export function writeToFile(fd: number, parts: readonly Uint8Array[]): void {
  for (const part of parts) {
    for (let done = 0; done < part.length; ) done += writeSync(fd, part, done);
  }
}

function writeToStream(stream: StandardStream, parts: readonly Uint8Array[]): void | Promise<void> {
  if (stream.destroyed || parts.length === 0) return;
  const last = parts.length - 1;
  return new Promise((resolve) => {
    // `watchStandardStreams` listens for errors; only the wait ends here.
    const done = () => {
      stream.off('close', done);
      resolve();
    };
    stream.once('close', done);
    for (const [index, part] of parts.entries()) stream.write(part, index === last ? done : undefined);
  });
}

/** So much is kept for a terminal that is slower than the script, bytes. */
const LONGEST_QUEUE = 4 * 1024 * 1024;
/** So much of it stays when it has to catch up. */
const LAST_LINES = 16 * 1024;
const PIECE = 16 * 1024;
/** So long the end of a console waits for a terminal that is behind. */
const SETTLE_MS = 1000;

/** The queue of a terminal. */
class TerminalOutput implements Output {
  readonly isTerminal = true;
  readonly #stream: StandardStream;
  #queue: Buffer[] = [];
  #size = 0;
  #leftOut = 0;
  /** While the terminal has a piece that it has not taken. */
  #busy = false;
  #idle: (() => void) | undefined;

  constructor(stream: StandardStream) {
    this.#stream = stream;
  }

  get idle(): boolean {
    return !this.#busy;
  }

  write(parts: readonly Uint8Array[]): void {
    if (this.#stream.destroyed) return;
    for (const part of parts) {
      this.#queue.push(Buffer.from(part));
      this.#size += part.length;
    }
    if (this.#size > LONGEST_QUEUE) this.#catchUp();
    this.#next();
  }

  async settle(): Promise<void> {
    if (this.#busy) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      await Promise.race([idle, sleep(SETTLE_MS, undefined, { ref: false })]);
    }
    if (this.#size > LAST_LINES) this.#catchUp();
    for (const piece of this.#queue.splice(0)) this.#stream.write(piece);
    this.#size = 0;
    this.#leftOut = 0;
  }

  /** Keeps the last lines. */
  #catchUp(): void {
    const all = Buffer.concat(this.#queue);
    const newline = all.indexOf('\n', all.length - LAST_LINES);
    const from = newline < 0 ? all.length - LAST_LINES : newline + 1;
    this.#leftOut += from;
    const megabytes = (this.#leftOut / 1e6).toFixed(1);
    const notice = `\x1b[0m\n[ ${megabytes} MB left out, because this terminal is too slow; console.log has all of it ]\n`;
    this.#queue = [Buffer.from(notice), all.subarray(from)];
    this.#size = notice.length + all.length - from;
  }

  #next(): void {
    if (this.#busy) return;
    const piece = Buffer.concat(this.#queue.splice(0));
    if (piece.length === 0) {
      this.#idle?.();
      return;
    }
    this.#size -= piece.length;
    if (piece.length > PIECE) {
      this.#queue = [piece.subarray(PIECE)];
      this.#size += piece.length - PIECE;
    }
    this.#busy = true;
    const taken = () => {
      this.#stream.off('close', taken);
      this.#busy = false;
      this.#leftOut = 0;
      this.#next();
    };
    this.#stream.once('close', taken);
    this.#stream.write(piece.subarray(0, PIECE), taken);
  }
}
