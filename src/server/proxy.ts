/** Whether the proxy of a call, and not the server, is what failed. */
import { type NamedProxy, portOf } from '../lib/index.js';

/** The reason, as part of a sentence, when a proxy and not the server is what failed; `refused` for a proxy that answered. */
export function proxyFault(
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
