/** A run as the reference server keeps it: its console, status, artifacts and tests. */
import { EventEmitter } from 'node:events';
import {
  COMPLETE_STATUSES,
  type RunDefinition,
  type ServerStatus,
  type Test,
  type TestGrepping,
} from '../../../src/schema/index.js';
import { now } from './time.js';

export interface StatusEvent {
  time: string;
  status: ServerStatus;
  worker?: string;
}

export interface LiveTest extends Test {
  created: string;
}

export interface RunPlace {
  /** `<server>/projects/<project>/builds/<build>/runs/<name>/`. */
  url: string;
  project: string;
  build: number;
  name: string;
}

export class LiveRun {
  readonly url: string;
  readonly project: string;
  readonly build: number;
  readonly name: string;
  /** With its secrets and its key, as it was stored. */
  readonly definition: RunDefinition;
  /** Every change of the status, in order. */
  readonly events: StatusEvent[] = [];
  readonly tests: LiveTest[] = [];
  /** By path below the run's address; `console.log` is one of them once the run is complete. */
  readonly artifacts = new Map<string, Buffer>();
  status: ServerStatus = 'QUEUED';
  workerName: string | null = null;
  metadata: string | undefined;
  /** Something was posted to it since it was given out; one that nobody posts to is queued again. */
  acknowledged = false;
  /** The console while it grows, in pieces: a long one is put together when somebody looks. */
  #log: Buffer[] | undefined;
  readonly #changed = new EventEmitter();

  constructor(place: RunPlace, definition: RunDefinition) {
    this.url = place.url;
    this.project = place.project;
    this.build = place.build;
    this.name = place.name;
    this.definition = definition;
    this.#changed.setMaxListeners(0);
  }

  get complete(): boolean {
    return COMPLETE_STATUSES.includes(this.status);
  }

  /** The names of the events, as tests compare them. */
  get statuses(): ServerStatus[] {
    return this.events.map(({ status }) => status);
  }

  /** What a reader of the console would be given: the growing one, else the stored one. */
  get console(): Buffer {
    return this.log ?? this.artifacts.get('console.log') ?? Buffer.alloc(0);
  }

  /** The growing console; undefined when nothing was appended since it was stored. */
  get log(): Buffer | undefined {
    if (this.#log === undefined) return undefined;
    if (this.#log.length !== 1) this.#log = [Buffer.concat(this.#log)];
    return this.#log[0];
  }

  append(bytes: Buffer | string): void {
    this.#log ??= [];
    this.#log.push(Buffer.from(bytes));
    this.changed();
  }

  /** No event when it is this status already. */
  setStatus(status: ServerStatus, worker?: string): void {
    if (status === this.status) return;
    this.status = status;
    if (status === 'QUEUED') this.acknowledged = false;
    this.events.push({ time: now(), status, ...(worker === undefined ? {} : { worker }) });
    this.changed();
  }

  /**
   * What the end of a run does before its status changes: a test that is not over keeps it RUNNING,
   * one that is grepped from the console as failed fails it, and the console moves to the artifacts.
   *
   * @returns undefined where the reference fails: tests to be grepped from no console at all
   */
  end(wanted: ServerStatus): ServerStatus | undefined {
    const waits = this.tests.some((test) =>
      [test, ...test.results].some(({ status }) => !COMPLETE_STATUSES.includes(status)),
    );
    const grepping = this.definition['test-grepping'];
    if (grepping && this.#log === undefined) return undefined;
    const failed = grepping ? this.#grep(grepping, this.log) : false;
    this.storeConsole();
    return failed ? 'FAILED' : waits ? 'RUNNING' : wanted;
  }

  /** Moves the growing console over the stored one, which is lost. */
  storeConsole(): void {
    const { log } = this;
    if (log === undefined) return;
    this.artifacts.set('console.log', log);
    this.#log = undefined;
  }

  /** Ends it behind its worker's back, as an administrator or the server's monitor does. */
  finish(status: 'PASSED' | 'FAILED' = 'FAILED'): void {
    this.storeConsole();
    this.setStatus(status);
  }

  /** As the reference does: only a run that is RUNNING is asked to stop, any other is FAILED at once. */
  cancel(): void {
    this.setStatus(this.status === 'RUNNING' ? 'CANCELLING' : 'FAILED');
  }

  /** Resolves when the run is as wanted: now, or at the next change. */
  async until(wanted: (run: this) => boolean): Promise<void> {
    while (!wanted(this)) await new Promise((resolve) => this.#changed.once('change', resolve));
  }

  /** Tells those who wait. */
  changed(): void {
    this.#changed.emit('change');
  }

  /** As `_failed_tests` of the reference does. Patterns are JavaScript's, but for the way groups are named. */
  #grep(grepping: TestGrepping, log: Buffer | undefined): boolean {
    const compiled = (pattern: string) => new RegExp(pattern.replaceAll('(?P<', '(?<'), 'y');
    const opening = grepping['test-pattern'] ? compiled(grepping['test-pattern']) : undefined;
    const result = compiled(grepping['result-pattern']);
    const match = (pattern: RegExp | undefined, line: string) => {
      if (pattern) pattern.lastIndex = 0;
      return pattern?.exec(line)?.groups;
    };
    let test: (typeof this.tests)[number] | undefined;
    const begin = (name: string, context: string | null, status: string) => {
      test = { name, context, status, results: [], created: now() };
      this.tests.push(test);
      return test;
    };
    let failed = false;
    for (const line of (log ?? '').toString().split(/(?<=\n)|\r\n?/)) {
      const opened = match(opening, line);
      if (opened) begin(opened['name'] ?? '', grepping['test-pattern'] ?? null, 'PASSED');
      const found = match(result, line);
      if (!found) continue;
      const status = grepping.fixupdict?.[found['result'] ?? ''] ?? found['result'] ?? '';
      test ??= begin('default', null, status);
      if (status === 'FAILED') {
        failed = true;
        test.status = status;
      }
      test.results.push({ name: found['name'] ?? '', context: null, status, output: null });
    }
    return failed;
  }
}
