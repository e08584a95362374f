/**
 * A JobServ server for tests: the endpoints of SPEC 5 on loopback, with the status codes, headers,
 * shapes and quirks of the reference server, and with faults. `test/unit/server/live-server.test.ts`
 * holds it to the reference where one is given. The texts of its errors are its own; only what
 * clients look at is the reference's.
 */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Asked } from './asked.js';
import { HttpExchange } from './exchange.js';
import { FaultPlan } from './fault-plan.js';
import { actOf, fits, type Match } from './faults.js';
import { makeJwt } from './jwt.js';
import type { LiveRun } from './live-run.js';
import { LiveWorker } from './live-worker.js';
import { routeOf } from './routes.js';
import { type RunFields, type RunOptions, Store } from './store.js';
import { Uploads } from './upload-endpoints.js';

/** Stops with `await using`, or with `stop()`. @param host the address to listen on */
export async function startLiveServer(host = '127.0.0.1'): Promise<LiveServer> {
  const server = new LiveServer(host);
  await server.comeBack();
  return server;
}

export class LiveServer {
  /** What goes wrong, and when. */
  readonly fault = new FaultPlan();
  /** Every request whose head has arrived, in order; those of a fault too. */
  readonly requests: Asked[] = [];
  readonly store = new Store();
  readonly uploads = new Uploads();
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #done = new EventEmitter();
  readonly #finished: Asked[] = [];
  readonly #host: string;
  #port = 0;

  constructor(host: string) {
    this.#host = host;
    this.#done.setMaxListeners(0);
    // A connection that idles is the client's to close: none goes while a request is on its way.
    this.#http.keepAliveTimeout = 0;
  }

  /** `http://<host>:<port>`; the same all its life. */
  get url(): string {
    return `http://${this.#host}:${this.#port}`;
  }

  /** A run that a worker has been given already. */
  addRun(fields: RunFields = {}, options: RunOptions & { worker?: string } = {}): LiveRun {
    const run = this.queue(fields, options);
    this.store.give(run, options.worker ?? 'w1');
    return run;
  }

  /** A run that waits for a worker with a fitting tag. */
  queue(fields: RunFields = {}, options: RunOptions = {}): LiveRun {
    return this.store.add(this.url, fields, options);
  }

  /** @throws Error for an address that is no run's here */
  run(url: string): LiveRun {
    const run = this.store.runs.find((one) => url.startsWith(one.url));
    if (run === undefined) throw new Error(`no run at ${url}`);
    return run;
  }

  /** @throws Error for one that never came */
  worker(name: string): LiveWorker {
    const worker = this.store.workers.get(name);
    if (worker === undefined) throw new Error(`no worker ${name}`);
    return worker;
  }

  /** Lets a worker have work. One that has not registered is made, with this key. */
  enlist(name: string, { key = 'key', tags = 'amd64' } = {}): LiveWorker {
    const worker = this.store.workers.get(name) ?? new LiveWorker(name, key);
    if (!this.store.workers.has(name)) worker.host_tags = tags;
    worker.enlisted = true;
    this.store.workers.set(name, worker);
    return worker;
  }

  /** As the server's monitor does after 15 s: runs that were given out, and that nobody posted to, wait again. */
  requeueUnacknowledged(): LiveRun[] {
    return this.store.requeue();
  }

  /** A JWT that this server trusts. @param expiresIn seconds; @param tags host tags that it allows, none for any */
  jwt(name: string, { expiresIn = 3600, tags = [] as readonly string[] } = {}): string {
    return makeJwt(this.store.trustNewKey(tags), name, Date.now() / 1000 + expiresIn);
  }

  /** The n-th request that matches, when its handling is over. */
  async asked(match: Match, nth = 1): Promise<Asked> {
    for (;;) {
      const found = this.#finished.filter((asked) => fits(match, asked))[nth - 1];
      if (found) return found;
      await once(this.#done, 'done');
    }
  }

  /** As when it is down: nothing listens, every connection is cut. What it knows it keeps. */
  async vanish(): Promise<void> {
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  async comeBack(): Promise<void> {
    this.#http.listen(this.#port, this.#host);
    await once(this.#http, 'listening');
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.fault.clear();
    if (this.#http.listening) await this.vanish();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query] = (request.url ?? '').split('?');
    const method = request.method ?? '';
    const { endpoint, names, handle } = routeOf(method, path);
    const { headers } = request;
    const origin = `http://${headers.host}`;
    const parts = { method, path, query: new URLSearchParams(query), endpoint, names, headers, origin };
    const asked: Asked = { ...parts, body: Buffer.alloc(0) };
    this.requests.push(asked);
    const fault = this.fault.meet(asked);
    const answer = () => handle(this.store, asked, this.uploads);
    const exchange = new HttpExchange(asked, request, response, answer, fault?.released ?? Promise.resolve());
    try {
      if (fault) await actOf(fault.kind)(exchange);
      else {
        await exchange.read();
        exchange.send(exchange.store());
      }
    } catch (error) {
      // The client went while it sent; whatever else fails is a fault of this server, and the client is to see it.
      if (!response.headersSent) exchange.send({ status: 599, headers: {}, body: String(error) });
    }
    this.#finished.push(asked);
    this.#done.emit('done');
  }
}
