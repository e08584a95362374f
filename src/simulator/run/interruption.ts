/** Ctrl-C and its like (SPEC 8): the first one ends the runs in good order, the second ends the process at once. */
import { RunFailure } from '../../executor/index.js';

/** 128 + the signal's number, as shells have it. */
const STATUSES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;
type Interrupt = keyof typeof STATUSES;

export interface Interruption {
  /** Aborts at the first signal, with a `RunFailure('interrupted')`, or when the output is lost. */
  readonly signal: AbortSignal;
  /** The exit status that the signal asks for; undefined while there was none. */
  readonly status: number | undefined;
  /** What must not be left undone when the second signal ends the process: called then, without waiting. */
  readonly lastSteps: Set<() => void>;
  /** Gives the signals back. */
  dispose(): void;
}

/**
 * @param onFirst called at the first signal
 * @param outputLost another reason to stop
 */
export function watchInterrupts(
  onFirst: () => void,
  outputLost: AbortSignal,
  exit: (status: number) => void = process.exit,
): Interruption {
  const controller = new AbortController();
  const lastSteps = new Set<() => void>();
  let status: number | undefined;
  const take = (name: Interrupt) => {
    if (status !== undefined) {
      for (const step of lastSteps) step();
      exit(STATUSES[name]);
      return;
    }
    status = STATUSES[name];
    controller.abort(new RunFailure('interrupted', `The run was interrupted (${name}).`));
    onFirst();
  };
  const names = Object.keys(STATUSES) as Interrupt[];
  for (const name of names) process.on(name, take);
  return {
    signal: AbortSignal.any([controller.signal, outputLost]),
    lastSteps,
    get status() {
      return status;
    },
    dispose: () => {
      for (const name of names) process.off(name, take);
    },
  };
}

/** So long the last lines of an interrupted run wait for their reader. */
const GRACE_MS = 250;

/**
 * Waits until something is shown. The screen's reader may have stopped for ever; then the end of a run does not depend
 * on it.
 *
 * @returns false where an interruption ended the wait
 */
export async function unlessInterrupted(
  shown: void | Promise<void>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (shown === undefined || signal === undefined) {
    await shown;
    return true;
  }
  let stop = () => {};
  const interrupted = new Promise<false>((resolve) => {
    stop = () => resolve(false);
    if (signal.aborted) setTimeout(stop, GRACE_MS).unref();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([shown.then(() => true), interrupted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
