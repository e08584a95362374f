/** What a loop knows of itself: whether its check-ins succeed, for `/health`, and figures for `/metrics`. */
import { RunFailure } from '../executor/index.js';
import { ServerFailure } from '../server/index.js';
import { type WorkerStatus, workerStatus } from './status.js';

/** A check-in may be this much later than its interval before the worker counts as unhealthy, ms. */
const GRACE_MS = 60_000;
/** Intervals without a successful check-in. */
const MISSED = 3;
/** How long what was read of the folder is shown again, ms. */
const KEPT_MS = 1000;

export class Monitor {
  readonly #folder: string;
  readonly #version: string;
  /** By the monotonic clock, which nobody sets, and as a date. */
  #success: { at: number; date: number } | undefined;
  #failure: string | undefined;
  #succeeded = 0;
  readonly #failed = new Map<string, number>();
  #read: { status: Promise<WorkerStatus>; at: number; pending: boolean } | undefined;

  constructor(folder: string, version: string) {
    this.#folder = folder;
    this.#version = version;
  }

  checkedIn(now = performance.now()): void {
    this.#success = { at: now, date: Date.now() };
    this.#failure = undefined;
    this.#succeeded++;
  }

  failed(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error);
    const cause =
      error instanceof ServerFailure ? error.kind : error instanceof RunFailure ? error.reason : 'unexpected';
    this.#failed.set(cause, (this.#failed.get(cause) ?? 0) + 1);
  }

  /**
   * @param every the interval of check-ins, ms
   * @returns why the worker is not healthy; undefined when it is
   */
  problem(every: number, now = performance.now()): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#success === undefined) return 'The worker has not checked in yet.';
    const age = now - this.#success.at;
    return age > MISSED * every + GRACE_MS ? `The last check-in was ${Math.round(age / 1000)} s ago.` : undefined;
  }

  /**
   * In the text format of Prometheus, version 0.0.4.
   *
   * @param every as `problem` takes it
   */
  async metrics(every: number, now = performance.now()): Promise<string> {
    const { name, concurrentRuns, runs, outcomes } = await this.#status(now);
    const states = new Map<string, number>();
    for (const { phase, unreported, problem } of runs) {
      const state = problem !== undefined ? 'broken' : unreported !== undefined ? 'unreported' : (phase ?? 'queued');
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    const busy = runs.filter(({ unreported }) => unreported === undefined).length;
    return [
      family('info', 'gauge', 'The worker and the version of its program.', [[1, { name, version: this.#version }]]),
      family('healthy', 'gauge', '1 while check-ins succeed, else 0.', [[this.problem(every) === undefined ? 1 : 0]]),
      family('slots', 'gauge', 'Runs that the worker executes at the same time.', [[concurrentRuns]]),
      family('slots_busy', 'gauge', 'Slots taken by runs.', [[busy]]),
      family(
        'runs',
        'gauge',
        'Runs in progress by phase; unreported: over, but the server does not accept the end.',
        [...states].map(([state, count]) => [count, { state }]),
      ),
      family('spool_bytes', 'gauge', 'Console that the server does not have yet, in bytes.', [
        [runs.reduce((sum, { spoolBytes }) => sum + spoolBytes, 0)],
      ]),
      family('last_check_in_timestamp_seconds', 'gauge', 'When the last check-in succeeded; 0 before the first.', [
        [(this.#success?.date ?? 0) / 1000],
      ]),
      family('check_ins_total', 'counter', 'Check-ins that succeeded since this loop began.', [[this.#succeeded]]),
      family(
        'check_in_failures_total',
        'counter',
        'Check-ins that failed since this loop began, by cause.',
        [...this.#failed].map(([cause, count]) => [count, { cause }]),
      ),
      family(
        'runs_ended_total',
        'counter',
        'Runs that have ended on this worker, by status and cause.',
        outcomes.map(({ status, cause = '', count }) => [count, { status, cause }]),
      ),
    ].join('');
  }

  /** Read once at a time for all who ask: it opens files and starts programs, and many may ask. */
  #status(now: number): Promise<WorkerStatus> {
    if (this.#read !== undefined && (this.#read.pending || now - this.#read.at < KEPT_MS)) return this.#read.status;
    const read = { status: workerStatus(this.#folder), at: now, pending: true };
    const done = () => {
      read.pending = false;
    };
    read.status.then(done, done);
    this.#read = read;
    return read.status;
  }
}

type Sample = [value: number, labels?: Record<string, string>];

function family(name: string, type: 'gauge' | 'counter', help: string, samples: Sample[]): string {
  const full = `jobserv_worker_${name}`;
  const lines = samples.map(([value, labels = {}]) => `${full}${labelsOf(labels)} ${value}\n`);
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`;
}

function labelsOf(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (value: string) => value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
