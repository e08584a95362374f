/** Tries again what may go well the next time. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** Milliseconds before the second and each further try: there is one try more than waits. */
  waits: readonly number[];
  signal?: AbortSignal;
  /** Whether it makes sense to try again; without it, always. */
  passing?(error: unknown): boolean;
  /** Lengthens a wait to what the other side demands, ms. */
  atLeast?(error: unknown): number;
  /** Called before each wait. */
  before?(error: unknown, waitMs: number): void | Promise<void>;
}

/**
 * @throws the last try's error; that of a try during which the signal aborted; the signal's reason when it aborts a wait
 */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { waits, signal, passing = () => true, atLeast = () => 0, before } = options;
  for (const wait of waits) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted || !passing(error)) throw error;
      const longer = Math.max(wait, atLeast(error));
      await before?.(error, longer);
      await pause(longer, signal);
    }
  }
  return attempt();
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
