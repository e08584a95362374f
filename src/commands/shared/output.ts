/** Standard output and error, as a process owns them. */
import { UsageError } from '../../lib/errors.js';

/**
 * The reader of our output may go away (`jobserv list | head -1`). The work goes on without
 * it, and its exit status stays what it would have been. May be called again: a command's
 * library listens too, when it is loaded, and throws where a terminal was closed.
 */
export function surviveBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error');
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: a terminal that was closed.
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
}

/** @throws UsageError when it would be longer than a text can be */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value, null, 2);
  } catch (error) {
    if (!(error instanceof RangeError && /string length/.test(error.message))) throw error;
    throw new UsageError(
      'The JSON of all this is longer than the 512 MB that a text can have. Ask for fewer runs, or split the definition.',
    );
  }
}

/** Resolves when everything written so far has left the process, or cannot any more. */
export async function whenWritten(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise<void>((resolve) => (stream.destroyed ? resolve() : stream.write('', () => resolve()))),
    ),
  );
}
