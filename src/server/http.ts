/** The HTTP client of every call to a server: timeouts, retries, redirects, and errors as paragraphs. */
import { Readable } from 'node:stream';
import { createMasker } from '../executor/index.js';
import { doubling, excerpt, type pause, proxiesOfEnvironment, retry } from '../lib/index.js';
import { parseHttpUrl, withoutSecrets } from './address.js';
import { isRedirect, mayRepeat, nextCall, PATIENCE, type RetryPolicy } from './attempts.js';
import type { Answer, AnswerHead, Call, CallLimits, RawAnswer, StreamedAnswer, Transport } from './call.js';
import { connectionFailure } from './connection-failure.js';
import { type Credentials, NO_CREDENTIALS } from './credentials.js';
import { answerFailure, type Circumstances, strangeAnswer, type Words } from './failure-messages.js';
import { callFailure, ServerFailure } from './server-failure.js';
import { leadsHere } from './this-machine.js';

const LIMITS: CallLimits = { connect: 10_000, answer: 30_000, idle: 30_000, total: 120_000 };
/** Of an answer that is held in memory; a run definition with a long script is far smaller. */
const LARGEST_ANSWER = 32 * 1024 * 1024;
/** Of an answer that is read as it comes: a console. */
const LARGEST_STREAM = 2 ** 30;
const LONGEST_STREAM_MS = 30 * 60_000;
/** Of a refusal only the part is read that its message may need. */
const LARGEST_REFUSAL = 64 * 1024;
const MOST_REDIRECTS = 5;
/** What each answer counts of an allowance at least, bytes: so their number is bounded too. */
const SMALLEST_ANSWER = 1024;

type Persistence = Pick<Call, 'method' | 'repeatable' | 'retry' | 'signal'>;

export interface HttpSettings {
  credentials?: Credentials;
  limits?: Partial<CallLimits>;
  retry?: RetryPolicy;
  /** For a person at a terminal, false: a proxy that fails is most often a wrong variable, so it is not tried again. */
  waitForProxy?: boolean;
  /** Called before each wait. */
  onRetry?: (failure: ServerFailure, waitMs: number) => void;
  /** For tests, which do not wait. */
  pause?: typeof pause;
}

/** This much of an answer is masked for an excerpt of it. */
const LONGEST_QUOTED = 4800;

/** Takes any number of calls at a time. `close` ends them, and may be called twice. */
export class HttpClient {
  readonly #settings: HttpSettings;
  readonly #limits: CallLimits;
  readonly #credentials: Credentials;
  readonly #proxies = proxiesOfEnvironment();
  #transport: Promise<Transport> | undefined;

  constructor(settings: HttpSettings = {}) {
    this.#settings = settings;
    this.#limits = { ...LIMITS, ...settings.limits };
    this.#credentials = settings.credentials ?? NO_CREDENTIALS;
  }

