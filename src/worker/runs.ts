/**
 * The runs in progress: a folder each, `runs/<name>`, made whole or not at all, which two processes share:
 * the loop makes it and starts `worker run-one <folder>`; that process writes it from then on.
 *
 * - `rundef.json`, 0600: the run definition as the server gave it. Written once, by the loop.
 * - `state.json`, 0600: `RunState`. The loop writes the first one (`queued`); afterwards only
 *   the process that holds the lock does.
 * - `lock`: `takeRunLock`. A second `run-one` of the same folder does not get
 *   it and ends with 0, having touched nothing. The kernel releases it with the process.
 *
 * The folder is the run: while it is there, it takes a slot, and the next check-in starts a
 * process for it when none has its lock. `run-one` removes it as its very last act, after the
 * server has accepted the final status. A requested reboot moves it, as it is,
 * to `rebooted-run` next to `runs`; after the boot the loop moves it back and starts it again.
 */

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { currentBoot, currentOwner, ownerState } from '../docker/index.js';
import { type Checkpoint, PHASES } from '../executor/index.js';
import { type FileLock, jsonObject, makeFolder, syncFolder, takeFileLock, writeAtomically } from '../lib/index.js';

/** `queued`: no process has begun. `done`: the final status is at the server; only the folder is left to remove. */
export const RUN_PHASES = ['queued', ...PHASES, 'done'] as const;
export type RunPhase = (typeof RUN_PHASES)[number];

export interface RunState {
  version: 1;
  /** Made up with the folder. For the labels of the run's containers: what bears it is this run's. */
  id: string;
  runUrl: string;
  phase: RunPhase;
  /** When the phase began; ISO 8601, as all times here. */
  phaseSince: string;
  /** When the server handed it out. */
  takenAt: string;
  /** When the first process began; never changed afterwards. */
  startedAt?: string;
  /** The kernel's boot id while the state was written: another one means that the host has been down. */
  boot: string;
  /** The process that executes the run, or did last, as `docker/process-owner.ts` writes it; none while `queued`. */
  process?: string;
  /** How many processes have begun. */
  starts: number;
  /** What the story noted last: container id, clock, steps that are done. */
  known: Checkpoint;
  /** Set once the work is over and the server has not accepted the end of the run for some minutes. */
  unreported?: Unreported;
}

/** A run that is over here and not on the server. It takes no slot; a process tries again at `next`. */
export interface Unreported {
  since: string;
  /** How often it was given up, and put off. */
  tries: number;
  /** When the next process tries, ISO 8601. */
  next: string;
  /** The server's last answer, or why there was none. */
  answer: string;
}

/** Why a run must not continue: `run-one` then only reports FAILED, cleans up and removes the folder. */
export interface RunOneOptions {
  /** The host went down while the run was in progress, and the run had not requested that. */
  afterReboot?: boolean;
  /** Its process has died too often. */
  givenUp?: boolean;
  /** This host cannot execute it, a sentence for its console. */
  refused?: string;
}

/** A run's folder that cannot be used: power was lost before it was complete, or somebody changed it. */
export class BrokenRunFolder extends Error {
  override name = 'BrokenRunFolder';
}

/** The worker's folder, that of `settings.conf`. */
export function workerFolderOf(runFolder: string): string {
  return basename(runFolder) === 'rebooted-run' ? dirname(runFolder) : dirname(dirname(runFolder));
}

export const rundefPath = (folder: string): string => join(folder, 'rundef.json');
const statePath = (folder: string): string => join(folder, 'state.json');

/** The state of a run that the server has just handed out. */
export function newRunState(runUrl: string, now = new Date()): RunState {
  const at = now.toISOString();
  return {
    version: 1,
    id: randomUUID(),
    runUrl,
    phase: 'queued',
    phaseSince: at,
    takenAt: at,
    boot: currentBoot(),
    starts: 0,
    known: {},
  };
}

/** Old or new, never half, also when power is lost (QUALITY 42). One writer at a time. */
export function writeRunState(folder: string, state: RunState): Promise<void> {
  return writeAtomically(statePath(folder), `${JSON.stringify(state)}\n`);
}

/** @throws BrokenRunFolder when there is none, or one that this version does not understand */
export async function readRunState(folder: string): Promise<RunState> {
  const value = (await readJson(statePath(folder))) as Partial<RunState>;
  const { version, runUrl, phase, boot, known } = value;
  const phases: readonly unknown[] = RUN_PHASES;
  if (version !== 1 || typeof runUrl !== 'string' || typeof boot !== 'string' || !phases.includes(phase) || !known) {
    throw new BrokenRunFolder(`${statePath(folder)} is not the state of a run that this version can continue.`);
  }
  return value as RunState;
}

/**
 * The run definition as the server gave it, unchecked but for being an object.
 *
 * @throws BrokenRunFolder
 */
export async function readRundef(folder: string): Promise<Record<string, unknown>> {
  return readJson(rundefPath(folder));
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
    throw new BrokenRunFolder(`${path} cannot be read (${code}).`);
  });
  const value = jsonObject(text);
  if (value === undefined) throw new BrokenRunFolder(`${path} is no JSON object.`);
  return value;
}

