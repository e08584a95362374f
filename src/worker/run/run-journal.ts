/** The journal of a real run: the state file in its folder, from which another process goes on after a kill -9. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint, Ended } from '../../executor/checkpoint.js';
import type { Journal, Phase } from '../../executor/ports.js';
import { exists, type RunState, readRunState, writeRunState } from '../runs.js';

/**
 * Room on the disk that a script cannot fill: given up when the disk is full, so that the end of
 * the run can be noted, and its folder removed.
 */
const RESERVE = 'reserve';
const RESERVE_BYTES = 64 * 1024;

export class RunJournal implements Journal {
  #folder: string;
  #state: RunState;
  #last: Promise<void> = Promise.resolve();
  /** Where the story goes on. */
  resumed?: Checkpoint;

  private constructor(folder: string, state: RunState) {
    this.#folder = folder;
    this.#state = state;
  }

  /** @throws BrokenRunFolder */
  static async open(folder: string): Promise<RunJournal> {
    const state = await readRunState(folder);
    // Where even this finds no room, there is none to keep.
    await writeFile(join(folder, RESERVE), Buffer.alloc(RESERVE_BYTES), { mode: 0o600, flag: 'wx' }).catch(ignoreTaken);
    return new RunJournal(folder, state);
  }

  get state(): Readonly<RunState> {
    return this.#state;
  }

  get folder(): string {
    return this.#folder;
  }

  begin(phase: Phase | 'done'): Promise<void> {
    return this.update({ phase, phaseSince: new Date().toISOString() });
  }

  async end(): Promise<void> {}

  note(known: Checkpoint): Promise<void> {
    return this.update({ known });
  }

  /** One change after the other, each whole or not at all, also over a loss of power. */
  update(news: Partial<RunState>): Promise<void> {
    return this.#inTurn(async () => {
      this.#state = { ...this.#state, ...news };
      await writeRunState(this.#folder, this.#state).catch(async (error: NodeJS.ErrnoException) => {
        // Without its folder the run cannot be gone on with by anybody: what is left is to end it.
        if (error.code === 'ENOENT' && !(await exists(this.#folder))) return;
        if (error.code !== 'ENOSPC') throw error;
        await rm(join(this.#folder, RESERVE), { force: true });
        await writeRunState(this.#folder, this.#state);
      });
    });
  }

  /** Moves the run's folder, with all that is in it, within its file system. */
  move(folder: string): Promise<void> {
    return this.#inTurn(async () => {
      await rename(this.#folder, folder);
      this.#folder = folder;
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

function ignoreTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOSPC') throw error;
}

const ended = (message: string): Ended => ({ failure: { reason: 'lost', message } });

const REBOOTED = ended(
  'The machine of this worker went down while the run was in progress, and the run had not asked for that.',
);
const GIVEN_UP = ended('The process that executes this run died again and again, and is not started any more.');

/**
 * What is known of a run that is not to go on: its script has not ended well, and what it left
 * may not be whole, but is kept. A verdict that stood before stands.
 */
export function stopped(known: Checkpoint, why: { afterReboot: boolean }): Checkpoint {
  const { verdict, container, script } = known;
  if (verdict !== undefined) return known;
  if (!why.afterReboot) return { ...known, verdict: GIVEN_UP };
  if (container === undefined && script === undefined) return { ...known, verdict: REBOOTED };
  return { ...known, scripts: REBOOTED, upload: undefined };
}
