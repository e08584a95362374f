/**
 * The server that the scripts of a simulation talk to (SPEC 8): `H_RUN_URL`, `H_TRIGGER_URL` and the login in
 * `.netrc` name it. It reads the workspaces of the simulation's runs, changes nothing, and passes nothing on.
 * A script may do with it whatever it likes: every request has a bound in bytes and in idle time.
 */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostAddress } from '../../docker/index.js';
import { failure, failureData, type HttpAnswer, serverError } from './answers.js';
import { answerOf, type ServedAnswer } from './routes.js';
import type { ServedRequest, ServedRun, Visible } from './served-run.js';

const LIMITS = {
  /** Of a request's body, bytes; of a longer one nothing is kept and the connection ends. */
  body: 16 * 1024 * 1024,
  /** Of all bodies that are held at a time, bytes; of one that does not fit nothing is kept. */
  bodies: 64 * 1024 * 1024,
  /** A connection on which nothing moves for so long is closed. */
  idleMs: 120_000,
  connections: 256,
} as const;

/** What the script of one run may do: read the runs of its build, and post to its own. */
export class RunAccess {
  /** The password of the login `jobserv`, and the run's API key. */
  readonly key = randomBytes(24).toString('hex');
  readonly own: ServedRun;
  /** Requests that a live server might have answered: `GET /projects/…`. */
  readonly misses = new Set<string>();
  readonly #digest = digest(this.key);

  readonly #build: { values(): Iterable<ServedRun> };

  /** @param build grows while runs start others */
  constructor(own: ServedRun, build: { values(): Iterable<ServedRun> }) {
    this.own = own;
    this.#build = build;
  }

  get runs(): readonly ServedRun[] {
    return [...this.#build.values()];
  }

  isKey(text: string): boolean {
    return timingSafeEqual(this.#digest, digest(text));
  }
}

/** Digests, so that texts of any length compare in constant time. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** @returns the port. See `ScriptServer.start` */
export async function listenForContainers(
  server: Server,
  { listen, later = false }: HostAddress,
  stopped: AbortSignal,
): Promise<number> {
  if (!later) {
    await once(server.listen(0, listen), 'listening');
    return (server.address() as AddressInfo).port;
  }
  const port = randomInt(20_000, 60_000);
  void listenWhenThere(server, listen, port, stopped);
  return port;
}

/** The bridge is there some 100 ms before a script runs. */
async function listenWhenThere(server: Server, host: string, port: number, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    try {
      await once(server.listen(port, host), 'listening');
      return;
    } catch {
      await sleep(20, undefined, { ref: false });
    }
  }
}

/** The most requests that the server could not answer that are kept for a ledger. */
const MOST_MISSES = 100;

export class ScriptServer {
  readonly #accesses: RunAccess[] = [];
  readonly #http = createServer(
    { keepAliveTimeout: 5000, requestTimeout: 0, headersTimeout: 30_000 },
    (request, response) => void this.#serve(request, response),
  );
  #name = '';
  #port = 0;
  readonly #stopped = new AbortController();
  /** Bytes of bodies that may still be held. */
  readonly #room = { left: LIMITS.bodies as number };

  constructor() {
    this.#http.maxConnections = LIMITS.connections;
    this.#http.setTimeout(LIMITS.idleMs, (socket) => socket.destroy());
  }

  /**
   * Resolves when containers can reach it, or, where the address appears with the first container, at once.
   *
   * @throws the system's error when nobody can listen there
   */
  async start(address: HostAddress): Promise<void> {
    this.#name = address.name;
    this.#port = await listenForContainers(this.#http, address, this.#stopped.signal);
  }

  /** `http://<name>:<port>`, without a slash at the end. */
  get origin(): string {
    return `http://${this.#name}:${this.#port}`;
  }

  /** The host of the server as `.netrc` has to name it: clients compare it without the port. */
  get machine(): string {
    return this.#name;
  }

  add(access: RunAccess): void {
    this.#accesses.push(access);
  }

