/** The runs in progress: the folders in `runs/`, each made once, whole or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { takeFileLock } from '../lib/file-lock.js';
import { makeFolder } from '../lib/folders.js';
import { syncFolder, writeAtomically } from '../lib/private-file.js';
import { newRunState, type RunState, readRunState, rundefPath, writeRunState } from './run-state.js';

export const runsFolder = (folder: string): string => join(folder, 'runs');
/** Where a run waits for the reboot that it asked for. */
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
    await writeRunState(making, await newRunState(runUrl, taken));
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
