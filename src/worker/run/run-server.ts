/** What a run asks of its server: the client's verbs, for one run. */
import type { RunStatus } from '../../executor/ports.js';
import type { Test } from '../../schema/model.js';
import { createSigned, type SignedUpload, upload } from '../../server/artifacts.js';
import type { Body } from '../../server/call.js';
import { type Appended, appendConsole, type RunCredentials, readConsole } from '../../server/console.js';
import type { HttpClient } from '../../server/http.js';
import { readRun } from '../../server/run.js';
import { sendTest } from '../../server/tests.js';

export interface FileToSend {
  name: string;
  body: Body;
}

/** Every call throws a `ServerFailure`, or the signal's reason. */
export interface RunServer {
  /** One try. Not idempotent. */
  append(bytes: Uint8Array, status?: RunStatus): Promise<Appended>;
  /** The console from an offset on, up to `most` bytes. */
  readConsole(offset: number, most: number): Promise<{ status: string | undefined; bytes: Buffer }>;
  /** The run's status. */
  readStatus(): Promise<string>;
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
    readConsole: async (offset, most) => {
      const { status, body } = await readConsole(http, runUrl, { offset, apiKey, signal });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        chunks.push(chunk.subarray(0, most - size));
        size += Math.min(chunk.length, most - size);
        if (size === most) break;
      }
      return { status, bytes: Buffer.concat(chunks) };
    },
    readStatus: async () => (await readRun(http, runUrl, signal)).status,
    sendTest: (test, before, doubtful, onDoubt) => sendTest(http, run, test, before, { signal, doubtful, onDoubt }),
    sign: (names, abort) => createSigned(http, run, names, abort),
    upload: (to, file, abort) => upload(http, to, file, abort),
  };
}
