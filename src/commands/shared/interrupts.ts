/** Signals, and an output that is lost: what ends a command in good order before its work is done. */
import { type Interruption, watchInterrupts } from '../../simulator/run/interruption.js';
import { outputLost } from '../../terminal/output.js';

/** Work that an AbortSignal ends in good order. */
export interface Work<T> {
  result: Promise<T>;
  /** At a second Ctrl-C the process ends at once: does, synchronously, what must not be left undone. */
  abandon(): void;
}

/**
 * Does the work until it is done, or until the first SIGINT, SIGTERM or SIGHUP.
 *
 * @param stopping is printed at the first signal
 * @param fail ends the command with the signal's status
 */
export async function underInterrupts<T>(
  start: (signal: AbortSignal) => Work<T>,
  stopping: () => string,
  done: (result: T, interruption: Interruption) => void | Promise<void>,
  fail: (message: string, status: number) => never,
): Promise<T> {
  let abandon = () => {};
  const interruption = watchInterrupts(
    () => process.stderr.write(`${stopping()}\n`),
    () => abandon(),
  );
  try {
    const work = start(AbortSignal.any([interruption.signal, outputLost]));
    abandon = () => work.abandon();
    const result = await work.result;
    await done(result, interruption);
    return result;
  } catch (error) {
    if (interruption.status !== undefined) return fail((error as Error).message, interruption.status);
    throw error;
  } finally {
    interruption.dispose();
  }
}

export interface StopSignals {
  /** Aborts at the first SIGTERM or SIGINT. */
  stop: AbortSignal;
  /** Aborts at the second: whoever sends it does not want to wait. */
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
