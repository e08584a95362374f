/** What a run asks of its server: the client's verbs, for one run. */
import type { RunStatus } from '../../executor/ports.js';
import type { Test } from '../../schema/model.js';
import { createSigned, type SignedUpload, upload } from '../../server/artifacts.js';
import type { Body } from '../../server/call.js';
import { type Appended, appendConsole, type RunCredentials, readConsole } from '../../server/console.js';
import type { HttpClient } from '../../server/http.js';
import { readRun, type ServerRun } from '../../server/run.js';
import { ServerFailure } from '../../server/server-failure.js';
import { sendTest } from '../../server/tests.js';

export interface FileToSend {
  name: string;
  body: Body;
}

/** Every call throws a `ServerFailure`, or the signal's reason. */
export interface RunServer {
  /** One try. Not idempotent. */
  append(bytes: Uint8Array, status?: RunStatus): Promise<Appended>;
  /**
   * The console from an offset on, up to `most` bytes. An answer that begins with `head`, the first bytes of the
   * console, may come of a server or a proxy that ignores the offset: then the whole is read, and the offset skipped.
   */
  readConsole(offset: number, most: number, head: Buffer): Promise<{ status: string | undefined; bytes: Buffer }>;
  /** undefined when the server does not let this worker read the run. */
  readRun(): Promise<ServerRun | undefined>;
  /** @param sent how many tests of this name were sent before it; `doubtful`: it may have been sent, too */
  sendTest(test: Test, sent: number, doubtful: boolean, onDoubt: () => void): Promise<void>;
  sign(names: readonly string[], signal: AbortSignal): Promise<Map<string, SignedUpload>>;
  upload(to: SignedUpload, file: FileToSend, signal: AbortSignal): Promise<void>;
}

export function runServer(http: HttpClient, run: RunCredentials, signal?: AbortSignal): RunServer {
  const { runUrl, apiKey } = run;
  return {
    append: (bytes, status) =>
      appendConsole(http, { ...run, bytes, signal, ...(status === undefined ? {} : { status }) }),
    readConsole: async (offset, most, head) => {
      const read = async (from: number, skip: number) => {
        const { status, body } = await readConsole(http, runUrl, { offset: from, apiKey, signal });
        return { status, bytes: await bytesOf(body, skip, most) };
      };
      const answer = await read(offset, 0);
      const { length } = answer.bytes;
      if (offset === 0 || length === 0 || head.length === 0) return answer;
      const common = Math.min(length, head.length);
      return answer.bytes.subarray(0, common).equals(head.subarray(0, common)) ? read(0, offset) : answer;
    },
    readRun: async () => {
      try {
        return await readRun(http, runUrl, signal);
      } catch (error) {
        if (error instanceof ServerFailure && !error.passing) return undefined;
        throw error;
      }
    },
    sendTest: (test, before, doubtful, onDoubt) => sendTest(http, run, test, before, { signal, doubtful, onDoubt }),
    sign: (names, abort) => createSigned(http, run, names, abort),
    upload: (to, file, abort) => upload(http, to, file, abort),
  };
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
