/** Check-ins for ever, and an orderly end: the worker as a service. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RunFailure } from '../executor/index.js';
import { childEnvironment } from '../lib/index.js';
import { WorkerClient } from '../server/index.js';
import { type Checked, type CheckOptions, check, recover } from './check.js';
import { runProgram } from './host-programs.js';
import { type ListenAddress, listen } from './listen.js';
import { retriesTo, type WorkerLog } from './log.js';
import { Monitor } from './monitor.js';
import type { RunProcesses } from './run-processes.js';
import { runsInProgress } from './runs.js';
import { readSettings, SettingsError, type WorkerSettings } from './settings.js';
import { lockWorker } from './status.js';
import { type ServiceManager, serviceManager } from './systemd.js';

/** From a check-in that may not be the last for now to the next: at least, and at random on top of it, ms. */
const SOON_MS = 1_000;
const JITTER_MS = 250;
/** Between two looks at the runs that are waited for, ms. */
const LOOK_MS = 1_000;
const SECOND = 1_000;

export interface LoopOptions {
  folder: string;
  log: WorkerLog;
  processes: RunProcesses;
  /** Seconds between check-ins; by default what the reference does: 20, for a surge worker 90. */
  every?: number | undefined;
  /** Where `/health` and `/metrics` are answered, by default nowhere; and the version of this program. */
  listen?: (ListenAddress & { version: string }) | undefined;
  /** A program to run after each check-in, once the worker has been idle for `threshold` minutes. */
  idle?: { command: string; threshold: number } | undefined;
  /** No new runs, and an end when those in progress have ended. */
  stop: AbortSignal;
  /** Does not wait for them any more. */
  leave: AbortSignal;
}

/**
 * Resolves when it was stopped, or the worker's JWT was about to expire.
 *
 * @throws SettingsError when another loop runs in this folder, or the settings cannot be used at the start;
 *   EnvironmentError where it cannot listen
 */
export async function loop(options: LoopOptions): Promise<void> {
  const settings = await readSettings(options.folder);
  const lock = await lockWorker(options.folder);
  const manager = serviceManager(options.log);
  const worker = new Loop(options, settings, manager);
  const pages = await worker.openPages().catch(async (error) => {
    await lock.release();
    throw error;
  });
  try {
    await worker.run();
  } finally {
    manager.end();
    await pages?.close();
    await lock.release();
  }
}

class Loop {
  readonly #options: LoopOptions;
  #settings: WorkerSettings;
  #server: WorkerClient;
  /** Of the monotonic clock, ms. */
  #lastBusy = performance.now();
  readonly #manager: ServiceManager;
  readonly #monitor: Monitor;

  constructor(options: LoopOptions, settings: WorkerSettings, manager: ServiceManager) {
    this.#options = options;
    this.#manager = manager;
    this.#monitor = new Monitor(options.folder, options.listen?.version ?? '');
    this.#settings = settings;
    this.#server = new WorkerClient(settings, retriesTo(options.log));
  }

  /** `/health` and `/metrics`, if they are wanted. */
  async openPages(): Promise<{ close(): Promise<void> } | undefined> {
    if (this.#options.listen === undefined) return undefined;
    const pages = await listen(this.#options.listen, {
      problem: () => this.#monitor.problem(this.#every()),
      metrics: () => this.#monitor.metrics(this.#every()),
    });
    this.#options.log.info('The worker serves /health and /metrics', { health: `${pages.address}/health` });
    return pages;
  }

