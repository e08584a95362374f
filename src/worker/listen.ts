/**
 * `worker loop --listen`: serves `/health` and `/metrics`; neither changes anything. Not by Node's HTTP server: it makes
 * objects of all requests that arrive together on one connection, and clients that sent thousands at a time kept the
 * loop from its check-ins, also after they had left. Here one short head is read, and nothing after it.
 */
import { once } from 'node:events';
import { STATUS_CODES } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
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
/** Of a request, bytes. */
const LONGEST_HEAD = 16 * 1024;
/** For a whole request to arrive. */
const REQUEST_MS = 2000;
/** For its answer to be made and read. */
const ANSWER_MS = 10_000;

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
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    serve(socket, watched);
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(port, host);
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    const why = REFUSALS[cause.code ?? ''] ?? cause.message;
    throw new EnvironmentError(
      `The worker cannot listen on ${host}:${port}: ${why}. Name another address with --listen.`,
      { cause },
    );
  });
  // One client that cannot be accepted, as when descriptors run out, ends nothing.
  server.on('error', () => {});
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Reads one request, answers it and ends the connection, each in its time. */
function serve(socket: Socket, watched: Watched): void {
  let timer = setTimeout(() => socket.destroy(), REQUEST_MS);
  let head = '';
  const take = (chunk: Buffer) => {
    head += chunk.toString('latin1', 0, LONGEST_HEAD);
    // Only what the chunk can have ended: one byte at a time costs no more than all at once.
    const isWhole = /\n\r?\n/.test(head.slice(-chunk.length - 2));
    if (!isWhole && head.length < LONGEST_HEAD) return;
    socket.off('data', take).pause();
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), ANSWER_MS);
    const [, method = '', path = ''] = /^([A-Z]+) ([^\s?]+)\S* HTTP\/1\.[01]\r?\n/.exec(head) ?? [];
    answer(method, isWhole ? path : '', watched)
      .catch((error: Error): Answer => ({ status: 500, text: `${error.message}\n` }))
      .then((given) => {
        socket.write(textOf(given, method === 'HEAD'));
        socket.destroySoon();
      });
  };
  socket.on('data', take);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
}

interface Answer {
  status: number;
  text: string;
  headers?: Record<string, string>;
}

async function answer(method: string, path: string, watched: Watched): Promise<Answer> {
  if (path === '') return { status: 400, text: 'This is no HTTP request that is answered here.\n' };
  if (path !== '/health' && path !== '/metrics') return { status: 404, text: 'The pages are /health and /metrics.\n' };
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, text: 'Only GET is answered.\n', headers: { Allow: 'GET, HEAD' } };
  if (path === '/metrics') {
    const headers = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' };
    return { status: 200, text: await watched.metrics(), headers };
  }
  const problem = watched.problem();
  return problem === undefined ? { status: 200, text: 'ok\n' } : { status: 503, text: `${problem}\n` };
}

function textOf({ status, text, headers }: Answer, headOnly: boolean): string {
  const all = {
    Date: new Date().toUTCString(),
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${headOnly ? '' : text}`;
}
