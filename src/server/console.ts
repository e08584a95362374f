/** The console of a run and its status: read by everybody, written by its worker (SPEC 5). */
import { Readable } from 'node:stream';
import type { RunStatus } from '../executor/index.js';
import { COMPLETE_STATUSES } from '../schema/index.js';
import type { HttpClient } from './http.js';
import { ServerFailure } from './server-failure.js';

export interface ServerConsole {
  /** The run's status when this was answered; undefined where the server does not say. */
  status: string | undefined;
  /** From `offset` on, as bytes. Read it to its end, or destroy it; an error in it is a `ServerFailure`. */
  body: Readable;
}

/**
 * The console from an offset in bytes on: what is there now. Nothing more is an empty body.
 * A server looks at the offset only while the run goes on, and gives the whole of a complete
 * one: what is before the offset is dropped here then, so that the caller sees no difference.
 * Whether a server without X-RUN-STATUS, or a proxy before it, heeded the offset only the bytes can tell.
 *
 * The offset counts the server's bytes: its own first lines (`# Run sent to worker: …`) too.
 *
 * @param options.apiKey of the run, for its worker; `bytes`: its bound, and `tooLong` what to do about a console beyond it
 */
export async function readConsole(
  http: HttpClient,
  runUrl: string,
  options: {
    offset?: number;
    apiKey?: string | undefined;
    bytes?: number;
    tooLong?: string;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<ServerConsole> {
  const { offset = 0, apiKey, bytes, tooLong, signal } = options;
  const answer = await http.stream({
    method: 'GET',
    url: `${runUrl}console.log`,
    what: 'read the console',
    accept: 'any',
    ...(bytes === undefined ? {} : { limits: { bytes } }),
    ...(tooLong === undefined ? {} : { tooLong }),
    headers: {
      ...(offset > 0 ? { 'x-offset': String(offset) } : {}),
      ...(apiKey === undefined ? {} : { authorization: `Token ${apiKey}` }),
    },
    signal,
  });
  const status = answer.headers['x-run-status'];
  // At the end of a console the server's empty answer is typed as a page.
  const page = /^text\/html/.test(answer.headers['content-type'] ?? '') && answer.headers['content-length'] !== '0';
  if (status === undefined && page) {
    answer.body.destroy();
    throw new ServerFailure(
      'no-jobserv',
      `Could not read the console at ${runUrl}console.log: a web page came instead, of a proxy or a login. Check the address and the credentials.`,
      { status: answer.status },
    );
  }
  const whole = offset > 0 && status !== undefined && COMPLETE_STATUSES.includes(status);
  return { status, body: whole ? Readable.from(from(answer.body, offset), { objectMode: false }) : answer.body };
}

async function* from(body: Readable, offset: number): AsyncGenerator<Buffer> {
  let skip = offset;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}

export interface RunCredentials {
  /** Ends with a slash. */
  runUrl: string;
  apiKey: string;
}

export interface Appended {
  /** The server wants the run to stop. */
  cancelled: boolean;
}

export interface AppendRequest extends RunCredentials {
  /** May be empty: the answer says whether the run is cancelled. */
  bytes: Uint8Array;
  status?: RunStatus;
  signal?: AbortSignal | undefined;
}

/**
 * One try to append to the console, and to set the status along with it. **Not idempotent**: the
 * server appends whatever it gets. Never tried again here: of a failure that `maybeDelivered`,
 * ask with `readConsole` what is there before sending again. An empty append is harmless.
 *
 * @throws ServerFailure: `completed` when the run has ended on the server, `too-large` for a smaller piece,
 *   `passing` when the same may go well later, after `retryAfterMs` where the server says so
 */
export async function appendConsole(
  http: HttpClient,
  { runUrl, apiKey, bytes, status, signal }: AppendRequest,
): Promise<Appended> {
  const answer = await http.send({
    method: 'POST',
    url: runUrl,
    what: bytes.length > 0 ? 'send the console' : 'report the status of the run',
    body: bytes,
    headers: {
      'content-type': 'text/plain',
      authorization: `Token ${apiKey}`,
      ...(status && { 'x-run-status': status }),
    },
    retry: false,
    signal,
  });
  return { cancelled: answer.headers['x-jobserv-cancel'] !== undefined };
}
