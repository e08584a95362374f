/** The messages for failed calls: without an answer, or with one that was not expected. */
import { hostOf, parseHttpUrl, withoutSecrets } from './address.js';
import { retryAfterMs } from './attempts.js';
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

const GIVE_TOKEN =
  'Give what you log in with: --token, --header, JOBSERV_TOKEN, or an entry for this server in servers.toml.';

const NOT_ACCEPTED = 'Check that the token is for this server, has not expired, and may see this project.';

/** @param answer one whose status the call does not expect */
export function answerFailure(call: Call, answer: Answer, circumstances: Circumstances): ServerFailure {
  const { authenticated, withheld, words } = circumstances;
  const { status } = answer;
  const said = words(jsendMessage(answer.body) ?? (isHtml(answer) ? titleOf(answer) : plainText(answer)));
  const wait = retryAfterMs(answer.headers['retry-after'], Date.now());
  const kind = kindOf(answer, said, wait);
  const details = {
    status,
    maybeDelivered: status >= 500 && kind !== 'busy',
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(said ? { said } : {}),
  };
  const logIn = withheld === undefined ? (call.logIn ?? GIVE_TOKEN) : keptFrom(answer, withheld);
  return callFailure(kind, call, reasonFor(kind, answer, said, authenticated ? undefined : logIn), details);
}

/** Of a host that a redirect led to. */
function keptFrom({ url }: Answer, withheld: string): string {
  return `The address led on from ${withheld} to ${hostOf(url)}, which was not sent what you log in with at ${withheld}. If it may know, give its own address, or an entry for it in servers.toml.`;
}

function kindOf({ status, body }: Answer, said: string, wait: number | undefined): ServerFailureKind {
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
  said: string,
  logIn: string | undefined,
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
        logIn === undefined
          ? 'or these credentials may not see it'
          : 'or it is hidden from those who do not say who they are';
      const page = html ? 'with a page that is not from JobServ' : 'that there is no such thing';
      return [
        `${host} answers ${page} (${status})${quoted}: it does not exist, ${hidden}`,
        `Check the address.${logIn === undefined ? '' : ` ${logIn}`}`,
      ];
    }
    case 'too-large':
      return [
        `it is larger than ${host}, or a proxy before it, takes (413)`,
        'Make it smaller, or ask who runs that server or proxy to raise its limit.',
      ];
    case 'busy':
      return [`${host} asks to come back later (${status})${quoted}`, 'Try again in a while.'];
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
    const why = 'the answer is not what a JobServ server sends there';
    return callFailure(
      'no-jobserv',
      call,
      [why, 'Check the address; a path before /projects/ may be missing.'],
      details,
    );
  }
  const title = words(titleOf(answer));
  const page = `instead of data came ${title ? `the page "${title}"` : 'a web page'}`;
  if (!redirected && !looksLikeLogin(answer)) {
    const advice = "Give the address of the server's API: https://server/projects/…/builds/N/runs/NAME/.";
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
  return (
    /\b(log-?in|sign-?in|sso|saml|oauth2?|auth)\b/i.test(new URL(url).pathname) || /type=["']?password/i.test(page)
  );
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

interface Reason {
  codes: RegExp;
  kind: ServerFailureKind;
  /** Whether the request can have reached the server. */
  maybeDelivered: boolean;
  why(host: string): string;
  advice: string;
}

const NETWORK = 'Check the address, the network and the proxy settings of this host.';

const REASONS: Reason[] = [
  {
    codes: /^ECONNREFUSED$/,
    kind: 'unreachable',
    maybeDelivered: false,
    why: (host) => `nothing listens at ${host}: the connection was refused`,
    advice: 'Check the port, and that the server is up.',
  },
  {
    codes: /^(ENOTFOUND|EAI_\w+)$/,
    kind: 'unreachable',
    maybeDelivered: false,
    why: (host) => `the name ${host} is not known here`,
    advice: 'Check how it is written, and whether it needs a VPN.',
  },
  {
    codes: /^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL)$/,
    kind: 'unreachable',
    maybeDelivered: false,
    why: (host) => `there is no way to ${host} from here`,
    advice: NETWORK,
  },
  {
    codes: /^UND_ERR_CONNECT_TIMEOUT$/,
    kind: 'unreachable',
    maybeDelivered: false,
    why: (host) => `${host} did not take the connection in time`,
    advice: NETWORK,
  },
  {
    codes: /^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT|ETIMEDOUT|TOTAL_TIMEOUT)$/,
    kind: 'interrupted',
    maybeDelivered: true,
    why: (host) => `${host} took the connection and then was silent for too long`,
    advice: 'It may be overloaded: try again later; if that does not help, look at the server.',
  },
  {
    codes: /^(EPROTO|ERR_SSL_\w+)$/,
    kind: 'tls',
    maybeDelivered: false,
    why: (host) => `${host} does not speak TLS, or none that is known here`,
    advice: 'If the server has plain http, write http:// instead of https://.',
  },
  {
    codes: /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    kind: 'tls',
    maybeDelivered: false,
    why: (host) => `the certificate of ${host} is not valid at this time`,
    advice: "Check this host's clock; otherwise the server needs a new certificate.",
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    kind: 'tls',
    maybeDelivered: false,
    why: (host) => `the certificate that answers there is not for ${host}`,
    advice: 'Use the name that the certificate is for.',
  },
  {
    codes: /^(CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+|DEPTH_ZERO_\w+|ERR_TLS_\w+)$/,
    kind: 'tls',
    maybeDelivered: false,
    why: (host) => `the certificate of ${host} is not trusted here`,
    advice: 'If it is from an authority of your own, name its file in the environment: NODE_EXTRA_CA_CERTS=ca.pem.',
  },
  {
    codes: /^(UND_ERR_HEADERS_OVERFLOW|HPE_HEADER_OVERFLOW)$/,
    kind: 'interrupted',
    maybeDelivered: true,
    why: (host) => `the headers of the answer of ${host} are longer than 64 KiB`,
    advice: 'Ask who runs it, or a proxy before it, what puts them there.',
  },
  {
    codes: /^HPE_\w+$/,
    kind: 'no-jobserv',
    maybeDelivered: true,
    why: (host) => `what answers at ${host} does not speak HTTP`,
    advice: 'Check the port; a server with TLS wants https://.',
  },
  {
    codes:
      /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|UND_ERR_CLOSED|UND_ERR_DESTROYED|UND_ERR_ABORTED)$/,
    kind: 'interrupted',
    maybeDelivered: true,
    why: (host) => `the connection to ${host} broke off before the answer was complete`,
    advice: 'Try again; if that does not help, look at the server, and at the proxies before it.',
  },
  {
    // Whatever else an answer makes undici complain of is that call's failure, never a defect of ours.
    codes: /^UND_ERR_(?!INVALID_ARG|NOT_SUPPORTED)\w+$/,
    kind: 'interrupted',
    maybeDelivered: true,
    why: (host) => `the answer of ${host} is not one that can be read`,
    advice: 'Look at the server, and at the proxies before it.',
  },
];