  /** Ends every connection. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    if (!this.#http.listening) return;
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let held = 0;
    let missed: Visible['missed'] = () => {};
    try {
      const [path = '', query] = (request.url ?? '').split('?');
      const access = this.#accessOf(request, new URLSearchParams(query));
      if (access === undefined) return sendAndClose(response, unauthorized(request));
      const { body, bytes } = await bodyOf(request, this.#room);
      held = body.length;
      const asked: ServedRequest = {
        method: request.method ?? '',
        path,
        query: new URLSearchParams(query),
        headers: request.headers,
        body,
        bodyBytes: bytes,
        origin: `http://${request.headers.host}`,
      };
      const { runs, own, misses } = access;
      missed = (what) => void (misses.size < MOST_MISSES && misses.add(what));
      const answer = await answerOf({ runs, own, missed }, asked);
      await send(response, answer, request.method === 'HEAD');
      if (bytes > LIMITS.body) request.socket.destroy();
    } catch (error) {
      // The client went away, a file changed while it was sent, or it could not be fetched: none may end the simulation.
      if (response.headersSent || response.destroyed) response.destroy();
      else {
        missed(`${request.method} ${request.url?.split('?')[0]}`);
        sendAndClose(response, serverError((error as Error).message));
      }
    } finally {
      this.#room.left += held;
    }
  }

  /** By the login of `.netrc`, by the run's key, or by `?apikey=`, as a live server takes it. */
  #accessOf({ headers }: IncomingMessage, query: URLSearchParams): RunAccess | undefined {
    const [scheme = '', value = '', ...more] = (headers.authorization ?? '').split(' ');
    const given = more.length > 0 ? '' : keyIn(scheme, value);
    const key = given || query.get('apikey') || '';
    // Every key is compared, so that the time does not depend on which one it was.
    return this.#accesses.filter((access) => access.isKey(key))[0];
  }
}

function keyIn(scheme: string, value: string): string {
  if (scheme === 'Token' || scheme === 'Bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const [login, ...password] = Buffer.from(value, 'base64').toString('utf8').split(':');
  return login === 'jobserv' ? password.join(':') : '';
}

function unauthorized({ method, headers }: IncomingMessage): HttpAnswer {
  const message = headers.authorization === undefined ? 'No Authorization header provided' : 'Incorrect API key';
  const answer = method === 'GET' || method === 'HEAD' ? failure(401, message) : failureData(401, { message });
  answer.headers['www-authenticate'] = 'Basic realm="jobserv"';
  return answer;
}

/**
 * Reads to the end. A body beyond the bound, or one for which there is no room, is counted and dropped; past twice the
 * bound nothing more is read. The caller gives the room of the body back.
 */
async function bodyOf(request: IncomingMessage, room: { left: number }): Promise<{ body: Buffer; bytes: number }> {
  let chunks: Buffer[] = [];
  let held = 0;
  let bytes = 0;
  let fits = true;
  const drop = () => {
    fits = false;
    room.left += held;
    [held, chunks] = [0, []];
  };
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (fits && (bytes > LIMITS.body || room.left < chunk.length)) drop();
      if (bytes > 2 * LIMITS.body) break;
      if (!fits) continue;
      chunks.push(chunk);
      held += chunk.length;
      room.left -= chunk.length;
    }
    return { body: Buffer.concat(chunks), bytes };
  } catch (error) {
    drop();
    throw error;
  }
}

async function send(response: ServerResponse, answer: ServedAnswer, headOnly: boolean): Promise<void> {
  if (!('file' in answer)) {
    response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
    response.end(headOnly ? undefined : answer.body);
    return;
  }
  const { file, from, status, headers } = answer;
  const length = file.sizeBytes - from;
  response.writeHead(status, { ...headers, 'content-length': length });
  if (headOnly || length === 0) {
    closeSync(file.fd);
    response.end();
    return;
  }
  const stream = createReadStream('', { fd: file.fd, start: from, end: file.sizeBytes - 1, highWaterMark: 256 * 1024 });
  await pipeline(stream, response);
}

function sendAndClose(response: ServerResponse, answer: HttpAnswer): void {
  response.writeHead(answer.status, {
    ...answer.headers,
    'content-length': Buffer.byteLength(answer.body),
    connection: 'close',
  });
  response.end(answer.body);
}
