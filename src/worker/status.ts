/** What a worker is doing, read from its folder alone. */
import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { currentOwner, ownerState } from '../docker/index.js';
import type { RunOutcome } from '../executor/index.js';
import { type FileLock, makeFolderBelow, takeFileLock } from '../lib/index.js';
import { BrokenRunFolder, exists, listRuns, ownerOf, readRunState, rebootedRun, type Unreported } from './runs.js';
import { readSettings, SettingsError } from './settings.js';

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

/** The reference worker's own lock: neither runs in the other's folder at the same time. */
export async function lockWorker(folder: string): Promise<FileLock> {
  const path = join(folder, '.worker-lock');
  const lock = await takeFileLock(path);
  if (lock === undefined) {
    const pid = Number.parseInt(await readFile(path, 'utf8'), 10);
    const who = Number.isNaN(pid) ? '' : `, process ${pid}`;
    throw new SettingsError(
      `A worker runs in ${folder} already${who}. Stop it first, or name another folder with --folder.`,
    );
  }
  await lock.write(await currentOwner());
  return lock;
}

/** The process of the loop of this folder; undefined when none runs, or not one of ours. @public */
export async function loopProcess(folder: string): Promise<number | undefined> {
  const owner = await readFile(join(folder, '.worker-lock'), 'utf8').catch(() => '');
  return owner !== '' && (await ownerState(owner)) === 'alive' ? Number.parseInt(owner, 10) : undefined;
}

export interface Outcomes {
  status: string;
  /** Of a FAILED run. */
  cause?: string;
  count: number;
}

const NAME = 'outcomes';

/** A file's size is its count: each end adds a byte, so that processes need no lock, and a full disk loses one count. */
export async function countOutcome(worker: string, outcome: RunOutcome): Promise<void> {
  const folder = await makeFolderBelow(worker, [NAME], 0o700);
  const name = outcome.status === 'FAILED' ? `FAILED.${outcome.cause}` : outcome.status;
  await appendFile(join(folder, name), '.', { mode: 0o600 });
}

/** In the order of their names; empty before the first run has ended. @public */
export async function readOutcomes(worker: string): Promise<Outcomes[]> {
  const folder = join(worker, NAME);
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.sort().map(async (name) => {
      const [status = '', cause] = name.split('.');
      const { size } = await stat(join(folder, name));
      return { status, ...(cause !== undefined && { cause }), count: size };
    }),
  );
}
