/** `worker loop --listen`: serves `/health` and `/metrics`; neither changes anything. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { EnvironmentError, UsageError } from '../lib/index.js';

export interface ListenAddress {
  host: string;
  port: number;
}

/** What the pages show. */
export interface Watched {
  /** Why the worker is not healthy. */
  problem(): string | undefined;
  metrics(): Promise<string>;
}

/** Monitoring needs no more. */
const MOST_CONNECTIONS = 32;
/** For a whole request; those that take longer are looked for at each interval. */
const REQUEST_MS = 2000;
const CHECKING_MS = 500;
/** For one who does not read the answer. */
const IDLE_MS = 10_000;

/** @throws UsageError for what is not HOST:PORT */
export function parseListen(text: string): ListenAddress {
  const [, v6, name, digits = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? name;
  if (host !== undefined && Number(digits) <= 65_535) return { host, port: Number(digits) };
  throw new UsageError(`--listen ${text} is not HOST:PORT. Write, for example, --listen 127.0.0.1:9180.`);
}

const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not use that port',
  ENOTFOUND: 'there is no such name',
};

/**
 * @returns where it listens, and how to end it
 * @throws EnvironmentError where it cannot listen there
 */
export async function listen(
  { host, port }: ListenAddress,
  watched: Watched,
): Promise<{ address: string; close(): Promise<void> }> {
  const bounds = {
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    connectionsCheckingInterval: CHECKING_MS,
  };
  const asked = new WeakSet<Socket>();
  const server = createServer(bounds, (request, response) => {
    // One request a connection: what a client sends after it is not answered, nor read any further.
    if (asked.has(request.socket)) return;
    asked.add(request.socket);
    request.socket.pause();
    answer(request, response, watched).catch((error: Error) => send(response, 500, `${error.message}\n`));
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = IDLE_MS;
  server.listen(port, host);
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    const why = REFUSALS[cause.code ?? ''] ?? cause.message;
    throw new EnvironmentError(
      `The worker cannot listen on ${host}:${port}: ${why}. Name another address with --listen.`,
      { cause },
    );
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer({ method, url }: IncomingMessage, response: ServerResponse, watched: Watched): Promise<void> {
  const path = url?.replace(/\?.*/s, '');
  if (path !== '/health' && path !== '/metrics') return send(response, 404, 'The pages are /health and /metrics.\n');
  if (method !== 'GET' && method !== 'HEAD')
    return send(response, 405, 'Only GET is answered.\n', { Allow: 'GET, HEAD' });
  if (path === '/metrics') {
    return send(response, 200, await watched.metrics(), { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
  }
  const problem = watched.problem();
  return problem === undefined ? send(response, 200, 'ok\n') : send(response, 503, `${problem}\n`);
}

function send(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...headers,
  });
  response.end(text);
}
