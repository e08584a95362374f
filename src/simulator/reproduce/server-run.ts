/** A run as its server has it, with all that a replay is compared with. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { FailureCause } from '../../executor/checkpoint.js';
import type { Test } from '../../schema/model.js';
import { readConsole } from '../../server/console.js';
import type { HttpClient } from '../../server/http.js';
import { readRun, type ServerRun } from '../../server/run.js';
import type { RunAddress } from '../../server/run-url.js';
import { readTests } from '../../server/tests.js';
import { usersFault } from '../users-fault.js';
import type { ConsoleFacts } from './console-story.js';

/** As `reproduce --json` shows it. */
export interface ServerSide {
  url: string;
  run: string;
  /** PASSED, FAILED, or what the run was when it was asked. */
  status: string;
  /** `unknown`: the run failed, and its console does not say why. */
  cause?: FailureCause | 'unknown';
  message?: string;
  exitCode?: number;
  worker?: string;
  startedAt?: string;
  completedAt?: string;
  image: { reference: string; digest?: string };
  tests: Test[];
  artifacts: { path: string; sizeBytes?: number }[];
  console: string;
}

/** What a run's own worker did not put there. */
const SERVERS_OWN = new Set(['console.log', '.rundef.json', '.simulate.sh']);
const ENDED = new Set(['PASSED', 'FAILED']);

/** Whether the run has ended, in a way that a replay can be compared with. */
export const hasEnded = ({ status }: Pick<ServerSide, 'status'>): boolean => ENDED.has(status);

export interface FetchedRun {
  known: ServerRun;
  tests: Test[];
}

/**
 * Reads the run, its tests, and its console into a file.
 *
 * @param console a path that does not exist
 * @throws UsageError where the server says no; ServerFailure where it is not to be had
 */
export async function fetchRun(
  http: HttpClient,
  { url }: RunAddress,
  console: string,
  signal: AbortSignal,
): Promise<FetchedRun> {
  const known = await usersFault(readRun(http, url, signal));
  if (!hasEnded(known)) return { known, tests: [] };
  const tests = known.hasTests ? await usersFault(readTests(http, url, { signal })) : [];
  const { body } = await usersFault(readConsole(http, url, { signal }));
  await pipeline(body, createWriteStream(console, { mode: 0o600, flags: 'wx' }), { signal });
  return { known, tests };
}

/** @param facts of the whole console */
export function serverSide(
  { known, tests }: FetchedRun,
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
    ...(failed ? { cause: causeOf(known, tests, facts) } : {}),
    ...(failed && facts.message !== undefined ? { message: facts.message } : {}),
    ...(facts.exitCode === undefined ? {} : { exitCode: facts.exitCode }),
    ...(workerName === undefined ? {} : { worker: workerName }),
    ...(created === undefined ? {} : { startedAt: created }),
    ...(completed === undefined ? {} : { completedAt: completed }),
    image: { reference, ...(facts.digest === undefined ? {} : { digest: facts.digest }) },
    tests,
    artifacts: artifacts
      .filter(({ path }) => !SERVERS_OWN.has(path))
      .map(({ path, sizeBytes }) => ({ path, ...(sizeBytes === undefined ? {} : { sizeBytes }) })),
    console: `${url}console.log`,
  };
}

/** What the console says, or what follows from how far the run came. */
function causeOf(known: ServerRun, tests: readonly Test[], facts: ConsoleFacts): FailureCause | 'unknown' {
  if (facts.cause !== undefined) return facts.cause;
  if (known.statusEvents.some(({ status }) => status === 'CANCELLING')) return 'cancelled';
  if (!facts.started) return 'setup';
  if (facts.passed === undefined) return 'lost';
  if (!facts.passed) return 'script';
  return hasFailure(tests) ? 'tests' : 'unknown';
}

function hasFailure(tests: readonly Test[]): boolean {
  return tests.some(({ status, results }) => status === 'FAILED' || results.some((one) => one.status === 'FAILED'));
}

/** Causes that are the machine's or the server's, not the run's: they are not there to be replayed. */
export const NOT_THE_RUNS: ReadonlySet<FailureCause | 'unknown'> = new Set([
  'cancelled',
  'lost',
  'artifacts',
  'interrupted',
]);
