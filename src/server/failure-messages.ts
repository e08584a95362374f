/** The messages for calls whose answer is not the expected one. */
import { hostOf, isLoginAddress, withoutSecrets } from './address.js';
import { GIVE_TOKEN, retryAfterMs } from './attempts.js';
import type { Answer, Call } from './call.js';
import { jsendMessage } from './jsend.js';
import { callFailure, type ServerFailure, type ServerFailureKind } from './server-failure.js';

/** Makes somebody else's text fit for a message: one line, not long, no control characters, no credentials. */
export type Words = (text: string) => string;

export interface Circumstances {
  /** Whether credentials went to the server that answered. */
  authenticated: boolean;
  /** The host that the credentials are for, where a redirect led to another one, which did not get them. */
  withheld?: string | undefined;
  words: Words;
}

const NOT_ACCEPTED = 'Check that the token is for this server, has not expired, and may see this project.';

/** @param answer one whose status the call does not expect */
export function answerFailure(call: Call, answer: Answer, circumstances: Circumstances): ServerFailure {
  const { authenticated, withheld, words } = circumstances;
  const { status } = answer;
  const said = words(jsendMessage(answer.body) ?? (isHtml(answer) ? titleOf(answer) : plainText(answer)));
  const wait = waitOf(answer);
  const kind = kindOf(answer, said, wait);
  const details = {
    status,
    maybeDelivered: status >= 500 && kind !== 'busy',
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(said ? { said } : {}),
  };
  const logIn = withheld === undefined ? (call.logIn ?? GIVE_TOKEN) : keptFrom(answer, withheld);
  return callFailure(
    kind,
    call,
    reasonFor(kind, answer, { said, wait, logIn: authenticated ? undefined : logIn }),
    details,
  );
}

/** Of a host that a redirect led to. */
function keptFrom({ url }: Answer, withheld: string): string {
  const there = hostOf(url);
  return `${withheld} redirected to ${there}, which did not get your credentials: they are for ${withheld}. If ${there} may have them, use its address, or add an entry for it to servers.toml.`;
}

/** How long the server wants to be left alone, ms; GitHub says when its limit ends. */
function waitOf({ headers }: Answer): number | undefined {
  const reset = headers['x-ratelimit-remaining'] === '0' ? Number(headers['x-ratelimit-reset']) : Number.NaN;
  const wait = retryAfterMs(headers['retry-after'], Date.now());
  return wait ?? (Number.isFinite(reset) ? Math.max(0, reset * 1000 - Date.now()) : undefined);
}

function kindOf({ status, body }: Answer, said: string, wait: number | undefined): ServerFailureKind {
  // GitHub's limit of calls.
  if (status === 403 && (wait !== undefined || /rate limit/i.test(said))) return 'busy';
  if (status === 401 && /complete/i.test(said) && jsendMessage(body) !== undefined) return 'completed';
  if (status === 401 || status === 403 || status === 407) return 'unauthorized';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 413) return 'too-large';
  if (status === 408 || status === 425 || status === 429 || (status === 503 && wait !== undefined)) return 'busy';
  if (status >= 500) return 'server-error';
  return status >= 400 ? 'rejected' : 'no-jobserv';
}

