/** One check-in: starts a process for each run without one, asks the server for a run, and begins it. */

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFailure } from '../executor/index.js';
import { objectOf, systemWords, takeFileLock } from '../lib/index.js';
import {
  appendConsole,
  type CheckedIn,
  parse,
  parseHttpUrl,
  readRun,
  ServerFailure,
  type WorkerClient,
} from '../server/index.js';
import { cachePath, hostLoad, hostProperties, isKnown, remember } from './host-properties.js';
import type { WorkerLog } from './log.js';
import { type Claim, recoverRuns } from './recover.js';
import type { RunProcesses } from './run-processes.js';
import { makeRunFolder, type RunState, readRundef, referenceRuns, runsFolder, runsInProgress } from './runs.js';
import { closeToOthers, settingsPath, type WorkerSettings } from './settings.js';

export interface CheckOptions {
  settings: WorkerSettings;
  server: WorkerClient;
  log: WorkerLog;
  processes: RunProcesses;
  /** false: the worker reports no free slot. */
  takeRuns?: boolean;
  /** Ends what can be begun again later. */
  signal?: AbortSignal;
}

export interface Checked {
  /** Runs that take a slot, after the check-in. */
  inProgress: number;
  /** Whether the server's answer held a run. */
  handedOut: boolean;
  /** Why there was no check-in. */
  skipped?: 'rebooting' | 'busy';
}

/**
 * @throws ServerFailure when the server cannot be asked; runs in progress have been seen to by then
 */
export async function check(options: CheckOptions): Promise<Checked> {
  // Two that count the free slots at the same time would both fill them.
  const lock = await takeFileLock(join(options.settings.folder, '.check-lock'));
  if (lock === undefined) {
    return { inProgress: (await runsInProgress(options.settings.folder)).length, handedOut: false, skipped: 'busy' };
  }
  try {
    return await checkAlone(options);
  } finally {
    await lock.release();
  }
}

async function checkAlone(options: CheckOptions): Promise<Checked> {
  const { settings, server, log } = options;
  const { folder } = settings;
  await closeToOthers(settingsPath(folder), cachePath(folder));
  const { inProgress, rebooting } = await recover(options);
  if (rebooting) {
    log.info('The host is about to reboot: no check-in');
    return { inProgress, handedOut: false, skipped: 'rebooting' };
  }
  await updateProperties(options);
  const taken = inProgress + (await referenceRuns(folder));
  const free = options.takeRuns === false ? 0 : Math.max(0, settings.concurrentRuns - taken);
  const asked = new Date();
  // Never broken off: a run that the server has handed out by then would be nobody's.
  const answer = await server.checkIn(await hostLoad(free));
  if (!answer.enlisted)
    log.warning('The server has not enlisted this worker: until somebody does so there, it gives no work');
  log.debug('Checked in', { free, in_progress: taken, runs: answer.runDefinitions.length });
  const begun = await beginRuns(options, answer, asked, free);
  return { inProgress: taken + begun, handedOut: answer.runDefinitions.length > 0 };
}

/** `takenAt`: when the server was asked. */
type TakenRun = Pick<RunState, 'runUrl' | 'takenAt'>;

/** Continues the runs in progress; no call to the server. */
export function recover(options: CheckOptions) {
  const { settings, log, processes } = options;
  return recoverRuns({
    folder: settings.folder,
    log,
    start: (run, why) => processes.start(run, why),
    claim: (run, state) => claim(options, run, state),
    started: processes.running,
  });
}

async function updateProperties({ settings, server, log, signal }: CheckOptions): Promise<void> {
  const properties = await hostProperties(settings);
  if (await isKnown(settings.folder, properties)) return;
  const { api_key: _, ...said } = properties;
  log.info("The host's properties are sent to the server", said);
  await server.update(properties, signal);
  await remember(settings.folder, properties);
}

/**
 * In the server's order, as many as there are free slots. The others are not reported, so the server
 * queues them again.
 *
 * @returns how many take a slot; one that cannot be begun does not keep the others from it
 */
