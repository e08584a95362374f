/** The clock of SPEC 4.2: `timeout` minutes from the end of the pull, whatever process runs the story. */
import { monotonicMs } from '../lib/monotonic.js';
import type { Limits } from './limits.js';
import { RunFailure } from './ports.js';

/** setTimeout's longest wait; a timeout beyond 24 days is none. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** When it is up, by `monotonicMs`, which nobody sets and a machine's processes share; or, while it stands, the ms that are left. */
export type ClockState = { upAt: number } | { left: number };

export interface Clock {
  /** Aborts when the time is up, and whenever `stop` does. */
  signal: AbortSignal;
  /** undefined: the run has no timeout. */
  state(): ClockState | undefined;
  /** As while the machine boots. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/** @param minutes 0 is no timeout */
export function startClock(minutes: number, limits: Limits, stop: AbortSignal, resumed?: ClockState): Clock {
  const late = new AbortController();
  const whole = minutes * limits.minute;
  let timer: NodeJS.Timeout | undefined;
  let state: ClockState | undefined = whole > 0 && whole <= LONGEST_TIMER ? (resumed ?? { left: whole }) : undefined;
  const left = () => {
    if (state === undefined) return 0;
    // Whatever an earlier process wrote, there is never more time than the whole.
    const ms = 'left' in state ? state.left : state.upAt - monotonicMs();
    return Math.min(whole, Math.max(0, Number.isFinite(ms) ? ms : whole));
  };
  const expire = () =>
    late.abort(new RunFailure('timeout', `It took longer than its timeout of ${minutes} minute(s).`));
  const clock: Clock = {
    signal: AbortSignal.any([stop, late.signal]),
    state: () => state,
    pause: () => {
      clearTimeout(timer);
      if (state !== undefined) state = { left: left() };
    },
    resume: () => {
      if (state === undefined) return;
      if (left() === 0) expire();
      else timer = setTimeout(expire, left());
      state = { upAt: monotonicMs() + left() };
    },
    stop: () => clearTimeout(timer),
  };
  clock.resume();
  return clock;
}
