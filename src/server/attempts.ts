/** What follows an answer that is not the end of a call: another try, or the address that a redirect names. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseHttpUrl, withoutSecrets } from './address.js';
import type { AnswerHead, Call } from './call.js';
import { ServerFailure } from './server-failure.js';

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
 * | a proxy refused the way with a 4xx | no |
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
  if (call.retry === false || tried >= policy.tries || !failure.passing || failure.lasting) return undefined;
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

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function isRedirect({ status, headers }: AnswerHead): boolean {
  return REDIRECTS.has(status) && headers['location'] !== undefined;
}

/**
 * The call that a redirect asks for. A GET goes anywhere; one that changes something goes only
 * within its origin, and only where the server says that it stays what it is (307, 308). The
 * call's own headers, among which a key may be, do not leave the origin that they were given for.
 *
 * @param call as it was made
 * @param hop what was redirected: `call`, or where an earlier redirect led
 * @throws ServerFailure for a redirect that is not followed
 */
export function nextCall(call: Call, hop: Call, { status, headers }: AnswerHead): Call {
  const target = headers['location'] ?? '';
  const url = URL.canParse(target, hop.url) ? parseHttpUrl(new URL(target, hop.url).href) : undefined;
  const refuse = (why: string, advice: string) =>
    new ServerFailure(
      'redirected',
      `Could not ${call.what} at ${call.shown ?? withoutSecrets(call.url)}: ${why}. ${advice}`,
      { status },
    );
  if (url === undefined) throw refuse('the server redirects to what is no address', 'Check the address.');
  const there = withoutSecrets(url.href);
  if (hop.url.startsWith('https:') && url.protocol === 'http:') {
    throw refuse(`the server redirects to ${there}, which is not encrypted`, 'Check the address.');
  }
  if (isThisMachine(url.hostname) && !isThisMachine(new URL(call.url).hostname)) {
    throw refuse(
      `the server redirects to ${there}, an address of this machine or its own network link`,
      'Check the address.',
    );
  }
  const origin = new URL(call.url).origin;
  if (call.method !== 'GET' && (url.origin !== origin || (status !== 307 && status !== 308))) {
    throw refuse(`the server redirects to ${there}`, 'Use that address from the start.');
  }
  // A server of the same origin again gets them again: only it has ever had them.
  if (url.origin === origin) return { ...call, url: url.href };
  const { headers: _, ...rest } = call;
  return { ...rest, url: url.href };
}

/** Loopback, link-local (a cloud's metadata service) and unspecified addresses, as `URL` writes them; a server elsewhere has no business there. */
function isThisMachine(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  return (
    /(^|\.)localhost$/.test(host) ||
    /^(127|0)\.|^169\.254\./.test(host) ||
    /^\[(::1?|fe[89ab][0-9a-f]:.*|::ffff:(7f|a9fe:|0:).*|fd00:ec2::254)\]$/.test(host)
  );
}