async function beginRuns(options: CheckOptions, answer: CheckedIn, asked: Date, free: number): Promise<number> {
  let begun = 0;
  let failure: RunFailure | undefined;
  const usable: HandedOutRun[] = [];
  let refused = 0;
  // What lies behind the last one that is begun is not even read.
  for (const rundef of free === 0 ? [] : answer.runDefinitions) {
    const run = usableRun(options, rundef);
    if (run !== undefined) usable.push(run);
    else refused++;
    if (usable.length === free) break;
  }
  const handedOut = answer.runDefinitions.length - refused;
  if (handedOut > free) {
    const fields = { handed_out: handedOut, free };
    options.log.warning(
      'The server has handed out more runs than there are free slots; it will queue the others again',
      fields,
    );
  }
  for (const run of usable) {
    try {
      if (await beginRun(options, run, asked)) begun++;
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return begun;
}

/** The folder is on the disk before anything else happens: from then on the run cannot be lost, nor begun twice. */
async function beginRun(options: CheckOptions, { rundef, runUrl }: HandedOutRun, asked: Date): Promise<boolean> {
  const { settings, log, processes } = options;
  const folder = await makeRunFolder(settings.folder, runUrl, rundef, asked).catch((cause: Error) => {
    throw new RunFailure(
      'setup',
      `The run ${runUrl} cannot begin: ${runsFolder(settings.folder)} cannot be written (${systemWords(cause)}). Free some space, or repair the folder; the server will hand out the run again.`,
      { environment: 'disk', cause },
    );
  });
  if (folder === undefined) {
    log.warning('The server has handed out a run that is in progress here; it is not begun again', { run: runUrl });
    return false;
  }
  const claimed = await claim(options, folder, { runUrl, takenAt: asked.toISOString() });
  if (claimed === 'drop') await rm(folder, { recursive: true, force: true });
  if (claimed === 'start') {
    log.info('A run begins', { run: runUrl });
    processes.start(folder, {});
  }
  return claimed !== 'drop';
}

interface HandedOutRun {
  rundef: string;
  runUrl: string;
}

/** Refused run definitions that were logged: the server hands each out again after some seconds. */
const logged = new Set<string>();
/** A server that has so many different ones gets no more lines of the log. */
const MOST_LOGGED = 1_000;

/**
 * A run definition with the URL of its run. Any other fault is reported to that URL by the run's own process; without
 * a URL it can only be logged, once.
 */
function usableRun({ log }: CheckOptions, rundef: string): HandedOutRun | undefined {
  const runUrl = runUrlOf(rundef);
  if (runUrl !== undefined) return { rundef, runUrl };
  if (logged.size === MOST_LOGGED) return undefined;
  const digest = createHash('sha256').update(rundef).digest('hex');
  if (logged.has(digest)) return undefined;
  logged.add(digest);
  const last = logged.size === MOST_LOGGED ? { not_logged: 'any further one' } : {};
  log.error(
    'The server has handed out a run definition without the http address of its run. It cannot be executed, and there is no address to report that to',
    { bytes: rundef.length, sha256: digest.slice(0, 12), ...last },
  );
  return undefined;
}

function runUrlOf(rundef: string): string | undefined {
  const url = objectOf(parse(rundef))?.['run_url'];
  return typeof url === 'string' && parseHttpUrl(url) !== undefined ? url : undefined;
}

/** For this time after the check-in the run is surely ours, ms. */
const FRESH_MS = 10_000;

/** The server's statuses of a run in progress, or about to be stopped: the run's process handles that. */
const AT_WORK = new Set(['RUNNING', 'UPLOADING', 'CANCELLING']);

/** Answers that a later try would get too. */
const REFUSALS = new Set(['completed', 'not-found', 'unauthorized', 'rejected']);

/**
 * Whether a run that was handed out is still this worker's to begin. A server that hears nothing of a run for 15 s
 * takes its answer for lost and queues the run again (the reference's worker monitor); another worker may have it then.
 * So the server hears of it before there is a process for it, and nothing begins before the server has.
 */
async function claim(options: CheckOptions, folder: string, run: TakenRun): Promise<Claim> {
  const { api_key: apiKey } = await readRundef(folder);
  try {
    if (!(await isOurs(options, run))) return 'drop';
    await acknowledge(options, run.runUrl, String(apiKey ?? ''));
    // It may have been queued again in between; from now on it is not.
    return (await isOurs(options, run)) ? 'start' : 'drop';
  } catch (error) {
    if (!(error instanceof ServerFailure)) throw error;
    const refused = REFUSALS.has(error.kind);
    const what = refused ? 'is not begun' : 'waits for its server';
    options.log.warning(`A run ${what}. ${error.message}`, { run: run.runUrl });
    return refused ? 'drop' : 'wait';
  }
}

/** An empty piece of console without a status: it only shows the server that this worker has the run. */
function acknowledge({ server: { http }, signal }: CheckOptions, runUrl: string, apiKey: string) {
  const append = () => appendConsole(http, { runUrl, apiKey, bytes: new Uint8Array(), signal });
  return http.persist({ method: 'POST', repeatable: true, signal }, append);
}

async function isOurs({ settings, server, log, signal }: CheckOptions, { runUrl, takenAt }: TakenRun) {
  // After the clock was set back the age means nothing: then the server is asked.
  const age = Date.now() - Date.parse(takenAt);
  if (age >= 0 && age < FRESH_MS) return true;
  try {
    const { status, workerName } = await readRun(server.http, runUrl, signal);
    if (AT_WORK.has(status) && (workerName ?? settings.hostname) === settings.hostname) return true;
    log.warning('A run does not begin: the server has queued it again', { run: runUrl, status, worker: workerName });
    return false;
  } catch (error) {
    // A server that does not let a worker read its runs is no reason against it.
    if (error instanceof ServerFailure && !error.passing) return true;
    throw error;
  }
}
