/** The journal of a real run: the state file in its folder, from which another process continues after a kill -9. */
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint, Journal, Phase } from '../../executor/index.js';
import { exists, type RunState, readRunState, writeRunState } from '../runs.js';

/** Disk space that a script cannot fill: freed when the disk is full, so that the run's end can be noted. */
const RESERVE = 'reserve';
const RESERVE_BYTES = 64 * 1024;

export class RunJournal implements Journal {
  #folder: string;
  #state: RunState;
  #last: Promise<void> = Promise.resolve();
  /** Where the story continues. */
  resumed?: Checkpoint;

  private constructor(folder: string, state: RunState) {
    this.#folder = folder;
    this.#state = state;
  }

  /** @throws BrokenRunFolder */
  static async open(folder: string): Promise<RunJournal> {
    const state = await readRunState(folder);
    // On a full disk there is no space to reserve.
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

  /** Changes are written in order; each is complete or absent, even after a loss of power. */
  update(news: Partial<RunState>): Promise<void> {
    return this.#inTurn(async () => {
      this.#state = { ...this.#state, ...news };
      await writeRunState(this.#folder, this.#state).catch(async (error: NodeJS.ErrnoException) => {
        // Without its folder nobody can continue the run: it only has to end.
        if (error.code === 'ENOENT' && !(await exists(this.#folder))) return;
        if (error.code !== 'ENOSPC') throw error;
        await rm(join(this.#folder, RESERVE), { force: true });
        await writeRunState(this.#folder, this.#state);
      });
    });
  }

  /** Moves the run's folder within its file system. */
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

/** Checks at intervals whether a run's folder still exists, by its open descriptor, so that it may be moved. */
export async function watchFolder(folder: string, everyMs: number, onGone: () => void) {
  const directory = await open(folder, 'r');
  let gone = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    gone = !(await exists(`/proc/self/fd/${directory.fd}/state.json`));
    if (gone) onGone();
    else if (timer !== undefined) timer = setTimeout(look, everyMs);
  };
  timer = setTimeout(look, everyMs);
  return {
    gone: () => gone,
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await directory.close();
    },
  };
}

function ignoreTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOSPC') throw error;
}
