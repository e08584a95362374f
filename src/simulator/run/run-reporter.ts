/**
 * The console of a simulated run: masked, into `console.log` and onto the screen. Small
 * pieces are gathered until the event loop's turn is over, so that a script that writes
 * line by line costs no more than one that writes blocks.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { type Masker, type MaskingStream, type Reporter, RunFailure, type RunStatus } from '../../executor/index.js';
import { PatternError } from '../../python/index.js';
import { type GreppedTests, type RunDefinition, TestGrepper } from '../../schema/index.js';
import { type RunView, writeToFile } from '../../terminal/index.js';
import { unlessInterrupted } from './interruption.js';

/** Reads tests out of a console, as the server does afterwards. Gets the bytes before they are masked. */
export interface ConsoleReader {
  /** @returns a promise where the next bytes are to wait for it */
  write(bytes: Uint8Array): void | Promise<void>;
}

/** `test-grepping`: tests out of a run's console, as the server reads them when the run is over (SPEC 4). */
export interface ConsoleTests extends ConsoleReader {
  /** The console is complete: the tests in it. */
  end(): Promise<GreppedTests>;
  /** Frees what it holds; for a run that did not come to its end. */
  close(): Promise<void>;
}

/** undefined for a run that has no `test-grepping`. A pattern that cannot be evaluated is a trouble of the run's end. */
export function openConsoleTests({ 'test-grepping': grepping }: RunDefinition): ConsoleTests | undefined {
  if (!grepping) return undefined;
  try {
    return new TestGrepper(grepping);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const message = error.isInvalid
      ? `${error.message} The server fails at it, and cannot end the run`
      : `${error.message} What the server would read is not known`;
    return {
      write: () => {},
      end: async () => ({ tests: [], failed: false, troubles: [{ line: null, message }], more: 0 }),
      close: async () => {},
    };
  }
}

export interface RunReporterOptions {
  /** `console.log`, from `openConsole`; the reporter closes it. */
  file: number;
  /** Its name, for messages. */
  path: string;
  masker: Masker;
  view: RunView;
  reader?: ConsoleReader | undefined;
  onStatus?(status: RunStatus): void;
  /** After this nobody waits for the reader of the screen any more. */
  interrupted?: AbortSignal | undefined;
}

const GATHERED = 64 * 1024;

/** Opens a new file for a console, for its owner alone. */
export function openConsole(path: string): number {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_APPEND;
  return openSync(path, flags, 0o600);
}

export class RunReporter implements Reporter {
  readonly #options: RunReporterOptions;
  readonly #masking: MaskingStream;
  readonly #stop = new AbortController();
  /** The open file; undefined when it is closed, or can no longer be written. */
  #file: number | undefined;
  readonly #gathered = Buffer.allocUnsafe(GATHERED);
  #size = 0;
  #scheduled: NodeJS.Immediate | undefined;
  /** What the screen and the reader have not taken yet. */
  #showing: Promise<void> | undefined;
  /** The screen's reader did not take something before the interruption: it gets no more. */
  #stuck = false;

  constructor(options: RunReporterOptions) {
    this.#options = options;
    this.#masking = options.masker.stream();
    this.#file = options.file;
  }

  /** Aborts when the console can no longer be kept: the run's record would have a hole. */
  get cancelled(): AbortSignal {
    return this.#stop.signal;
  }

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#showing !== undefined) return this.#showing.then(() => this.write(bytes));
    if (this.#size + bytes.length > GATHERED) {
      this.#flush();
      if (this.#showing !== undefined) return this.write(bytes);
    }
    if (bytes.length >= GATHERED / 4) {
      this.#flush();
      return this.#showing === undefined ? this.#take(bytes) : this.write(bytes);
    }
    this.#gathered.set(bytes, this.#size);
    this.#size += bytes.length;
    this.#scheduled ??= setImmediate(() => this.#flush());
  }

  async status(status: RunStatus): Promise<void> {
    this.#options.onStatus?.(status);
  }

  /** The tests are in the run's outcome. */
  async test(): Promise<undefined> {}

  /** Everything is kept and shown when it resolves. May be called twice. */
  async end(): Promise<void> {
    await this.#showing;
    this.#flush();
    await this.#showing;
    this.#keep(this.#masking.end());
    await this.#showing;
    const ended = this.#options.view.end();
    if (ended !== undefined) await this.#unlessInterrupted(ended);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#size === 0) return;
    const bytes = this.#gathered.subarray(0, this.#size);
    this.#size = 0;
    this.#take(bytes);
  }

  #take(bytes: Uint8Array): void | Promise<void> {
    this.#waitFor(this.#options.reader?.write(bytes));
    this.#keep(this.#masking.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
    return this.#showing;
  }

  #keep(parts: Buffer[]): void {
    if (parts.length === 0) return;
    try {
      if (this.#file !== undefined) writeToFile(this.#file, parts);
    } catch (error) {
      this.#lose(error as NodeJS.ErrnoException);
    }
    if (this.#stuck) return;
    const shown = this.#options.view.write(parts);
    if (shown !== undefined) this.#waitFor(this.#unlessInterrupted(shown));
  }

  async #unlessInterrupted(shown: Promise<void>): Promise<void> {
    if (!(await unlessInterrupted(shown, this.#options.interrupted))) this.#stuck = true;
  }

  /** Takes no further bytes before this is done. */
  #waitFor(work: void | Promise<void>): void {
    if (work === undefined) return;
    const all = Promise.all([this.#showing, work]).then(() => {
      if (this.#showing === all) this.#showing = undefined;
    });
    this.#showing = all;
  }

  #lose(error: NodeJS.ErrnoException): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    const why = error.code === 'ENOSPC' ? 'the disk is full' : error.message;
    const message = `The console cannot be written to ${this.#options.path}: ${why}. Free some space, or name a folder elsewhere with --workspace.`;
    this.#stop.abort(new RunFailure('setup', message, { environment: 'disk', cause: error }));
  }
}
