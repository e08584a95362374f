/** A unix socket before the engine's, on which connections can be cut, stalled and refused. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What happens to the answer of a request whose first line matches. */
export interface ProxyRule {
  request: RegExp;
  /** Is done before the engine hears of the request, which is one without a long body. */
  before?: () => Promise<unknown>;
  /** Cut after this many bytes of the answer's body (or of an upgraded stream). */
  cutAfter?: number;
  /** Nothing of the answer arrives any more after this many bytes of its body; the connection stays. */
  stallAfter?: number;
}

export class EngineProxy {
  readonly #folder: string;
  readonly #upstream: string;
  readonly #open = new Set<Socket>();
  readonly #requests: string[] = [];
  #server: Server | undefined;
  rules: ProxyRule[] = [];

  private constructor(folder: string, upstream: string) {
    this.#folder = folder;
    this.#upstream = upstream;
  }

  /** @param upstream path of the engine's own socket */
  static async start(upstream: string): Promise<EngineProxy> {
    const proxy = new EngineProxy(await mkdtemp(join(tmpdir(), 'jobserv-proxy-')), upstream);
    await proxy.listen();
    return proxy;
  }

  get address(): string {
    return `unix://${join(this.#folder, 'engine.sock')}`;
  }

  /** First lines of the requests so far. */
  get requests(): readonly string[] {
    return this.#requests;
  }

  /** What the engine was asked to create: the bodies of these requests, in order. */
  readonly created: Record<string, unknown>[] = [];

  /** How many connections the client holds open now; the engine may still be busy with one that it has left. */
  get connections(): number {
    return [...this.#open].filter(({ readableEnded }) => !readableEnded).length;
  }

  async listen(): Promise<void> {
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#serve(client));
    this.#server.listen(join(this.#folder, 'engine.sock'));
    await once(this.#server, 'listening');
  }

  /** As when the engine is stopped: nothing listens, every connection is cut. */
  async vanish(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close');
    this.#server?.close();
    // All of them, also those that have not said yet what they want.
    for (const client of this.#open) client.destroy();
    await closed;
  }

  /** Cuts the open connections whose request matches. */
  cut(request: RegExp): void {
    for (const client of this.#open) if (request.test(this.#firstLine.get(client) ?? '')) client.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    if (this.#server?.listening) await this.vanish();
    await rm(this.#folder, { recursive: true, force: true });
  }

  readonly #firstLine = new Map<Socket, string>();

  /** Takes a whole request to create a container; answers what may be the begin of one. */
  #keepCreated(asked: Buffer): Buffer {
    const head = /^POST \S*\/containers\/create\S* HTTP[\s\S]*?\r\ncontent-length: (\d+)[\s\S]*?\r\n\r\n/i.exec(
      asked.toString('latin1'),
    );
    if (head === null)
      return /^POST \S*\/containers\/create/.test(asked.toString('latin1', 0, 200)) ? asked : Buffer.alloc(0);
    const end = head[0].length + Number(head[1]);
    if (asked.length < end) return asked;
    this.created.push(JSON.parse(asked.toString('utf8', head[0].length, end)));
    return Buffer.alloc(0);
  }

  #serve(client: Socket): void {
    const engine = connect({ path: this.#upstream, allowHalfOpen: true });
    this.#open.add(client);
    let answer: AnswerFilter | undefined;
    let asked: Buffer = Buffer.alloc(0);
    client.on('data', (chunk) => {
      asked = this.#keepCreated(Buffer.concat([asked, chunk]));
      if (!answer) {
        const line = chunk.toString('latin1').split('\r\n', 1)[0] ?? '';
        this.#requests.push(line);
        this.#firstLine.set(client, line);
        const rule = this.rules.find(({ request }) => request.test(line));
        answer = new AnswerFilter(rule);
        if (rule?.before) return void rule.before().finally(() => engine.write(chunk));
      }
      engine.write(chunk);
    });
    engine.on('data', (chunk) => {
      const { pass, cut } = answer?.take(chunk) ?? { pass: chunk, cut: false };
      if (pass.length > 0 && !client.write(pass)) {
        engine.pause();
        client.once('drain', () => engine.resume());
      }
      if (cut) client.end(() => client.destroy());
    });
    engine.on('end', () => {
      if (!answer?.stalls) client.end();
    });
    client.on('end', () => engine.end());
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        if (one === engine) return;
        this.#open.delete(client);
        this.#firstLine.delete(client);
        engine.destroy();
      });
    }
  }
}

/** Lets the head of an answer pass and counts the bytes after it. */
class AnswerFilter {
  readonly #rule: ProxyRule | undefined;
  #head = '';
  #inBody = false;
  #left: number;

  constructor(rule: ProxyRule | undefined) {
    this.#rule = rule;
    this.#left = rule?.cutAfter ?? rule?.stallAfter ?? Number.POSITIVE_INFINITY;
  }

  get stalls(): boolean {
    return this.#rule?.stallAfter !== undefined && this.#left <= 0;
  }

  take(chunk: Buffer): { pass: Buffer; cut: boolean } {
    let start = 0;
    if (!this.#inBody) {
      const before = this.#head.length;
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return { pass: chunk, cut: false };
      this.#inBody = true;
      start = end + 4 - before;
    }
    const body = Math.min(this.#left, chunk.length - start);
    this.#left -= body;
    return { pass: chunk.subarray(0, start + body), cut: this.#left <= 0 && this.#rule?.cutAfter !== undefined };
  }
}