/** An error of the transport as a `ServerFailure`; undefined for what is none of a connection, and so a defect. */
export function connectionFailure(call: Call, error: unknown, words: Words): ServerFailure | undefined {
  const { code, text } = innermost(error);
  const proxy = failingProxy(call.url, error);
  if (proxy !== undefined) {
    const { variable, host, refused } = proxy;
    const why = refused
      ? `the proxy ${host}, set by ${variable}, refuses the connection to ${hostOf(call.url)} (${refused})`
      : `the proxy ${host}, set by ${variable}, cannot be reached (${words(text)})`;
    const advice = `Correct ${variable}, or add ${new URL(call.url).hostname} to NO_PROXY.`;
    return callFailure('unreachable', call, [why, advice], {
      lasting: refused?.startsWith('4') ?? false,
      proxy: true,
      cause: error,
    });
  }
  const found = REASONS.find(({ codes }) => codes.test(code));
  if (found === undefined) return undefined;
  const { kind, maybeDelivered, why, advice } = found;
  const detail = words(text);
  const message = [`${why(hostOf(call.url))}${detail && ` (${detail})`}`, advice] as const;
  return callFailure(kind, call, message, { maybeDelivered, cause: error });
}

/** The proxy of the environment, when it and not the server is what failed. */
function failingProxy(url: string, error: unknown): { variable: string; host: string; refused?: string } | undefined {
  const names = url.startsWith('https:') ? ['https_proxy', 'HTTPS_PROXY'] : [];
  const variable = [...names, 'http_proxy', 'HTTP_PROXY'].find((name) => process.env[name]);
  const proxy = variable === undefined ? undefined : parseHttpUrl(process.env[variable] ?? '');
  if (variable === undefined || proxy === undefined) return undefined;
  const own = proxy.port || (proxy.protocol === 'https:' ? '443' : '80');
  for (let one = error, depth = 0; one instanceof Error && depth < 8; depth++) {
    const { message, port, hostname, cause } = one as Error & { port?: number; hostname?: string };
    const refused = /Proxy response \((\d+)\)/.exec(message)?.[1];
    if (refused !== undefined) return { variable, host: proxy.host, refused };
    const { port: servers } = new URL(url);
    if (hostname === proxy.hostname || (port !== undefined && String(port) === own && own !== servers)) {
      return { variable, host: proxy.host };
    }
    one = cause ?? (one instanceof AggregateError ? one.errors.at(-1) : undefined);
  }
  return undefined;
}

/** The cause that names a code; of several addresses that were tried, the last. */
function innermost(error: unknown): { code: string; text: string } {
  let found = { code: '', text: '' };
  for (let one = error, depth = 0; one instanceof Error && depth < 8; depth++) {
    const code = one.name === 'HTTPParserError' ? 'HPE_INVALID' : (one as NodeJS.ErrnoException).code;
    // undici's own codes are more general than those of the socket inside.
    if (typeof code === 'string') found = { code, text: one.message };
    one = one.cause ?? (one instanceof AggregateError ? one.errors.at(-1) : undefined);
  }
  return found;
}

/** The answer is JSON, but not a JobServ server's. */
export function notJobserv({ what }: Call, { status, url }: Pick<Answer, 'status' | 'url'>): ServerFailure {
  const why = 'the answer is not what a JobServ server sends there';
  const advice = 'Check the address: the run of a build is at https://server/projects/PROJECT/builds/N/runs/NAME/.';
  return callFailure('no-jobserv', { what, url }, [why, advice], { status });
}
