/** Ends a command in order, before its work is done, at a signal or when its output is lost. */
import { CLIError } from '@oclif/core/errors';
import { type Interruption, watchInterrupts } from '../../simulator/index.js';
import { doNotWaitForTerminals, outputLost, printMessage } from '../../terminal/index.js';

/** How long a process that was interrupted, and is done, waits for a terminal or pipe that does not read. */
const LEAVE_MS = 1500;

/**
 * Runs `work` to its end, or until the first SIGINT, SIGTERM, SIGHUP or SIGQUIT.
 *
 * @param stopping the message at the first signal
 * @throws CLIError with the signal's status for an error after it
 */
export async function underInterrupts<T>(
  work: (interruption: Interruption) => Promise<T>,
  stopping: () => string,
): Promise<T> {
  doNotWaitForTerminals();
  const interruption = watchInterrupts(() => printMessage(stopping()), outputLost);
  try {
    return await work(interruption);
  } catch (error) {
    const { status } = interruption;
    throw status === undefined ? error : new CLIError((error as Error).message, { exit: status });
  } finally {
    const { status } = interruption;
    if (status === undefined) interruption.dispose();
    else setTimeout(() => process.exit(status), LEAVE_MS).unref();
  }
}

export interface StopSignals {
  /** Aborts at the first SIGTERM or SIGINT. */
  stop: AbortSignal;
  /** Aborts at the second, from somebody who does not want to wait. */
  leave: AbortSignal;
}

/** For a process that waits for its work to end after the first signal. */
export function watchStopSignals(): StopSignals {
  const [stop, leave] = [new AbortController(), new AbortController()];
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => (stop.signal.aborted ? leave : stop).abort());
  }
  return { stop: stop.signal, leave: leave.signal };
}
