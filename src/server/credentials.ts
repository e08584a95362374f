/** Credentials as headers by origin, so that no other host ever gets them. */
import { parseHttpUrl } from './address.js';

export interface Credentials {
  /** Headers for calls to this origin, `https://host[:port]`; empty for one without credentials. */
  headersFor(origin: string): Readonly<Record<string, string>>;
  /** Every value that must not be shown. */
  readonly values: readonly string[];
}

export const NO_CREDENTIALS: Credentials = { headersFor: () => ({}), values: [] };

/**
 * Credentials for some origins.
 *
 * @param entries address of a server (of which only the origin counts) → headers
 * @throws TypeError for an address that is no http or https URL
 */
export function credentialsFor(
  entries: Iterable<readonly [address: string, headers: Readonly<Record<string, string>>]>,
): Credentials {
  const known = new Map<string, Readonly<Record<string, string>>>();
  for (const [address, headers] of entries) {
    const url = parseHttpUrl(address);
    if (url === undefined) throw new TypeError(`${address} is no address of a server`);
    known.set(url.origin, { ...known.get(url.origin), ...headers });
  }
  return { headersFor: (origin) => known.get(origin) ?? {}, values: [...known.values()].flatMap(secretsIn) };
}

/** The header that a token is sent in: `Token` as JobServ's keys, `Bearer` for a JWT, or the scheme that stands before it. */
export function tokenHeader(token: string): Record<string, string> {
  const text = token.trim();
  if (/^[A-Za-z]+ \S/.test(text)) return { authorization: text };
  const jwt = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
  return { authorization: `${jwt ? 'Bearer' : 'Token'} ${text}` };
}

/** Each value, and of `Scheme value` the value alone too. */
function secretsIn(headers: Readonly<Record<string, string>>): string[] {
  return Object.values(headers).flatMap((value) => [value, ...value.split(' ').slice(1)]);
}
