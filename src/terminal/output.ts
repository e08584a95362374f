/** Standard output and standard error as the process owns them. */
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { RunFailure } from '../executor/ports.js';

export interface Output {
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /**
   * Writes as fast as the reader takes it and no faster: there is something to wait for when it
   * returns a promise. The bytes are the caller's again after that. Never fails: once the reader has
   * gone away, or standard output cannot be written, everything is dropped.
   */
  write(parts: readonly Uint8Array[]): void | Promise<void>;
}

type StandardStream = Writable & { fd?: number; isTTY?: boolean };

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
}

function loseOutput(error: NodeJS.ErrnoException): void {
  // EIO: a terminal that was closed. The last two follow a failure that was reported before.
  if (['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'].includes(error.code ?? '')) return;
  if (lost.signal.aborted) return;
  const why = error.code === 'ENOSPC' ? 'no space is left on its device' : error.message;
  const message = `Standard output cannot be written: ${why}. What it got is not complete. Free some space or send the output elsewhere, then run the command again.`;
  lost.abort(new RunFailure('interrupted', message, { environment: 'disk', cause: error }));
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
    return { isTerminal: stream.isTTY === true, write: (parts) => writeToStream(stream, parts) };
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
  return { isTerminal: false, write };
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
