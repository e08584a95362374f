/** The proxies of the environment, as curl, git and Python's requests read them. */

const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  'http:': ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
  'https:': ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'http_proxy', 'HTTP_PROXY'],
};
const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
const SOCKS_PORT = '1080';

/** The port of an address of a proxy. */
export const portOf = ({ protocol, port }: URL): string => port || (PORTS[protocol] ?? SOCKS_PORT);

export interface NamedProxy {
  /** Of the environment. */
  variable: string;
  /** undefined for a value that is no address of a proxy. */
  url: URL | undefined;
}

/** By the protocol of the address that is called. */
export type Proxies = Readonly<Record<string, NamedProxy | undefined>>;

export const proxiesOfEnvironment = (): Proxies => ({ 'http:': proxyFor('http:'), 'https:': proxyFor('https:') });

/** @param protocol of the address that is called: `https:`. @returns undefined when no variable is set for it */
export function proxyFor(protocol: string): NamedProxy | undefined {
  const variable = VARIABLES[protocol]?.find((name) => process.env[name]?.trim());
  if (variable === undefined) return undefined;
  const text = process.env[variable]?.trim() ?? '';
  // curl and Python's requests take an address without a scheme too. `socks5h` leaves names to the proxy, as undici does.
  const address = text.includes('://') ? text.replace(/^socks5h:/i, 'socks5:') : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return { variable, url: url?.hostname && /^(https?|socks5?):$/.test(url.protocol) ? url : undefined };
}
