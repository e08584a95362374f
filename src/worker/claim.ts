/**
 * Whether a run that was handed out is still this worker's to begin. A server that hears
 * nothing of a run for 15 s takes its answer for lost and queues the run again (the reference's
 * worker monitor); somebody else may have it by now.
 */
import type { HttpClient } from '../server/http.js';
import { readRun } from '../server/run.js';
import { ServerFailure } from '../server/server-failure.js';
import type { WorkerLog } from './log.js';
import type { Claim } from './recover.js';
import type { RunState } from './run-state.js';

/** As long as this after the question the run is surely ours, ms. */
const FRESH_MS = 10_000;

/** What the server says while a run is at work, or about to be stopped: the run's process sees to that. */
const AT_WORK = new Set(['RUNNING', 'UPLOADING', 'CANCELLING']);

/** @param worker this worker's name */
export async function claimRun(
  http: HttpClient,
  worker: string,
  state: Pick<RunState, 'runUrl' | 'takenAt'>,
  log: WorkerLog,
  signal?: AbortSignal,
): Promise<Claim> {
  // A clock that was set back tells nothing: then it is asked.
  const age = Date.now() - Date.parse(state.takenAt);
  if (age >= 0 && age < FRESH_MS) return 'start';
  try {
    const { status, workerName } = await readRun(http, state.runUrl, signal);
    if (AT_WORK.has(status) && (workerName ?? worker) === worker) return 'start';
    log.warning('A run is not begun: the server has taken it back', { run: state.runUrl, status, worker: workerName });
    return 'drop';
  } catch (error) {
    if (!(error instanceof ServerFailure)) throw error;
    // A server that does not let a worker read its runs says nothing against it either.
    if (!error.passing) return 'start';
    log.warning(`A run waits for its server. ${error.message}`, { run: state.runUrl });
    return 'wait';
  }
}
