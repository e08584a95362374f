/** One call over HTTP, and its answer, as the verbs write and read them. */
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Proxies } from '../lib/index.js';
import { lookupElsewhere } from './this-machine.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Bytes, or pieces of a known length together; a function, so that another try begins at its start. A piece's
 * memory is the body's own again when the next one is asked for. A piece that makes no headway in the time
 * for an answer ends the try, so that none should be larger than 64 KiB; one that is smaller than
 * that, but for the last, may still be on its way when the next is asked for.
 */
export type Body = string | Uint8Array | { bytes: number; open(): AsyncIterable<Uint8Array> };

export interface Call {
  method: Method;
  /** Absolute, http or https. */
  url: string;
  /** What is to be done, after "Could not": `read the run`. */
  what: string;
  /** The address as messages show it; by default without its query. For URLs that are secrets themselves. */
  shown?: string;
  headers?: Readonly<Record<string, string>>;
  /** What to do about a streamed answer that is too long, a sentence. */
  tooLong?: string;
  /** How to say who asks, a sentence for those who were not let in; by default the flags of a server's readers. */
  logIn?: string;
  /** What to do about an answer that is of no such API, a sentence; by default how a run's address is written. */
  otherApi?: string;
  body?: Body;
  /** Statuses that are an answer; any other is a `ServerFailure`. 200 by default. */
  expect?: readonly number[];
  /** Of what the answer is, for messages about one that is something else: JSON by default. */
  accept?: 'json' | 'any';
  /**
   * Whether the server may get it twice. By default all but POST; a POST is tried again only
   * when the server surely has not acted on it.
   */
  repeatable?: boolean;
  /** false: one try, whatever happens. */
  retry?: boolean;
  signal?: AbortSignal | undefined;
  limits?: Partial<CallLimits>;
  /** What this call may take together with others: an `Allowance`. */
  allowance?: SharedBounds | undefined;
}

export interface SharedBounds {
  /** Aborted with the failure of every call when they are used up. */
  readonly signal: AbortSignal;
  /** @throws ServerFailure when there was more than may be */
  take(bytes: number): void;
}

/** Milliseconds. */
export interface CallLimits {
  /** Until there is a connection, TLS included. */
  connect: number;
  /** From the last byte sent to the answer's first line; a body that makes no headway counts too. */
  answer: number;
  /** Between two pieces of the answer's body. */
  idle: number;
  /** One try of a buffered call, from its start to the answer's last byte; of a streamed one, its body. */
  total: number;
  /** The body of a streamed answer, bytes; 1 GiB by default. */
  bytes?: number;
}

/** What an answer says before its body. Names are lower case; of redirects, a header that the last answer lacks is from an earlier one. */
export interface AnswerHead {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects. */
  url: string;
}

export interface Answer extends AnswerHead {
  body: Buffer;
}

/** The body is to be read to its end, or destroyed. An error in it is a `ServerFailure`. */
export interface StreamedAnswer extends AnswerHead {
  body: Readable;
}

/** undici's own, and no answer's header is longer. */
const LONGEST_HEADERS = 64 * 1024;
/** A body in smaller pieces: each one that goes out shows that the server still reads. */
const PIECE = 16 * 1024;

export interface RawAnswer extends AnswerHead {
  body: Readable;
}

/** Connections stay open for the next call. `NO_PROXY` counts, and the proxies that are given. */
export class Transport {
  readonly #dispatcher: EnvHttpProxyAgent;
  /** Connects to no address of this machine. */
  readonly #elsewhere: EnvHttpProxyAgent;

  constructor(limits: CallLimits, proxies: Proxies) {
    const agent = (connect: { lookup?: LookupFunction }) =>
      new EnvHttpProxyAgent({
        httpProxy: proxies['http:']?.url?.href ?? '',
        httpsProxy: proxies['https:']?.url?.href ?? '',
        connect: { timeout: limits.connect, ...connect },
        maxHeaderSize: LONGEST_HEADERS,
        allowH2: false,
      });
    this.#dispatcher = agent({});
    this.#elsewhere = agent({ lookup: lookupElsewhere });
  }

  /**
   * @param elsewhere the address is another server's choice: it may not be one of this machine
   * @throws what undici throws; of `signal`, its reason
   */
  async send(
    call: Call,
    headers: Record<string, string>,
    limits: CallLimits,
    { signal, elsewhere }: { signal: AbortSignal | undefined; elsewhere: boolean },
  ): Promise<RawAnswer> {
    const { method, url, body } = call;
    const { origin, pathname, search } = new URL(url);
    const dispatcher = elsewhere ? this.#elsewhere : this.#dispatcher;
    const answer: Dispatcher.ResponseData = await dispatcher.request({
      origin,
      path: pathname + search,
      method,
      headers: body === undefined ? headers : { ...headers, 'content-length': String(lengthOf(body)) },
      body: body === undefined ? null : streamOf(body),
      headersTimeout: limits.answer,
      bodyTimeout: limits.idle,
      ...(signal ? { signal } : {}),
    });
    return { status: answer.statusCode, headers: plain(answer.headers), url, body: answer.body };
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#dispatcher.destroy(), this.#elsewhere.destroy()]);
  }
}

function lengthOf(body: Body): number {
  return typeof body === 'string' || body instanceof Uint8Array ? Buffer.byteLength(body) : body.bytes;
}

/** undici takes iterables, and asks for the next piece when the socket has taken the one before; its types do not say so. */
function streamOf(body: Body): Buffer | Readable {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return body.open() as unknown as Readable;
  const bytes =
    typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return bytes.length <= PIECE ? bytes : (pieces(bytes) as unknown as Readable);
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

function plain(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
