/** When a call is made again, and where a redirect leads. */
import { isLoginAddress, parseHttpUrl, withoutSecrets } from './address.js';
import type { AnswerHead, Call } from './call.js';
import { callFailure, type ServerFailure } from './server-failure.js';
import { isThisMachine } from './this-machine.js';

/** For a call without credentials, or with ones that did not help. */
export const GIVE_TOKEN =
  'Give your credentials: --token, --header, JOBSERV_TOKEN, or an entry for this server in servers.toml.';

export interface RetryPolicy {
  tries: number;
  /** Before the second try; each further wait is twice as long, up to the longest. */
  firstWaitMs: number;
  longestWaitMs: number;
  /** A longer Retry-After than this ends the tries. */
  longestRetryAfterMs: number;
  /** After an answer that broke off or came too slowly: no further try once this has passed since the first. */
  longestMs: number;
}

/**
 * For a person who waits: 5 tries with about 0.5 + 1 + 2 + 4 = 7.5 s of waits between them. A restart of the server
 * goes unnoticed, and a dead one is reported within seconds.
 */
export const PATIENCE: RetryPolicy = {
  tries: 5,
  firstWaitMs: 500,
  longestWaitMs: 8000,
  longestRetryAfterMs: 60_000,
  longestMs: 30_000,
};

/**
 * Whether a call is made again after this failure.
 *
 * | what happened | again? |
 * | --- | --- |
 * | no connection was made | yes: the server did not get it |
 * | a proxy refused the connection with a 4xx | no |
 * | 408, 425, 429, 503 with Retry-After | yes, when the server says |
 * | the answer was lost, or a 5xx | when the call is repeatable |
 * | any other 4xx, TLS, not JobServ, a redirect | no: the next answer would be the same |
 *
 * @param elapsedMs since the first try began
 */
export function mayRepeat(
  failure: ServerFailure,
  { method, repeatable = method !== 'POST', retry }: Pick<Call, 'method' | 'repeatable' | 'retry'>,
  policy: RetryPolicy,
  elapsedMs: number,
): boolean {
  if (retry === false || !failure.passing || failure.lasting) return false;
  if (failure.kind === 'interrupted' && elapsedMs >= policy.longestMs) return false;
  if (failure.maybeDelivered && !repeatable) return false;
  return (failure.retryAfterMs ?? 0) <= policy.longestRetryAfterMs;
}

/** Retry-After as seconds or as a date; undefined for neither. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function isRedirect({ status, headers }: AnswerHead): boolean {
  return REDIRECTS.has(status) && headers['location'] !== undefined;
}

/**
 * The call that a redirect requests. A GET may go anywhere; a call that changes something only within its origin, and
 * only for 307 and 308. The call's own headers, which may hold a key, are sent to no other origin.
 *
 * @param hop what was redirected: `call`, or the call after an earlier redirect
 * @throws ServerFailure for a redirect that is not followed
 */
export function nextCall(call: Call, hop: Call, { status, headers }: AnswerHead): Call {
  const target = headers['location'] ?? '';
  const url = URL.canParse(target, hop.url) ? parseHttpUrl(new URL(target, hop.url).href) : undefined;
  const refuse = (...message: [why: string, advice: string]) => callFailure('redirected', call, message, { status });
  if (url === undefined) throw refuse('the server redirects to something that is no URL', 'Check the address.');
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
    if (isLoginAddress(url)) throw refuse(`the server redirects to ${there}, a login page`, call.logIn ?? GIVE_TOKEN);
    throw refuse(`the server redirects to ${there}`, 'Use that address from the start.');
  }
  // Back at the first origin the headers are sent again.
  if (url.origin === origin) return { ...call, url: url.href };
  const { headers: _, ...rest } = call;
  return { ...rest, url: url.href };
}
