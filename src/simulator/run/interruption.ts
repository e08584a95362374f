/** Ctrl-C and its like (SPEC 8): the first one ends the runs in good order, the second ends the process at once. */
import { RunFailure } from '../../executor/ports.js';

/** 128 + the signal's number, as shells have it. */
const STATUSES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Interrupt = keyof typeof STATUSES;

export interface Interruption {
  /** Aborts at the first signal, with a `RunFailure('interrupted')`. */
  readonly signal: AbortSignal;
  /** The exit status that the signal asks for; undefined while there was none. */
  readonly status: number | undefined;
  /** Gives the signals back. */
  dispose(): void;
}

/**
 * @param onFirst tells the user that the end is under way
 * @param onSecond does what must not be left undone, without waiting for anything
 */
export function watchInterrupts(
  onFirst: () => void,
  onSecond: () => void,
  exit: (status: number) => void = process.exit,
): Interruption {
  const controller = new AbortController();
  let status: number | undefined;
  const take = (name: Interrupt) => {
    if (status !== undefined) {
      onSecond();
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
    signal: controller.signal,
    get status() {
      return status;
    },
    dispose: () => {
      for (const name of names) process.off(name, take);
    },
  };
}
