/** Where a redirect leads, and whether we go. */
import { parseHttpUrl, withoutSecrets } from './address.js';
import type { AnswerHead, Call } from './call.js';
import { ServerFailure } from './server-failure.js';

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
