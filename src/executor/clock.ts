/** The time limits of a run. Its clock (SPEC 4.2) counts `timeout` minutes from the end of the pull, across processes. */
import { monotonicMs, plural } from '../lib/index.js';
import { type ClockState, RunFailure } from './checkpoint.js';

/** setTimeout's longest wait; a timeout beyond 24 days is none. */
const LONGEST_TIMER = 2 ** 31 - 1;

export interface Clock {
  /** Aborts when the time is up, and whenever `stop` does. */
  signal: AbortSignal;
  /** undefined: the run has no timeout. */
  state(): ClockState | undefined;
  /** For the time in which the machine boots. */
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
    // The state may be of an earlier process: whatever it wrote, there is never more time than the whole.
    const ms = 'left' in state ? state.left : state.upAt - monotonicMs();
    return Math.min(whole, Math.max(0, Number.isFinite(ms) ? ms : whole));
  };
  const expire = () =>
    late.abort(new RunFailure('timeout', `It took longer than its timeout of ${plural(minutes, 'minute')}.`));
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

/** From SPEC 3 and 4; tests pass smaller ones. */
export interface Limits {
  /** Waits before the second, third and fourth try to pull, ms. */
  pullWaits: readonly number[];
  /** After this time without output, `ps` and `top` are run inside the container, ms. */
  hungAfter: number;
  /** The length of a minute of the rundef's `timeout`, ms. */
  minute: number;
  /** How long the last output of a killed container may take to arrive, ms. */
  drain: number;
  /** How long `ps` and `top` inside the container may take, ms. */
  diagnosis: number;
}

export const LIMITS: Limits = {
  pullWaits: [2_000, 3_000, 5_000],
  hungAfter: 300_000,
  minute: 60_000,
  drain: 10_000,
  diagnosis: 30_000,
};
