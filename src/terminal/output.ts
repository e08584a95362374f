/** Bytes to stdout or stderr, as fast as its reader takes them and no faster. */
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';

export interface Output {
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /**
   * Nothing to wait for when it returns nothing; the bytes are the caller's again once it
   * has returned, or resolved. After the reader has gone away everything is dropped.
   */
  write(parts: readonly Uint8Array[]): void | Promise<void>;
}

type StandardStream = Writable & { fd?: number; isTTY?: boolean };

export function outputOf(stream: StandardStream): Output {
  const { fd } = stream;
  if (fd !== undefined && isFile(fd)) {
    return { isTerminal: false, write: (parts) => writeToFile(fd, parts) };
  }
  return { isTerminal: stream.isTTY === true, write: (parts) => writeToStream(stream, parts) };
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
    // Whose stream it is listens for `error`; here only the wait ends.
    const done = () => {
      stream.off('close', done);
      resolve();
    };
    stream.once('close', done);
    for (const [index, part] of parts.entries()) stream.write(part, index === last ? done : undefined);
  });
}