  /**
   * The answer, complete: at most 32 MiB.
   *
   * @throws ServerFailure without an answer, or for a status that is not in `expect`; the signal's reason
   */
  send(given: Call): Promise<Answer> {
    const call = withinAllowance(given);
    return this.persist(call, async () => {
      const total = this.#limitsOf(call).total;
      const clock = AbortSignal.timeout(total);
      const signal = call.signal ? AbortSignal.any([call.signal, clock]) : clock;
      const answer = await this.#follow(call, signal);
      const body = await this.#collect(call, answer, LARGEST_ANSWER, signal);
      const complete = { ...headOf(answer), body };
      if (call.accept === 'any' || body.length === 0 || /^\s*[{["]/.test(body.subarray(0, 64).toString('latin1'))) {
        return complete;
      }
      throw strangeAnswer(call, complete, answer.redirected, this.#circumstances(call, complete));
    });
  }

  /**
   * The answer's head as soon as it arrives, its body as a stream. Only the head is retried: the caller handles a body
   * that breaks off.
   *
   * @throws ServerFailure as `send`, here and in the stream
   */
  async stream(given: Call): Promise<StreamedAnswer> {
    const call = withinAllowance(given);
    const answer = await this.persist(call, () => this.#follow(call, call.signal));
    const chunks = this.#bounded(call, answer.body);
    return { ...headOf(answer), body: Readable.from(chunks, { objectMode: false }) };
  }

  async close(): Promise<void> {
    await (await this.#transport)?.close();
  }

  /** Repeats an attempt as the policy says (`mayRepeat`): for calls that look at the server between two tries. */
  async persist<T>(call: Persistence, attempt: () => Promise<T>): Promise<T> {
    call.signal?.throwIfAborted();
    const { retry: policy = PATIENCE, waitForProxy = true, onRetry, pause } = this.#settings;
    const begun = performance.now();
    return retry(attempt, {
      waits: doubling(policy.firstWaitMs, policy.longestWaitMs, policy.tries - 1),
      signal: call.signal,
      passing: (error) =>
        error instanceof ServerFailure &&
        (waitForProxy || !error.proxy) &&
        mayRepeat(error, call, policy, performance.now() - begun),
      wait: (error, planned) => (error as ServerFailure).retryAfterMs ?? planned,
      before: (error, wait) => onRetry?.(error as ServerFailure, wait),
      pause,
    });
  }

  /** Redirects by hand: each hop gets the headers of its own origin, and no other's. */
  async #follow(call: Call, signal: AbortSignal | undefined): Promise<RawAnswer & { redirected: boolean }> {
    if (parseHttpUrl(call.url) === undefined) {
      throw new ServerFailure(
        'rejected',
        `Could not ${call.what}: its address is not one of http or https. Check who gave it.`,
      );
    }
    let hop = call;
    let earlier: Readonly<Record<string, string>> = {};
    for (let hops = 0; ; hops++) {
      call.allowance?.take(SMALLEST_ANSWER);
      const answer = await this.#once(hop, call, signal);
      const headers = { ...earlier, ...answer.headers };
      if ((call.expect ?? [200]).includes(answer.status)) return { ...answer, headers, redirected: hops > 0 };
      const body = await this.#collect(call, answer, LARGEST_REFUSAL, signal);
      if (!isRedirect(answer)) throw answerFailure(call, { ...answer, body }, this.#circumstances(call, answer));
      if (hops === MOST_REDIRECTS) {
        const why = `it was redirected ${hops + 1} times, in the end to ${withoutSecrets(hop.url)}`;
        throw callFailure('redirected', call, [why, 'Check the address.'], { status: answer.status });
      }
      hop = nextCall(call, hop, answer);
      const { location: _, ...kept } = headers;
      earlier = kept;
    }
  }

  async #once(hop: Call, call: Call, signal: AbortSignal | undefined): Promise<RawAnswer> {
    const proxy = this.#proxies[new URL(hop.url).protocol];
    if (proxy !== undefined && proxy.url === undefined) {
      const why = `what ${proxy.variable} holds is no address of a proxy`;
      throw callFailure('unreachable', call, [why, 'Write it as http://HOST:PORT, or unset it.'], {
        lasting: true,
        proxy: true,
      });
    }
    this.#transport ??= import('./call.js').then(({ Transport }) => new Transport(this.#limits, this.#proxies));
    const transport = await this.#transport;
    const headers = {
      accept: call.accept === 'any' ? '*/*' : 'application/json, */*;q=0.1',
      'user-agent': 'jobserv',
      ...this.#credentials.headersFor(new URL(hop.url).origin),
      ...hop.headers,
    };
    const [first, host] = [new URL(call.url).hostname, new URL(hop.url).hostname];
    const elsewhere = host !== first && !(await leadsHere(first));
    try {
      return await transport.send(hop, headers, this.#limitsOf(call), { signal, elsewhere });
    } catch (error) {
      throw this.#failure(call, hop, error, signal);
    }
  }

  /** The body up to a size; a larger refusal is cut, a larger answer is a failure. */
  async #collect(call: Call, answer: RawAnswer, most: number, signal: AbortSignal | undefined): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.#guarded(call, answer.body, signal)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > most) {
        if (most === LARGEST_REFUSAL) break;
        throw callFailure('no-jobserv', call, [
          `the answer is larger than ${most / 2 ** 20} MiB`,
          'Check the address.',
        ]);
      }
    }
    return Buffer.concat(chunks);
  }

  /** A streamed body up to its bounds; then a failure. */
  async *#bounded(call: Call, body: Readable): AsyncGenerator<Buffer> {
    const { total = LONGEST_STREAM_MS, bytes: most = LARGEST_STREAM } = call.limits ?? {};
    const clock = AbortSignal.timeout(total);
    const stop = () => body.destroy();
    clock.addEventListener('abort', stop, { once: true });
    let size = 0;
    try {
      for await (const chunk of this.#guarded(call, body, call.signal)) {
        size += chunk.length;
        if (clock.aborted || size > most) break;
        yield chunk;
      }
    } catch (error) {
      if (!clock.aborted) throw error;
    } finally {
      clock.removeEventListener('abort', stop);
    }
    if (!clock.aborted && size <= most) return;
    body.destroy();
    const bound = clock.aborted ? `takes longer than ${total / 1000} s` : `is larger than ${most / 2 ** 20} MiB`;
    const advice = call.tooLong ?? 'Check the address, and look at the server.';
    throw callFailure('no-jobserv', call, [`the answer ${bound}`, advice]);
  }

  async *#guarded(call: Call, body: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of body) {
        call.allowance?.take((chunk as Buffer).length);
        yield chunk as Buffer;
      }
    } catch (error) {
      throw this.#failure(call, call, error, signal);
    }
  }

  #failure(call: Call, hop: Call, error: unknown, signal: AbortSignal | undefined): unknown {
    if (call.signal?.aborted) return call.signal.reason;
    const late = signal?.aborted
      ? Object.assign(new Error('no complete answer in time'), { code: 'TOTAL_TIMEOUT' })
      : error;
    const proxy = this.#proxies[new URL(hop.url).protocol];
    return connectionFailure({ ...call, url: hop.url }, proxy, late, this.#words(call)) ?? error;
  }

  #circumstances(call: Call, { url }: AnswerHead): Circumstances {
    const [first, last] = [new URL(call.url), new URL(url)];
    const keys = keysOf(call).length > 0;
    const authenticated = this.#knows(last.origin) || (keys && first.origin === last.origin);
    const withheld = !authenticated && (keys || this.#knows(first.origin)) ? first.host : undefined;
    return { authenticated, withheld, words: this.#words(call) };
  }

  #knows(origin: string): boolean {
    return Object.keys(this.#credentials.headersFor(origin)).length > 0;
  }

  /** Masks credentials and the call's own key: a server may echo them. */
  #words(call: Call): Words {
    const keys = keysOf(call).flatMap((key) => [key, ...key.split(' ')]);
    const masker = createMasker([...this.#credentials.values, ...keys]);
    return (text) => excerpt(masker.text(text.slice(0, LONGEST_QUOTED)));
  }

  #limitsOf(call: Call): CallLimits {
    return { ...this.#limits, ...call.limits };
  }
}

function withinAllowance(call: Call): Call {
  if (call.allowance === undefined) return call;
  const { signal } = call.allowance;
  return { ...call, signal: call.signal ? AbortSignal.any([call.signal, signal]) : signal };
}

/** The keys in a call's own headers. */
function keysOf({ headers }: Call): string[] {
  return [headers?.['authorization'], headers?.['private-token']].filter((key) => key !== undefined);
}

function headOf({ status, headers, url }: AnswerHead): AnswerHead {
  return { status, headers, url };
}
