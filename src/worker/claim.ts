/**
 * Whether a run that was handed out is still this worker's to begin. A server that hears
 * nothing of a run for 15 s takes its answer for lost and queues the run again (the reference's
 * worker monitor); somebody else may have it then. So the server hears of it at once, before
 * there is a process for it, and nothing begins before the server has.
 */
import { appendConsole } from '../server/console.js';
import type { HttpClient } from '../server/http.js';
import { readRun } from '../server/run.js';
import { ServerFailure } from '../server/server-failure.js';
import type { WorkerLog } from './log.js';

/** `wait`: the server cannot be asked now. */
export type Claim = 'start' | 'drop' | 'wait';

export interface HandedOut {
  runUrl: string;
  apiKey: string;
  /** When the server was asked for it; ISO 8601. */
  takenAt: string;
}

/** As long as this after the question the run is surely ours, ms. */
const FRESH_MS = 10_000;

/** What the server says while a run is at work, or about to be stopped: the run's process sees to that. */
const AT_WORK = new Set(['RUNNING', 'UPLOADING', 'CANCELLING']);

/** Answers that a later try would get as well. */
const REFUSALS = new Set(['completed', 'not-found', 'unauthorized', 'rejected']);

/** @param worker this worker's name */
export async function claimRun(
  http: HttpClient,
  worker: string,
  run: HandedOut,
  log: Pick<WorkerLog, 'warning'>,
  signal?: AbortSignal,
): Promise<Claim> {
  try {
    if (!(await isOurs(http, worker, run, log, signal))) return 'drop';
    await acknowledge(http, run, signal);
    // It may have been queued again in between; from now on it is not.
    return (await isOurs(http, worker, run, log, signal)) ? 'start' : 'drop';
  } catch (error) {
    if (!(error instanceof ServerFailure)) throw error;
    const refused = REFUSALS.has(error.kind);
    log.warning(`A run ${refused ? 'is not begun' : 'waits for its server'}. ${error.message}`, { run: run.runUrl });
    return refused ? 'drop' : 'wait';
  }
}

/** An empty piece of console without a status: it changes nothing but that the server has heard of us. */
function acknowledge(http: HttpClient, { runUrl, apiKey }: HandedOut, signal: AbortSignal | undefined) {
  const append = () => appendConsole(http, { runUrl, apiKey, bytes: new Uint8Array(), signal });
  return http.persist({ method: 'POST', repeatable: true, signal }, append);
}

async function isOurs(
  http: HttpClient,
  worker: string,
  { runUrl, takenAt }: HandedOut,
  log: Pick<WorkerLog, 'warning'>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // A clock that was set back tells nothing: then it is asked.
  const age = Date.now() - Date.parse(takenAt);
  if (age >= 0 && age < FRESH_MS) return true;
  try {
    const { status, workerName } = await readRun(http, runUrl, signal);
    if (AT_WORK.has(status) && (workerName ?? worker) === worker) return true;
    log.warning('A run is not begun: the server has taken it back', { run: runUrl, status, worker: workerName });
    return false;
  } catch (error) {
    // A server that does not let a worker read its runs says nothing against it.
    if (error instanceof ServerFailure && !error.passing) return true;
    throw error;
  }
}
