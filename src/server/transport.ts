/** One request, one answer, no more: what undici does for us. Loaded when the first call is made. */
import type { Readable } from 'node:stream';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import type { AnswerHead, Body, Call, CallLimits } from './call.js';

/** undici's own, and no answer's header is longer. */
const LONGEST_HEADERS = 64 * 1024;
/** A body in smaller pieces: each one that goes out shows that the server still reads. */
const PIECE = 16 * 1024;

export interface RawAnswer extends AnswerHead {
  body: Readable;
}

/** Connections stay open for the next call. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are heeded, as by curl. */
export class Transport {
  readonly #dispatcher: EnvHttpProxyAgent;

  constructor(limits: CallLimits) {
    this.#dispatcher = new EnvHttpProxyAgent({
      connect: { timeout: limits.connect },
      maxHeaderSize: LONGEST_HEADERS,
      allowH2: false,
    });
  }

  /** @throws what undici throws; of `signal`, its reason */
  async send(
    call: Call,
    headers: Record<string, string>,
    limits: CallLimits,
    signal?: AbortSignal,
  ): Promise<RawAnswer> {
    const { method, url, body } = call;
    const answer: Dispatcher.ResponseData = await request(url, {
      dispatcher: this.#dispatcher,
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
    await this.#dispatcher.destroy();
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
