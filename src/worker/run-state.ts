/**
 * The folder of a run in progress, `runs/<name>`, by which two processes know of each other:
 * the loop makes it and starts `worker run-one <folder>`; that process writes it from then on.
 *
 * - `rundef.json`, 0600: the run definition as the server gave it. Written once, by the loop.
 * - `state.json`, 0600: `RunState`. The loop writes the first one (`queued`); afterwards only
 *   the process that holds the lock does.
 * - `lock`: `takeRunLock` (`run-lock.ts`). A second `run-one` of the same folder does not get
 *   it and ends with 0, having touched nothing. The kernel releases it with the process.
 *
 * The folder is the run: while it is there, it takes a slot, and the next check-in starts a
 * process for it when none has its lock. `run-one` removes it as its very last act, after the
 * final status has been taken by the server. A reboot that was asked for moves it, as it is,
 * to `rebooted-run` beside `runs`; after the boot the loop moves it back and starts it again.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Checkpoint } from '../executor/checkpoint.js';
import { PHASES } from '../executor/ports.js';
import { writeAtomically } from '../lib/private-file.js';

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
  /** The process that is at it, or was last, as `docker/process-owner.ts` writes it; none while `queued`. */
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

/** Why a run is not to go on: `run-one` does not execute, but reports FAILED, cleans up and removes the folder. */
export interface RunOneOptions {
  /** The host went down while the run was in progress, and nobody had asked for that. */
  afterReboot?: boolean;
  /** Its process has died again and again; the loop does not start another. */
  givenUp?: boolean;
  /** This host cannot execute it, a sentence for its console. */
  refused?: string;
}

/** Why a folder cannot be gone on with: power was lost before it was complete, or somebody changed it. */
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
export async function newRunState(runUrl: string, now = new Date()): Promise<RunState> {
  const at = now.toISOString();
  const boot = await currentBoot();
  return {
    version: 1,
    id: randomUUID(),
    runUrl,
    phase: 'queued',
    phaseSince: at,
    takenAt: at,
    boot,
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
    throw new BrokenRunFolder(`${statePath(folder)} is not the state of a run that this version can go on with.`);
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
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What the parser complains of could quote a secret.
    throw new BrokenRunFolder(`${path} cannot be read${code ? ` (${code})` : ': it is no JSON'}.`);
  }
  throw new BrokenRunFolder(`${path} is no JSON object.`);
}

/** Another one after each boot of the host; the same in all of its containers. */
export async function currentBoot(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