  async run(): Promise<void> {
    const { stop, log, folder } = this.#options;
    await this.#manager.ready();
    log.info('The worker has started', { folder, server: this.#settings.serverUrl, name: this.#settings.hostname });
    try {
      while (!stop.aborted) {
        const ended = this.#options.processes.ends();
        await this.#reload();
        const { inProgress, handedOut } = await this.#check(true);
        if (stop.aborted) break;
        await this.#idle(inProgress);
        if (this.#tokenEnds()) return await this.#retire();
        await this.#pause(handedOut && inProgress < this.#settings.concurrentRuns, ended);
      }
      await this.#manager.stopping();
      await this.#drain(() => this.#check(false));
      log.info('The worker has stopped', { in_progress: (await runsInProgress(folder)).length });
    } finally {
      await this.#server.close();
    }
  }

  /**
   * Until the next check-in. A server hands out one run at a time: where it has just done so and there is room for
   * another, and when a run has ended, the next one comes about a second later, so that slots fill at once and other
   * workers get their turn. A worker that only takes surges is in no hurry.
   *
   * @param more whether to ask again soon; @param ended aborts when a run has ended since this check-in began
   */
  async #pause(more: boolean, ended: AbortSignal): Promise<void> {
    const { stop } = this.#options;
    const every = this.#every();
    const soon = Math.min(every, SOON_MS + Math.random() * JITTER_MS);
    const wait = (ms: number, ...signals: AbortSignal[]) =>
      sleep(ms, undefined, { signal: AbortSignal.any([stop, ...signals]) }).catch(ignoreAbort);
    if (this.#settings.surgesOnly) return wait(every);
    if (!more) await wait(every - soon, ended);
    await wait(soon);
  }

  #every(): number {
    return (this.#options.every ?? (this.#settings.surgesOnly ? 90 : 20)) * SECOND;
  }

  /** Settings may change while the worker runs; those that cannot be read leave it as it was. */
  async #reload(): Promise<void> {
    const { folder, log } = this.#options;
    try {
      const settings = await readSettings(folder);
      log.level = settings.logLevel;
      const identity = ({ serverUrl, hostname, apiKey, jwt }: WorkerSettings) =>
        [serverUrl, hostname, apiKey, jwt].join('\n');
      if (identity(settings) !== identity(this.#settings)) {
        await this.#server.close();
        this.#server = new WorkerClient(settings, retriesTo(log));
      }
      this.#settings = settings;
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      log.error(error.message);
    }
  }

  /**
   * An error of one check-in is logged, and does not prevent the next.
   *
   * @returns how many runs are in progress, and whether the server gave one
   */
  async #check(takeRuns: boolean): Promise<Pick<Checked, 'inProgress' | 'handedOut'>> {
    const { log, folder } = this.#options;
    const { workerWrapper } = this.#settings.tools;
    let before = 0;
    try {
      if (workerWrapper === undefined || !takeRuns) {
        const checked = await this.#manager.step(() => check(this.#about(takeRuns)));
        if (checked.skipped === undefined) this.#monitor.checkedIn();
        return checked;
      }
      before = (await runsInProgress(folder)).length;
      const status = await runProgram(
        [workerWrapper, 'check'],
        { ...childEnvironment(), JOBSERV_WORKER_FOLDER: folder },
        folder,
      );
      if (status === 0) this.#monitor.checkedIn();
      else {
        this.#monitor.failed(`The worker-wrapper ended with ${status ?? 'a signal'}.`);
        log.error('The worker-wrapper of settings.conf failed', {
          wrapper: workerWrapper,
          status: status ?? 'signal',
        });
      }
    } catch (error) {
      if (!this.#options.stop.aborted || !isAbort(error)) {
        this.#monitor.failed(error);
        report(log, error);
      }
    }
    const inProgress = await runsInProgress(folder).then(
      ({ length }) => length,
      () => 0,
    );
    return { inProgress, handedOut: takeRuns && workerWrapper !== undefined && inProgress > before };
  }

  #about(takeRuns: boolean): CheckOptions {
    const { log, processes, stop } = this.#options;
    return {
      settings: this.#settings,
      server: this.#server,
      log,
      processes,
      takeRuns,
      ...(takeRuns ? { signal: stop } : {}),
    };
  }

  async #idle(inProgress: number): Promise<void> {
    const { idle } = this.#options;
    const now = performance.now();
    if (inProgress > 0) this.#lastBusy = now;
    else if (idle !== undefined && now - this.#lastBusy > idle.threshold * 60 * SECOND)
      await this.#runIdleCommand(idle.command);
  }

  async #runIdleCommand(command: string): Promise<void> {
    const { log } = this.#options;
    log.info('The worker is idle: its idle command is run', { command });
    try {
      const status = await runProgram([command]);
      if (status !== 0) log.error('The idle command failed', { command, status: status ?? 'signal' });
    } catch (error) {
      log.error(`The idle command cannot be run: ${(error as Error).message}`, { command });
    }
  }

  /** Whether the token may have expired by the check-in after the next. */
  #tokenEnds(): boolean {
    const { jwtExpires } = this.#settings;
    return jwtExpires !== undefined && jwtExpires * SECOND < Date.now() + 2 * this.#every();
  }

  /** Unregisters while the token is valid; runs in progress have their own keys. */
  async #retire(): Promise<void> {
    const { log, idle } = this.#options;
    log.info('The JWT is about to expire: the worker unregisters, and ends when it is idle');
    await this.#server.unregister().catch((error: unknown) => report(log, error));
    await this.#drain(() => recover(this.#about(false)).catch((error: unknown) => report(log, error)));
    if (idle !== undefined && !this.#options.leave.aborted) await this.#runIdleCommand(idle.command);
  }

  /** @param look sees to the runs in progress, and counts them */
  async #drain(look: () => Promise<unknown>): Promise<void> {
    const { log, leave, folder, processes } = this.#options;
    let next = 0;
    let logged = -1;
    while (!leave.aborted) {
      const runs = (await runsInProgress(folder)).length;
      if (runs === 0) return;
      if (runs !== logged) log.info('No new runs; waiting for those in progress', { in_progress: runs });
      logged = runs;
      if (performance.now() >= next) {
        next = performance.now() + this.#every();
        await look();
      }
      await sleep(LOOK_MS, undefined, { signal: AbortSignal.any([leave, processes.ends()]) }).catch(ignoreAbort);
    }
  }
}

function report(log: WorkerLog, error: unknown): void {
  if (error instanceof RunFailure) log.error(error.message);
  else log.error('An unexpected error', { error: (error as Error).stack ?? String(error) });
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

function ignoreAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