export const runsFolder = (folder: string): string => join(folder, 'runs');
/** Where a run waits for the reboot that it requested. */
export const rebootedRun = (folder: string): string => join(folder, 'rebooted-run');

/** Ours; the reference worker's temporary folders are not, nor is what is being made. */
const RUN_FOLDER = /^[A-Za-z0-9_][A-Za-z0-9._-]*-[0-9a-f]{12}$/;
const UNFINISHED = /^\.new-[0-9a-f]{12}$/;

/** The name of the folder of a run: the same for the same address, another for another. */
export function runFolderName(runUrl: string): string {
  const [project = '', build = '', run = ''] =
    /projects\/(.+)\/builds\/(\d+)\/runs\/([^/]+)/.exec(runUrl)?.slice(1) ?? [];
  const readable = [project, build, run]
    .join('-')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '');
  const hash = createHash('sha256').update(runUrl).digest('hex').slice(0, 12);
  return `${readable.slice(0, 80) || 'run'}-${hash}`;
}

/**
 * The runs that take a slot: those of `listRuns`, without the ones that only have their end left to report.
 * A folder whose state cannot be read takes one.
 */
export async function runsInProgress(folder: string): Promise<string[]> {
  const runs = await listRuns(folder);
  const unreported = await Promise.all(runs.map((run) => readRunState(run).then(isUnreported, () => false)));
  return runs.filter((_, index) => !unreported[index]);
}

export const isUnreported = (state: RunState): boolean => state.unreported !== undefined;

/** Absolute paths, sorted; without the one that waits for a reboot. */
export async function listRuns(folder: string): Promise<string[]> {
  return (await namesIn(runsFolder(folder)))
    .filter((name) => RUN_FOLDER.test(name))
    .sort()
    .map((name) => join(runsFolder(folder), name));
}

/**
 * Makes the folder of a run that the server has handed out: on the disk when it resolves.
 *
 * @param rundef as the server gave it, text that is a JSON object
 * @returns undefined when there is a folder for this run: it was handed out twice, or its answer came twice
 */
export async function makeRunFolder(
  folder: string,
  runUrl: string,
  rundef: string,
  taken: Date,
): Promise<string | undefined> {
  const runs = runsFolder(folder);
  await makeFolder(runs);
  const making = join(runs, `.new-${randomBytes(6).toString('hex')}`);
  await mkdir(making, { mode: 0o700 });
  try {
    await writeAtomically(rundefPath(making), rundef);
    await writeRunState(making, newRunState(runUrl, taken));
    return await place(making, join(runs, runFolderName(runUrl)));
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
}

/** A folder takes the name of another only when that one is empty; so two can never have one name. */
async function place(making: string, run: string): Promise<string | undefined> {
  try {
    await rename(making, run);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    await rm(making, { recursive: true, force: true });
    return undefined;
  }
  await syncFolder(join(run, '..'));
  return run;
}

/**
 * Folders that a worker died over while it made them. What is whole is put in its place: the
 * server counts on it. Nobody may be making one at the same time.
 */
export async function finishUnfinished(folder: string): Promise<void> {
  const runs = runsFolder(folder);
  for (const name of (await namesIn(runs)).filter((one) => UNFINISHED.test(one))) {
    const making = join(runs, name);
    const state = await readRunState(making).catch((): RunState | undefined => undefined);
    // The state is written last: where it is, the run definition is.
    if (state === undefined) await rm(making, { recursive: true, force: true });
    else await place(making, join(runs, runFolderName(state.runUrl)));
  }
}

/**
 * How many runs of the reference worker are still in progress in this folder: each has one of
 * its locks. Only where there are such locks.
 */
export async function referenceRuns(folder: string): Promise<number> {
  const names = (await namesIn(folder)).filter((name) => /^\.run-lock-\d+$/.test(name));
  let taken = 0;
  for (const name of names) {
    const lock = await takeFileLock(join(folder, name));
    if (lock === undefined) taken++;
    await lock?.release();
  }
  return taken;
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

const lockPath = (folder: string): string => join(folder, 'lock');

/** undefined while another process owns this run. */
export async function takeRunLock(folder: string): Promise<FileLock | undefined> {
  const lock = await takeFileLock(lockPath(folder));
  await lock?.write(await currentOwner());
  return lock;
}

export interface RunOwner {
  alive: boolean;
  /** The process that executes the run, or did last; undefined before the first. */
  pid?: number;
}

/**
 * Whether a process executes the run. Between the birth of a process and its lock the answer is no; a
 * second one that is started then ends by itself.
 */
export async function ownerOf(folder: string): Promise<RunOwner> {
  const owner = await readFile(lockPath(folder), 'utf8').catch(() => '');
  if (owner === '') return { alive: false };
  const state = await ownerState(owner);
  const alive = state === 'elsewhere' ? await isLocked(folder) : state === 'alive';
  return { alive, pid: Number.parseInt(owner, 10) };
}

/** Of a process that cannot be seen from here (the host has another name since, say) the lock itself is asked. */
async function isLocked(folder: string): Promise<boolean> {
  const lock = await takeFileLock(lockPath(folder));
  await lock?.release();
  return lock === undefined;
}
