/** One check-in: runs without a process get one, the server is asked for work, what it gives is begun. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFailure } from '../executor/ports.js';
import { takeFileLock } from '../lib/file-lock.js';
import type { CheckedIn } from '../server/workers.js';
import { type Claim, claimRun } from './claim.js';
import { cachePath, hostLoad, hostProperties, isKnown, remember } from './host-properties.js';
import type { WorkerLog } from './log.js';
import { recoverRuns } from './recover.js';
import type { RunProcesses } from './run-processes.js';
import { type RunState, readRundef } from './run-state.js';
import { listRuns, makeRunFolder, referenceRuns, runsFolder } from './runs.js';
import { closeToOthers, settingsPath, type WorkerSettings } from './settings.js';
import type { WorkerServer } from './worker-server.js';

export interface CheckOptions {
  settings: WorkerSettings;
  server: WorkerServer;
  log: WorkerLog;
  processes: RunProcesses;
  /** false: the worker says that it has no free slot. */
  takeRuns?: boolean;
  /** Ends what can be begun again later. */
  signal?: AbortSignal;
}

export interface Checked {
  /** Runs that take a slot, after the check-in. */
  inProgress: number;
  /** Why there was no check-in. */
  skipped?: 'rebooting' | 'busy';
}

/**
 * @throws ServerFailure when the server cannot be asked; runs in progress have been seen to by then
 */
export async function check(options: CheckOptions): Promise<Checked> {
  // Two that count the free slots at the same time would both fill them.
  const lock = await takeFileLock(join(options.settings.folder, '.check-lock'));
  if (lock === undefined) return { inProgress: (await listRuns(options.settings.folder)).length, skipped: 'busy' };
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
    return { inProgress, skipped: 'rebooting' };
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
  const begun = await beginRuns(options, answer, asked);
  return { inProgress: taken + begun };
}

/** Sees to the runs in progress, without a word to the server. */
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

async function claim(
  { settings, server, log, signal }: CheckOptions,
  run: string,
  { runUrl, takenAt }: Pick<RunState, 'runUrl' | 'takenAt'>,
): Promise<Claim> {
  const { api_key: apiKey } = await readRundef(run);
  return claimRun(server.http, settings.hostname, { runUrl, takenAt, apiKey: String(apiKey ?? '') }, log, signal);
}

/** @returns how many take a slot; one that cannot be begun does not keep the others from it */
async function beginRuns(options: CheckOptions, answer: CheckedIn, asked: Date): Promise<number> {
  let begun = 0;
  let failure: RunFailure | undefined;
  for (const rundef of answer.runDefinitions) {
    try {
      if (await beginRun(options, rundef, asked)) begun++;
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return begun;
}

/** The folder is on the disk before anything else happens: from then on the run cannot be lost, nor begun twice. */
async function beginRun(options: CheckOptions, rundef: string, asked: Date): Promise<boolean> {
  const { settings, log, processes } = options;
  const runUrl = runUrlOf(rundef);
  if (runUrl === undefined) {
    log.error(
      'The server has handed out a run definition that says not where its run is; nothing can be told about it',
    );
    return false;
  }
  const folder = await makeRunFolder(settings.folder, runUrl, rundef, asked).catch((cause: Error) => {
    throw new RunFailure(
      'setup',
      `The run ${runUrl} cannot be begun: ${runsFolder(settings.folder)} cannot be written (${cause.message}). Free some space, or mend the folder; the server gives the run to a worker again.`,
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

/** The rest of the run definition is checked by the run's own process, which can tell the server. */
function runUrlOf(rundef: string): string | undefined {
  try {
    const value = JSON.parse(rundef) as { run_url?: unknown } | null;
    return typeof value?.run_url === 'string' && URL.canParse(value.run_url) ? value.run_url : undefined;
  } catch {
    return undefined;
  }
}
