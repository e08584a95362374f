/** What a worker is doing, read from its folder alone. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loopProcess } from './loop-lock.js';
import { type Outcomes, readOutcomes } from './outcomes.js';
import { BrokenRunFolder, exists, listRuns, ownerOf, readRunState, rebootedRun, type Unreported } from './runs.js';
import { readSettings } from './settings.js';

export interface RunStatusReport {
  /** Its folder's name in `runs/`. */
  folder: string;
  runUrl?: string;
  phase?: string;
  phaseSeconds?: number;
  /** Since the server handed it out. */
  ageSeconds?: number;
  /** How many processes have begun on it. */
  starts?: number;
  container?: string;
  /** Bytes of console that the server does not have yet. */
  spoolBytes: number;
  /** The process that executes the run; none: the next check-in starts one. */
  pid?: number;
  /** Why its folder cannot be read. */
  problem?: string;
  /** The run is over here and takes no slot, but the server does not accept its end; see `RunState`. */
  unreported?: Unreported;
}

export interface WorkerStatus {
  version: 1;
  name: string;
  server: string;
  concurrentRuns: number;
  /** The process of its loop, when one runs. */
  loop?: number;
  runs: RunStatusReport[];
  /** How many runs have ended in which way, since the folder exists. */
  outcomes: Outcomes[];
}

/** @throws SettingsError when there is no worker */
export async function workerStatus(folder: string, now = Date.now()): Promise<WorkerStatus> {
  const settings = await readSettings(folder);
  const waiting = rebootedRun(folder);
  const folders = [...(await listRuns(folder)), ...((await exists(waiting)) ? [waiting] : [])];
  const runs = await Promise.all(folders.map((run) => reportOf(run, now)));
  const loop = await loopProcess(folder);
  return {
    version: 1,
    name: settings.hostname,
    server: settings.serverUrl,
    concurrentRuns: settings.concurrentRuns,
    ...(loop === undefined ? {} : { loop }),
    runs,
    outcomes: await readOutcomes(folder),
  };
}

async function reportOf(run: string, now: number): Promise<RunStatusReport> {
  const [{ alive, pid }, spoolBytes] = await Promise.all([ownerOf(run), unsentBytes(run)]);
  const about = {
    folder: basename(run),
    spoolBytes,
    ...(alive && pid !== undefined ? { pid } : {}),
  };
  try {
    const { runUrl, phase, phaseSince, takenAt, starts, known, unreported } = await readRunState(run);
    return {
      ...about,
      runUrl,
      phase,
      phaseSeconds: secondsSince(phaseSince, now),
      ageSeconds: secondsSince(takenAt, now),
      starts,
      ...(known.container === undefined ? {} : { container: known.container }),
      ...(unreported === undefined ? {} : { unreported }),
    };
  } catch (error) {
    if (!(error instanceof BrokenRunFolder)) throw error;
    return { ...about, problem: error.message };
  }
}

const secondsSince = (time: string, now: number): number => Math.max(0, Math.round((now - Date.parse(time)) / 1000));

/** From the spool's mark; 0 before there is one. */
async function unsentBytes(run: string): Promise<number> {
  try {
    const { end, acked } = JSON.parse(await readFile(join(run, 'spool', 'mark.json'), 'utf8'));
    return Number(end) - Number(acked);
  } catch {
    // Not there yet, or being written just now.
    return 0;
  }
}
