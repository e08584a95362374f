/** The proxies of the environment: which one a call goes through, and whether it is what failed. */

const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  'http:': ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
  'https:': ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'http_proxy', 'HTTP_PROXY'],
};
const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
const SOCKS_PORT = '1080';

export interface Proxy {
  /** Of the environment. */
  variable: string;
  /** undefined for a value that is no address of a proxy. */
  url: URL | undefined;
}

/** @param protocol of the address that is called: `https:`. @returns undefined when no variable is set for it */
export function proxyFor(protocol: string): Proxy | undefined {
  const variable = VARIABLES[protocol]?.find((name) => process.env[name]?.trim());
  if (variable === undefined) return undefined;
  const text = process.env[variable]?.trim() ?? '';
  // curl and Python's requests take an address without a scheme too. `socks5h` leaves names to the proxy, as undici does.
  const address = text.includes('://') ? text.replace(/^socks5h:/i, 'socks5:') : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return { variable, url: url?.hostname && /^(https?|socks5?):$/.test(url.protocol) ? url : undefined };
}

/** The reason, as part of a sentence, when a proxy and not the server is what failed; `refused` for a proxy that answered. */
export function proxyFault(
  url: string,
  error: unknown,
): { proxy: Proxy; host: string; text: string; refused?: string } | undefined {
  const { protocol, port: servers, hostname: server } = new URL(url);
  const proxy = proxyFor(protocol);
  if (proxy?.url === undefined) return undefined;
  const { hostname, host } = proxy.url;
  const port = proxy.url.port || (PORTS[proxy.url.protocol] ?? SOCKS_PORT);
  const found = { proxy, host };
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
