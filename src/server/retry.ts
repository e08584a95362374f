/** When a call is tried again, and after how long. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from './call.js';
import type { ServerFailure } from './server-failure.js';

export interface RetryPolicy {
  tries: number;
  /** Milliseconds before the second try; each further wait is twice the one before, */
  firstWaitMs: number;
  /** but not longer than this. */
  longestWaitMs: number;
  /** A server that asks for more patience than this, in Retry-After, is not waited for. */
  longestRetryAfterMs: number;
  /** An answer that breaks off, or drips, is not asked for again when this has passed since the first try. */
  longestMs: number;
}

/**
 * For somebody who waits: 5 tries, and 0.5 + 1 + 2 + 4 = 7.5 s of waits between them, so that
 * a restart of the server goes unnoticed and a dead one is told within seconds. Each wait is
 * stretched or cut by up to a quarter, so that many who lost one server do not come back at
 * once. With Retry-After, its time instead, up to a minute.
 */
export const PATIENCE: RetryPolicy = {
  tries: 5,
  firstWaitMs: 500,
  longestWaitMs: 8000,
  longestRetryAfterMs: 60_000,
  longestMs: 30_000,
};

/**
 * Milliseconds until the next try; undefined when there is none.
 *
 * | what happened | again? |
 * | --- | --- |
 * | no connection came about | yes: the server knows nothing of it |
 * | 408, 425, 429, 503 with Retry-After | yes, when the server says |
 * | the answer was lost, or a 5xx | when the call is repeatable |
 * | any other 4xx, TLS, not JobServ, a redirect | no: the next answer would be the same |
 *
 * @param tried how often, the failed try included
 * @param elapsedMs since the first try began
 */
export function waitBeforeRetry(
  failure: ServerFailure,
  call: Pick<Call, 'method' | 'repeatable' | 'retry'>,
  tried: number,
  policy: RetryPolicy,
  elapsedMs = 0,
): number | undefined {
  if (call.retry === false || tried >= policy.tries || !failure.passing) return undefined;
  if (failure.kind === 'interrupted' && elapsedMs >= policy.longestMs) return undefined;
  if (failure.maybeDelivered && !(call.repeatable ?? call.method !== 'POST')) return undefined;
  if (failure.retryAfterMs !== undefined) {
    return failure.retryAfterMs <= policy.longestRetryAfterMs ? failure.retryAfterMs : undefined;
  }
  const wait = Math.min(policy.firstWaitMs * 2 ** (tried - 1), policy.longestWaitMs);
  return Math.round(wait * (0.75 + Math.random() / 2));
}

/** Retry-After as seconds or as a date; undefined for neither. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Ends early, with the signal's reason, when it aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
}
