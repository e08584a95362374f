import { Worker } from 'node:worker_threads';
import { backtrackingEngine, type Groups } from './backtracking.js';
import type { Program } from './match-program.js';

/** Milliseconds. */
export interface TimeBounds {
  /** The most that one line may take. */
  line: number;
  /** The most that all lines together may take. */
  all: number;
}

/** Why the thread gave up: the line (an index into the lines it was given), and a clause. */
export interface GaveUp {
  line: number;
  why: string;
}

/** What each program found in each line. */
export type ThreadAnswer = { found: (Groups | undefined)[][] } | { gaveUp: GaveUp };

/** Repetitions of groups take stack; a worker on a server has 8 MB. */
const STACK_MB = 64;

/**
 * Evaluates patterns by backtracking, in a thread of its own: a pattern that takes for ever stops nothing else. The
 * thread's code is the text of two functions, because the program is a single file.
 */
export class BacktrackingThread {
  readonly #worker: Worker;
  readonly #waiting: ((answer: ThreadAnswer) => void)[] = [];

  constructor(programs: readonly Program[], bounds: TimeBounds) {
    // `__name` is what some compilers wrap around functions to keep their names.
    const code = `const __name = (value) => value; (${serve})(require('node:worker_threads'), (${backtrackingEngine})());`;
    this.#worker = new Worker(code, {
      eval: true,
      execArgv: [],
      workerData: { programs, bounds },
      resourceLimits: { stackSizeMb: STACK_MB },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: ThreadAnswer) => this.#waiting.shift()?.(answer));
    this.#worker.on('error', ({ message }) => this.#fail(message));
    this.#worker.on('exit', () => this.#fail('the thread has ended'));
  }

  /** Lines of several calls are matched in the order of the calls. */
  match(lines: readonly string[]): Promise<ThreadAnswer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#worker.ref();
      this.#worker.postMessage(lines);
    }).finally(() => {
      if (this.#waiting.length === 0) this.#worker.unref();
    }) as Promise<ThreadAnswer>;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(why: string): void {
    for (const resolve of this.#waiting.splice(0)) resolve({ gaveUp: { line: 0, why } });
  }
}

/** The thread itself: answers each list of lines with an `Answer`. Must not refer to anything outside of itself. */
function serve(threads: typeof import('node:worker_threads'), compile: ReturnType<typeof backtrackingEngine>): void {
  const { programs, bounds } = threads.workerData as { programs: Program[]; bounds: TimeBounds };
  const patterns = programs.map(compile);
  let left = bounds.all;
  const answer = (lines: string[]): ThreadAnswer => {
    const found: (Groups | undefined)[][] = [];
    for (const [line, text] of lines.entries()) {
      const most = Math.min(bounds.line, left);
      const begun = performance.now();
      try {
        found.push(patterns.map((match) => match(text, most)));
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const seconds = (most === bounds.line ? bounds.line : bounds.all) / 1000;
        const tooLong = most === bounds.line ? `longer than ${seconds} s` : `longer than ${seconds} s with all lines`;
        return { gaveUp: { line, why: error.message === 'time' ? `it takes ${tooLong}` : 'it takes too much memory' } };
      }
      left -= performance.now() - begun;
    }
    return { found };
  };
  threads.parentPort?.on('message', (lines: string[]) => threads.parentPort?.postMessage(answer(lines)));
}
