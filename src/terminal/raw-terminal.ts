/** The user's terminal, handed to a program that wants every key. */
import { isatty, type ReadStream, type WriteStream } from 'node:tty';

/** Whether there is a terminal to hand over. */
export function hasTerminal(): boolean {
  // By number: the streams are opened only when they are needed.
  return isatty(0) && isatty(1);
}

export interface RawTerminal {
  input: ReadStream;
  output: WriteStream;
  size(): { columns: number; rows: number };
  /** Answers how to stop listening. */
  onResize(listener: () => void): () => void;
}

/** Gives the terminal away while the work goes on, and takes it back in its usual mode. */
export async function withRawTerminal<T>(work: (terminal: RawTerminal) => Promise<T>): Promise<T> {
  const input = process.stdin as ReadStream;
  const output = process.stdout as WriteStream;
  input.setRawMode(true);
  // A terminal that was closed fails when it is read: then it is at its end.
  const closed = () => input.destroy();
  input.on('error', closed);
  try {
    return await work({
      input,
      output,
      size: () => ({ columns: output.columns, rows: output.rows }),
      onResize: (listener) => {
        output.on('resize', listener);
        return () => output.off('resize', listener);
      },
    });
  } finally {
    input.off('error', closed);
    if (!input.destroyed) {
      input.setRawMode(false);
      input.pause();
    }
  }
}
