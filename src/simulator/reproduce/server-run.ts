/** A run as its server has it, with all that a replay is compared with. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { FailureCause } from '../../executor/index.js';
import type { Test } from '../../schema/index.js';
import {
  type HttpClient,
  type RunAddress,
  readConsole,
  readRun,
  readTests,
  ServerFailure,
  type ServerRun,
} from '../../server/index.js';
import type { ConsoleFacts, SetupStep } from './console-story.js';

/** As `reproduce --json` shows it. */
export interface ServerSide {
  url: string;
  run: string;
  /** PASSED, FAILED, or what the run was when it was asked. */
  status: string;
  /** `unknown`: the run failed, and its console does not say why; `not-started`: no worker ever had it. */
  cause?: FailureCause | 'unknown' | 'not-started';
  message?: string;
  exitCode?: number;
  worker?: string;
  startedAt?: string;
  completedAt?: string;
  /** How far the worker came that did not start the script. */
  setup?: SetupStep;
  image: { reference: string; digest?: string };
  tests: Test[];
  artifacts: { path: string; sizeBytes?: number }[];
  /** null: the server has none. */
  console: string | null;
}

/** What a run's own worker did not put there. */
const SERVERS_OWN = new Set(['console.log', '.rundef.json', '.simulate.sh']);
const ENDED = new Set(['PASSED', 'FAILED']);

/** Whether the run has ended, in a way that a replay can be compared with. */
export const hasEnded = ({ status }: Pick<ServerSide, 'status'>): boolean => ENDED.has(status);

export interface FetchedRun {
  known: ServerRun;
  tests: Test[];
  /** Whether the server has its console; one that goes on is not read. */
  hasConsole: boolean;
}

export interface ConsoleTarget {
  /** A path that does not exist. */
  path: string;
  /** Bytes; a longer console is an error. */
  most: number;
  /** Called with the number of bytes that are there, a few times a second at most. */
  onBytes(bytes: number): void;
}

/**
 * Reads the run, its tests, and its console into a file.
 *
 * @throws UsageError where the server says no; ServerFailure where it is not to be had
 */
export async function fetchRun(
  http: HttpClient,
  { url }: RunAddress,
  console: ConsoleTarget,
  signal: AbortSignal,
): Promise<FetchedRun> {
  const known = await readRun(http, url, signal);
  if (!hasEnded(known)) return { known, tests: [], hasConsole: true };
  const tests = known.hasTests ? await readTests(http, url, { signal }) : [];
  const hasConsole = await keepConsole(http, url, console, signal);
  return { known, tests, hasConsole };
}

/** @returns false, and makes an empty file, where the server has none: nobody took the run, or it was thrown away */
async function keepConsole(
  http: HttpClient,
  url: string,
  { path, most, onBytes }: ConsoleTarget,
  signal: AbortSignal,
): Promise<boolean> {
  const tooLong = 'To read a longer one, give --max-console.';
  const found = await readConsole(http, url, { bytes: most, tooLong, signal }).catch((error: unknown) => {
    // The run itself was just read there, so that it is no matter of who asks.
    if (error instanceof ServerFailure && error.kind === 'not-found') return undefined;
    throw error;
  });
  const { body = [] } = found ?? {};
  await pipeline(counted(body, onBytes), createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal });
  return found !== undefined;
}

/** Between two reports of progress, ms. */
const REPORT_MS = 200;

async function* counted(body: AsyncIterable<Buffer> | Iterable<Buffer>, onBytes: ConsoleTarget['onBytes']) {
  let [size, reported] = [0, performance.now()];
  for await (const chunk of body) {
    size += chunk.length;
    yield chunk;
    if (performance.now() - reported < REPORT_MS) continue;
    reported = performance.now();
    onBytes(size);
  }
}

/** @param facts of the whole console */
export function serverSide(
  { known, tests, hasConsole }: FetchedRun,
  { url, run }: RunAddress,
  reference: string,
  facts: ConsoleFacts,
): ServerSide {
  const { status, workerName, created, completed, artifacts } = known;
  const failed = status === 'FAILED';
  return {
    url,
    run,
    status,
    ...(failed ? { cause: causeOf({ known, tests, hasConsole }, facts) } : {}),
    ...(failed && facts.message !== undefined ? { message: facts.message } : {}),
    ...(facts.exitCode === undefined ? {} : { exitCode: facts.exitCode }),
    ...(workerName === undefined ? {} : { worker: workerName }),
    ...(created === undefined ? {} : { startedAt: created }),
    ...(completed === undefined ? {} : { completedAt: completed }),
    ...(failed && !facts.started && facts.setup !== undefined ? { setup: facts.setup } : {}),
    image: { reference, ...(facts.digest === undefined ? {} : { digest: facts.digest }) },
    tests,
    artifacts: artifacts
      .filter(({ path }) => !SERVERS_OWN.has(path))
      .map(({ path, sizeBytes }) => ({ path, ...(sizeBytes === undefined ? {} : { sizeBytes }) })),
    console: hasConsole ? `${url}console.log` : null,
  };
}

/** What the console says, or what follows from how far the run came. */
function causeOf({ known, tests, hasConsole }: FetchedRun, facts: ConsoleFacts): ServerSide['cause'] & string {
  if (!facts.taken && known.workerName === undefined) return 'not-started';
  if (!hasConsole) return hasFailure(tests) ? 'tests' : 'unknown';
  if (facts.cause !== undefined) return facts.cause;
  if (known.statusEvents.some(({ status }) => status === 'CANCELLING')) return 'cancelled';
  if (facts.taken && !facts.started) return 'setup';
  if (facts.passed === undefined) return 'lost';
  if (!facts.passed) return 'script';
  return hasFailure(tests) ? 'tests' : 'unknown';
}

function hasFailure(tests: readonly Test[]): boolean {
  return tests.some(({ status, results }) => status === 'FAILED' || results.some((one) => one.status === 'FAILED'));
}

/** Causes that are the machine's or the server's, not the run's: they are not there to be replayed. */
export const NOT_THE_RUNS: ReadonlySet<string> = new Set([
  'not-started',
  'cancelled',
  'lost',
  'artifacts',
  'interrupted',
]);
