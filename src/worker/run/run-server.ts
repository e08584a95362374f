/** The server of one run. Every call throws a `ServerFailure`, or its signal's reason. */
import type { RunStatus } from '../../executor/index.js';
import type { Test } from '../../schema/index.js';
import {
  type Appended,
  appendConsole,
  type Body,
  createSigned,
  type HttpClient,
  type RunCredentials,
  readConsole,
  readRun,
  ServerFailure,
  type ServerRun,
  type SignedUpload,
  sendTest,
  upload,
} from '../../server/index.js';

export class RunServer {
  readonly #http: HttpClient;
  readonly #run: RunCredentials;

  constructor(http: HttpClient, run: RunCredentials) {
    this.#http = http;
    this.#run = run;
  }

  /** One try. Not idempotent. */
  append(bytes: Uint8Array, status?: RunStatus): Promise<Appended> {
    return appendConsole(this.#http, { ...this.#run, bytes, ...(status && { status }) });
  }

  /**
   * The console from an offset on, up to `most` bytes. An answer that begins with `head`, the first bytes of the
   * console, may come from a server or a proxy that ignores the offset: then all of it is read, and the offset skipped.
   */
  async readConsole(
    offset: number,
    most: number,
    head: Buffer,
  ): Promise<{ status: string | undefined; bytes: Buffer }> {
    const { runUrl, apiKey } = this.#run;
    const read = async (from: number, skip: number) => {
      const { status, body } = await readConsole(this.#http, runUrl, { offset: from, apiKey });
      return { status, bytes: await bytesOf(body, skip, most) };
    };
    const answer = await read(offset, 0);
    const { length } = answer.bytes;
    if (offset === 0 || length === 0 || head.length === 0) return answer;
    const common = Math.min(length, head.length);
    return answer.bytes.subarray(0, common).equals(head.subarray(0, common)) ? read(0, offset) : answer;
  }

  /** undefined when the server does not let this worker read the run. */
  async readRun(): Promise<ServerRun | undefined> {
    try {
      return await readRun(this.#http, this.#run.runUrl);
    } catch (error) {
      if (error instanceof ServerFailure && !error.passing) return undefined;
      throw error;
    }
  }

  /** @param before how many tests of this name were sent before it; `doubtful`: it may have been sent already */
  sendTest(test: Test, before: number, doubtful: boolean, onDoubt: () => void): Promise<void> {
    return sendTest(this.#http, this.#run, test, before, { doubtful, onDoubt });
  }

  sign(names: readonly string[], signal: AbortSignal): Promise<Map<string, SignedUpload>> {
    return createSigned(this.#http, this.#run, names, signal);
  }

  upload(to: SignedUpload, file: { name: string; body: Body }, signal: AbortSignal): Promise<void> {
    return upload(this.#http, to, file, signal);
  }
}

/** Up to `most` bytes of a stream, from `skip` on. */
async function bytesOf(body: AsyncIterable<Buffer>, skip: number, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let before = 0;
  let size = 0;
  for await (const chunk of body) {
    const wanted = chunk.subarray(Math.max(0, skip - before)).subarray(0, most - size);
    before += chunk.length;
    chunks.push(wanted);
    size += wanted.length;
    if (size === most) break;
  }
  return Buffer.concat(chunks);
}