/** @param logIn how to log in, for a call without credentials */
function reasonFor(
  kind: ServerFailureKind,
  answer: Answer,
  { said, wait = 0, logIn }: { said: string; wait: number | undefined; logIn: string | undefined },
): [why: string, advice: string] {
  const { status } = answer;
  const host = hostOf(answer.url);
  const quoted = said && ` ("${said}")`;
  const html = isHtml(answer);
  switch (kind) {
    case 'completed':
      return ['the run is complete on the server, which accepts nothing more of it', 'There is nothing to do.'];
    case 'unauthorized':
      if (status === 407) {
        return [
          `the proxy on the way to ${host} wants credentials of its own`,
          'Put them into HTTPS_PROXY, http://user:password@proxy:port.',
        ];
      }
      return logIn === undefined
        ? [
            `${host} does not accept the credentials that were given, or they may not do this (${status})${quoted}`,
            NOT_ACCEPTED,
          ]
        : [`${host} requires a login (${status})${quoted}`, logIn];
    case 'not-found': {
      const hidden =
        logIn === undefined ? 'or these credentials may not see it' : 'or it can be seen only with a login';
      const page = html ? 'with a page that is not from JobServ' : 'that there is no such thing';
      return [
        `${host} answers ${page} (${status})${quoted}: it does not exist, ${hidden}`,
        `Check the address.${logIn === undefined ? '' : ` ${logIn}`}`,
      ];
    }
    case 'too-large':
      return [
        `it is too large for ${host}, or for a proxy before it (413)`,
        'Make it smaller, or ask who runs that server or proxy to raise its limit.',
      ];
    case 'busy':
      return [
        `${host} asks to come back later (${status})${quoted}`,
        `Try again in ${wait > 60_000 ? `${Math.ceil(wait / 60_000)} minutes` : 'a while'}.${status === 403 && logIn ? ` ${logIn}` : ''}`,
      ];
    case 'server-error':
      return html
        ? [
            `a proxy before ${host} answered with a page of its own (${status})${quoted}`,
            'The server behind it is down or too slow: try again later, or ask who runs it.',
          ]
        : [`${host} failed (${status})${quoted}`, "Try again later; if that does not help, look at the server's log."];
    case 'rejected':
      return [`${host} refuses the request (${status})${quoted}`, 'Check the address and what was given.'];
    default:
      return [`${host} gives an unexpected answer (${status})${quoted}`, 'Check the address.'];
  }
}

/** A good status and a body that cannot be the answer: a page, or another program's words. */
export function strangeAnswer(
  call: Call,
  answer: Answer,
  redirected: boolean,
  { authenticated, withheld, words }: Circumstances,
): ServerFailure {
  const details = { status: answer.status };
  if (!isHtml(answer)) {
    const why =
      call.otherApi === undefined ? 'the answer is not what a JobServ server sends there' : 'the answer is no data';
    return callFailure(
      'no-jobserv',
      call,
      [why, call.otherApi ?? 'Check the address; a path before /projects/ may be missing.'],
      details,
    );
  }
  const title = words(titleOf(answer));
  const page = `instead of data came ${title ? `the page "${title}"` : 'a web page'}`;
  if (!redirected && !looksLikeLogin(answer)) {
    const advice =
      call.otherApi ?? "Give the address of the server's API: https://server/projects/…/builds/N/runs/NAME/.";
    return callFailure('no-jobserv', call, [`${page} of a front end or a proxy`, advice], details);
  }
  const given = authenticated || withheld !== undefined;
  const advice = call.logIn ?? (given ? `Your credentials were not sufficient. ${NOT_ACCEPTED}` : GIVE_TOKEN);
  return callFailure(
    'unauthorized',
    call,
    [`${page} from ${withoutSecrets(answer.url)}, a login page`, advice],
    details,
  );
}

function isHtml({ headers, body }: Pick<Answer, 'headers' | 'body'>): boolean {
  const start = body.subarray(0, 512).toString('latin1').trimStart().toLowerCase();
  return /^text\/html|^application\/xhtml/.test(headers['content-type'] ?? '')
    ? start.startsWith('<')
    : /^<(!doctype html|html|head|body)\b/.test(start);
}

function looksLikeLogin({ url, body }: Answer): boolean {
  const page = body.subarray(0, 64 * 1024).toString('latin1');
  return isLoginAddress(new URL(url)) || /type=["']?password/i.test(page);
}

function titleOf({ body }: Answer): string {
  const page = body.subarray(0, 64 * 1024).toString('utf8');
  return /<title[^>]{0,100}>([^<]{0,200})/i.exec(page)?.[1] ?? '';
}

/** A short text that is no envelope may be a message. */
function plainText({ headers, body }: Answer): string {
  const text = /^text\/|^$/.test(headers['content-type'] ?? '') ? body.subarray(0, 300).toString('utf8') : '';
  return text.includes('<') ? '' : text;
}

/** The answer is JSON, but not a JobServ server's. */
export function notJobserv({ what }: Call, { status, url }: Pick<Answer, 'status' | 'url'>): ServerFailure {
  const why = 'the answer is not what a JobServ server sends there';
  const advice = 'Check the address: the run of a build is at https://server/projects/PROJECT/builds/N/runs/NAME/.';
  return callFailure('no-jobserv', { what, url }, [why, advice], { status });
}
