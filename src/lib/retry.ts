/** Tries again what may succeed the next time. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** Milliseconds before the second and each further try; when they end, so do the tries. */
  waits: Iterable<number>;
  signal?: AbortSignal | undefined;
  /** Whether another try makes sense after this error; always, by default. */
  passing?(error: unknown): boolean;
  /** The wait after this error, ms, in place of the planned one. */
  wait?(error: unknown, plannedMs: number): number;
  /** Called before each wait. */
  before?(error: unknown, waitMs: number): void | Promise<void>;
  /** For tests, which do not wait. */
  pause?: typeof pause | undefined;
}

/**
 * @throws the last try's error; that of a try during which the signal aborted; the signal's reason when it aborts a wait
 */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { waits, signal, passing = () => true, wait = (_, planned) => planned, before } = options;
  for (const planned of waits) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted || !passing(error)) throw error;
      const ms = wait(error, planned);
      await before?.(error, ms);
      await (options.pause ?? pause)(ms, signal);
    }
  }
  return attempt();
}

/**
 * Waits for `retry`, each twice as long as the one before, up to the longest. Each is stretched or cut by up to a
 * quarter, so that many clients who lost one server do not come back at the same moment.
 */
export function* doubling(firstMs: number, longestMs: number, count = Number.POSITIVE_INFINITY): Generator<number> {
  for (let done = 0, wait = firstMs; done < count; done++, wait = Math.min(longestMs, wait * 2)) {
    yield Math.round(wait * (0.75 + Math.random() / 2));
  }
}

/** Waits; when the signal aborts, throws its reason. @public */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
