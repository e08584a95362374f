/** The messages for calls without an answer: no connection, or one that broke. */
import { type NamedProxy, portOf } from '../lib/index.js';
import { hostOf } from './address.js';
import type { Call } from './call.js';
import type { Words } from './failure-messages.js';
import { callFailure, type ServerFailure, type ServerFailureKind } from './server-failure.js';
import { LEADS_HERE } from './this-machine.js';

interface Reason {
  codes: RegExp;
  kind: ServerFailureKind;
  why(host: string): string;
  advice: string;
}

const NETWORK = 'Check the address, the network and the proxy settings of this host.';

const REASONS: Reason[] = [
  {
    codes: /^ECONNREFUSED$/,
    kind: 'unreachable',
    why: (host) => `nothing listens at ${host}: the connection was refused`,
    advice: 'Check the port, and that the server is up.',
  },
  {
    codes: /^(ENOTFOUND|EAI_\w+)$/,
    kind: 'unreachable',
    why: (host) => `the name ${host} cannot be resolved here`,
    advice: 'Check how it is written, and whether it needs a VPN.',
  },
  {
    codes: /^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL)$/,
    kind: 'unreachable',
    why: (host) => `there is no route to ${host} from here`,
    advice: NETWORK,
  },
  {
    codes: new RegExp(`^${LEADS_HERE}$`),
    kind: 'redirected',
    why: (host) => `the server redirects to ${host}, an address of this machine or its own network link`,
    advice: 'Check the address.',
  },
  {
    codes: /^UND_ERR_CONNECT_TIMEOUT$/,
    kind: 'unreachable',
    why: (host) => `${host} did not take the connection in time`,
    advice: NETWORK,
  },
  {
    codes: /^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT|ETIMEDOUT|TOTAL_TIMEOUT)$/,
    kind: 'interrupted',
    why: (host) => `${host} took the connection and then was silent for too long`,
    advice: 'It may be overloaded: try again later; if that does not help, look at the server.',
  },
  {
    codes: /^(EPROTO|ERR_SSL_\w+)$/,
    kind: 'tls',
    why: (host) => `${host} does not speak TLS, or no version of it that is supported here`,
    advice: 'If the server has plain http, write http:// instead of https://.',
  },
  {
    codes: /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    kind: 'tls',
    why: (host) => `the certificate of ${host} is not valid at this time`,
    advice: "Check this host's clock; otherwise the server needs a new certificate.",
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    kind: 'tls',
    why: (host) => `the certificate that answers there is not for ${host}`,
    advice: 'Use the name that the certificate is for.',
  },
  {
    codes: /^(CERT_\w+|\w*SELF_SIGNED\w*|UNABLE_TO_\w+|DEPTH_ZERO_\w+|ERR_TLS_\w+)$/,
    kind: 'tls',
    why: (host) => `the certificate of ${host} is not trusted here`,
    advice: 'If it is from an authority of your own, name its file in the environment: NODE_EXTRA_CA_CERTS=ca.pem.',
  },
  {
    codes: /^(UND_ERR_HEADERS_OVERFLOW|HPE_HEADER_OVERFLOW)$/,
    kind: 'interrupted',
    why: (host) => `the headers of the answer of ${host} are longer than 64 KiB`,
    advice: 'Ask who runs it, or a proxy before it, what puts them there.',
  },
  {
    codes: /^HPE_\w+$/,
    kind: 'no-jobserv',
    why: (host) => `what answers at ${host} does not speak HTTP`,
    advice: 'Check the port; a server with TLS wants https://.',
  },
  {
    codes:
      /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|UND_ERR_CLOSED|UND_ERR_DESTROYED|UND_ERR_ABORTED)$/,
    kind: 'interrupted',
    why: (host) => `the connection to ${host} broke off before the answer was complete`,
    advice: 'Try again; if that does not help, look at the server, and at the proxies before it.',
  },
  {
    // Whatever else an answer makes undici complain of is that call's failure, never a defect of ours. For a
    // status below 100 it is one of its own assertions.
    codes: /^(ERR_ASSERTION|UND_ERR_(?!INVALID_ARG|NOT_SUPPORTED)\w+)$/,
    kind: 'interrupted',
    why: (host) => `the answer of ${host} is not one that can be read`,
    advice: 'Look at the server, and at the proxies before it.',
  },
];

/**
 * An error of the transport as a `ServerFailure`; undefined for what is none of a connection, and so a defect.
 *
 * @param proxy that the call went through, where it went through one
 */
export function connectionFailure(
  call: Call,
  proxy: NamedProxy | undefined,
  error: unknown,
  words: Words,
): ServerFailure | undefined {
  const { code, text } = innermost(error);
  const fault = proxyFault(call.url, proxy, error);
  if (fault !== undefined) {
    const { variable, host, refused } = fault;
    const why = refused
      ? `the proxy ${host}, set by ${variable}, refuses the connection to ${hostOf(call.url)} (${words(refused)})`
      : `the proxy ${host}, set by ${variable}, cannot be reached (${words(fault.text)})`;
    const advice = `Correct ${variable}, or add ${new URL(call.url).hostname} to NO_PROXY.`;
    return callFailure('unreachable', call, [why, advice], {
      lasting: refused?.startsWith('4') ?? false,
      proxy: true,
      cause: error,
    });
  }
  const found = REASONS.find(({ codes }) => codes.test(code));
  if (found === undefined) return undefined;
  const { kind, why, advice } = found;
  // Otherwise there was no connection that could carry the request.
  const maybeDelivered = kind === 'interrupted' || kind === 'no-jobserv';
  // OpenSSL's own words are in the middle of its numbers and file names.
  const detail = words(/error:\w+:SSL routines:[^:]*:([^:]+):/.exec(text)?.[1] ?? text);
  const message = [`${why(hostOf(call.url))}${detail && ` (${detail})`}`, advice] as const;
  return callFailure(kind, call, message, { maybeDelivered, cause: error });
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

/** The reason, as part of a sentence, when a proxy and not the server is what failed; `refused` for a proxy that answered. */
function proxyFault(
  url: string,
  proxy: NamedProxy | undefined,
  error: unknown,
): { variable: string; host: string; text: string; refused?: string } | undefined {
  const { port: servers, hostname: server } = new URL(url);
  if (proxy?.url === undefined) return undefined;
  const { hostname, host } = proxy.url;
  const port = portOf(proxy.url);
  const found = { variable: proxy.variable, host };
  for (let one = error, depth = 0; one instanceof Error && depth < 8; depth++) {
    const { message: text, code = '', ...of } = one as Fault;
    const refused = /Proxy response \((\d+)\)/.exec(text)?.[1] ?? (/^UND_ERR_SOCKS5/.test(code) ? text : undefined);
    if (refused !== undefined) return { ...found, text, refused };
    // Where both have one port or one name the server is the likelier one.
    const byPort = of.port !== undefined && String(of.port) === port && port !== servers;
    const byName = of.hostname === hostname && hostname !== server;
    const inText = text.includes(`${hostname}:${port}`) && (hostname !== server || port !== servers);
    if (code === 'UND_ERR_PRX_TLS' || byPort || byName || inText) return { ...found, text };
    one = one.cause ?? (one instanceof AggregateError ? one.errors.at(-1) : undefined);
  }
  return undefined;
}

interface Fault {
  message: string;
  code?: string;
  port?: number;
  hostname?: string;
}
