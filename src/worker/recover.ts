/** Continues what an earlier process left: runs without a process, and one that waited for a reboot. */

import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { currentBoot } from '../docker/index.js';
import { makeFolder, syncFolder } from '../lib/index.js';
import type { WorkerLog } from './log.js';
import { setRunAside } from './remove-tree.js';
import {
  BrokenRunFolder,
  exists,
  finishUnfinished,
  isUnreported,
  listRuns,
  newRunState,
  ownerOf,
  type RunOneOptions,
  type RunState,
  readRundef,
  readRunState,
  rebootedRun,
  rundefPath,
  runFolderName,
  runsFolder,
  type Unreported,
  writeRunState,
} from './runs.js';

/** A run is given up after this many of its processes. The kernel may end one for memory; this many are the run's fault. */
const MOST_STARTS = 10;

/** The longest time between two tries to report the end of a run, ms. */
const LONGEST_PUT_OFF = 60 * 60_000;

/** Whether a run that has not begun is still this worker's; `wait`: the server cannot be asked now. */
export type Claim = 'start' | 'drop' | 'wait';

export interface Recovery {
  /** How many runs take a slot now. */
  inProgress: number;
  /** The host is about to go down: nothing more may begin. */
  rebooting: boolean;
}

export interface RecoveryOptions {
  folder: string;
  log: WorkerLog;
  /** Starts the process of a run; does not wait for it. */
  start(folder: string, options: RunOneOptions): void;
  /** `drop` removes its folder. */
  claim(folder: string, state: RunState): Promise<Claim>;
  /** Folders whose process this one has started, and that has not ended. */
  started: ReadonlySet<string>;
  boot?: string;
}

/**
 * Gives every run in progress a process. Call it before each check-in, one at a time.
 * A process too many does no harm: it does not get the run's lock, and ends.
 */
export async function recoverRuns(options: RecoveryOptions): Promise<Recovery> {
  const { folder, log } = options;
  const boot = options.boot ?? currentBoot();
  await finishUnfinished(folder);
  const rebooting = await resumeRebooted(options, boot).catch(async (error: unknown) => {
    if (!(error instanceof BrokenRunFolder)) throw error;
    await putAside(rebootedRun(folder), error, log);
    return false;
  });
  let inProgress = rebooting ? 1 : 0;
  for (const run of await listRuns(folder)) {
    try {
      if (await recoverRun(run, options, boot)) inProgress++;
    } catch (error) {
      if (error instanceof BrokenRunFolder) await putAside(run, error, log);
      else log.error(`A run cannot continue now: ${(error as Error).message}`, { folder: run });
    }
  }
  return { inProgress, rebooting };
}

/** A broken folder neither stops the other runs nor takes a slot. */
async function putAside(run: string, { message }: BrokenRunFolder, log: WorkerLog): Promise<void> {
  const folder = await setRunAside(run).catch((error: Error) => `${run} (it cannot be moved: ${error.message})`);
  log.error(`A run can neither continue nor be reported to the server. ${message} Its folder was moved to set-aside.`, {
    folder,
  });
}

/** @returns whether the run takes a slot */
async function recoverRun(run: string, options: RecoveryOptions, boot: string): Promise<boolean> {
  const { log, started } = options;
  if (started.has(run) || (await ownerOf(run)).alive) return !(await readRunState(run).then(isUnreported, () => false));
  // It may have ended between the listing and now.
  if (!(await exists(run))) return false;
  if (!(await exists(rundefPath(run)))) {
    // Its end was reported; the process died while it removed the folder.
    options.start(run, {});
    return false;
  }
  const state = await stateOf(run);
  if (state.unreported !== undefined) {
    if (isDue(state.unreported)) options.start(run, {});
    return false;
  }
  if (state.phase === 'queued') {
    const claim = await options.claim(run, state);
    if (claim === 'drop') await rm(run, { recursive: true, force: true });
    if (claim !== 'start') return claim === 'wait';
  }
  const why = reasonToStop(state, boot);
  const about = { run: state.runUrl, phase: state.phase, starts: state.starts };
  if (why.afterReboot) log.warning('The host went down during a run; it is reported FAILED', about);
  else if (why.givenUp) log.error('The processes of a run died too often; it is reported FAILED', about);
  else if (state.starts > 0) log.warning('The process of a run has died; another one continues it', about);
  options.start(run, why);
  return true;
}

/** A clock that was set back must not extend the wait. */
function isDue({ next }: Unreported): boolean {
  const wait = Date.parse(next) - Date.now();
  return !(wait > 0 && wait <= LONGEST_PUT_OFF);
}

function reasonToStop(state: RunState, boot: string): RunOneOptions {
  if (state.starts === 0 || state.known.verdict !== undefined) return {};
  if (state.boot !== boot && state.known.reboot === undefined) return { afterReboot: true };
  // A run that was given up must end, however many processes it takes.
  return state.starts >= MOST_STARTS ? { givenUp: true } : {};
}

/** With a lost or foreign state the run can only be reported FAILED. */
async function stateOf(run: string): Promise<RunState> {
  try {
    return await readRunState(run);
  } catch (error) {
    const { run_url: runUrl } = await readRundef(run);
    if (!(error instanceof BrokenRunFolder) || typeof runUrl !== 'string') throw error;
    const state = { ...newRunState(runUrl), phase: 'prepare' as const, starts: MOST_STARTS };
    await writeRunState(run, state);
    return state;
  }
}

/** @returns whether the reboot is still to come */
async function resumeRebooted(options: RecoveryOptions, boot: string): Promise<boolean> {
  const { folder, log } = options;
  const waiting = rebootedRun(folder);
  if (!(await exists(waiting))) return false;
  if ((await ownerOf(waiting)).alive) return true;
  const state = await rebootedState(waiting);
  const run = join(runsFolder(folder), runFolderName(state.runUrl));
  await makeFolder(runsFolder(folder));
  await rename(waiting, run);
  await Promise.all([syncFolder(folder), syncFolder(runsFolder(folder))]);
  log.info(state.boot === boot ? 'A run requests its reboot again' : 'A run continues after the reboot', {
    run: state.runUrl,
  });
  return false;
}

/** The reference worker keeps no state: only its run definition shows how the run continues. */
async function rebootedState(waiting: string): Promise<RunState> {
  if (await exists(join(waiting, 'state.json'))) return readRunState(waiting);
  const { run_url: runUrl } = await readRundef(waiting);
  if (typeof runUrl !== 'string') throw new BrokenRunFolder(`${waiting} holds no run: its rundef.json has no run_url.`);
  const state = newRunState(runUrl);
  await writeRunState(waiting, state);
  return state;
}
