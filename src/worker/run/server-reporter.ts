/** The reporter of a real run: console, status and tests to the server, whatever happens on the way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { consoleTime } from '../../executor/console-log.js';
import { type Reporter, RunFailure, type RunStatus } from '../../executor/ports.js';
import type { Test } from '../../schema/model.js';
import { ENDED } from '../../server/console.js';
import { ServerFailure } from '../../server/server-failure.js';
import { ConsoleSender, isFinal, SENDER_LIMITS, type SenderLimits } from './console-sender.js';
import type { RunServer } from './run-server.js';
import type { Spool } from './spool.js';

export interface ReporterLimits extends SenderLimits {
  /** More than this unsent, bytes, and the script has to wait. */
  spool: number;
  /** A disk that was full is tried again after so long, ms. */
  full: number;
  /** When the server has accepted nothing of the end of the run for so long, this process gives up, ms. */
  patience: number;
}

const REPORTER_LIMITS: ReporterLimits = {
  ...SENDER_LIMITS,
  spool: 256 * 1024 * 1024,
  full: 1_000,
  patience: 5 * 60_000,
};

/** The same of a run that cannot be gone on with here at all. */
const LAST_PATIENCE_MS = 30_000;

/** setTimeout's longest wait, ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class ServerReporter implements Reporter {
  readonly #server: RunServer;
  readonly #spool: Spool;
  readonly #limits: ReporterLimits;
  #patience: number;
  #unreported: ServerFailure | undefined;
  readonly #sender: ConsoleSender;
  readonly #cancelled = new AbortController();
  readonly #gone = new AbortController();
  /** Writes that come now have to wait for this. */
  #blocked: Promise<void> | undefined;
  /** Lines of our own that wait for the script to end its line. */
  #notes: string[] = [];
  /** Who waits for the server to take something. */
  readonly #waiting = new Set<() => void>();
  /** Whether the server has no use for the end of the run: it has ended it, or does not know it. */
  #over = false;
  #testsGiven = 0;
  readonly #testsByName = new Map<string, number>();

  constructor(server: RunServer, spool: Spool, limits: Partial<ReporterLimits> = {}) {
    this.#server = server;
    this.#spool = spool;
    this.#limits = { ...REPORTER_LIMITS, ...limits };
    this.#patience = this.#limits.patience;
    this.#sender = new ConsoleSender(
      server,
      spool,
      {
        onCancel: () => this.#cancelled.abort(new RunFailure('cancelled', 'The server cancelled the run.')),
        onGone: (failure) => this.#leave(failure),
        onDoubt: (text) => this.note(text),
        onProgress: () => this.#progress(),
      },
      this.#limits,
    );
    if (spool.lost > 0) this.note(`${spool.lost} bytes of the console were lost when the machine went down`);
    this.#sender.start();
    this.#sender.work.catch((error: unknown) => {
      const message = `The console can no longer be sent: ${(error as Error).message}`;
      this.#leave(new RunFailure('lost', message, { cause: error }));
    });
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Aborts when the server takes nothing more of this run: then there is no use in going on with anything. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** The server's last answer, when it did not accept the end of the run: another process has to try again later. */
  get unreported(): ServerFailure | undefined {
    return this.#unreported;
  }

  /** There is no way to go on with the run here: everything of it ends, and the server gets FAILED, if it is there. */
  abandon(reason: RunFailure): void {
    this.#patience = Math.min(this.#patience, LAST_PATIENCE_MS);
    this.#leave(reason);
  }

  get kept(): { position: Spool['mark']['position']; atLineStart: boolean } {
    const { position, atLineStart } = this.#spool.mark;
    return { position, atLineStart };
  }

  write(bytes: Uint8Array, position?: Spool['mark']['position']): void | Promise<void> {
    if (this.#blocked !== undefined) return this.#blocked.then(() => this.write(bytes, position));
    if (this.#gone.signal.aborted) return;
    const before = this.#spool.unsent;
    try {
      this.#spool.append(bytes, position);
    } catch (error) {
      if (!isFull(error)) throw error;
      return this.#block(this.#writeSlowly(bytes, position));
    }
    this.#sender.added(before);
    if (this.#notes.length > 0) this.#writeNotes();
    if (this.#spool.unsent > this.#limits.spool) return this.#block(this.#room(this.#limits.spool / 2));
  }

  /** A warning of ours in the console, at the next line's start. */
  note(text: string): void {
    this.#notes.push(`   ${consoleTime()}: WARN  ${text}\n`);
    if (!this.#gone.signal.aborted) this.#writeNotes();
  }

  /**
   * The final status resolves when the server has it, or has not accepted it for some minutes (`unreported`).
   *
   * @throws RunFailure of a run that PASSED here, and did not on the server
   */
  async status(status: RunStatus): Promise<void> {
    if (status === 'PASSED' || status === 'FAILED') return this.#finish(status);
    // A run that the server wants to stop is shown as such until it has.
    if (!this.#cancelled.signal.aborted) this.#sender.setStatus(status);
  }

  async test(test: Test): Promise<string | undefined> {
    let lost: string | undefined;
    const sent = this.#testsByName.get(test.name) ?? 0;
    this.#testsByName.set(test.name, sent + 1);
    const index = this.#testsGiven++;
    const known = this.#spool.mark.tests ?? 0;
    if (index < known || this.#gone.signal.aborted) return undefined;
    let doubtful = this.#spool.resumed && index === known;
    const onDoubt = () => this.note(`The test ${test.name} may be there twice: the server's answer was lost`);
    const send = async () => {
      try {
        await this.#server.sendTest(test, sent, doubtful, onDoubt);
      } catch (error) {
        if (error instanceof ServerFailure) doubtful ||= error.maybeDelivered;
        throw error;
      }
    };
    // A server that is away is waited for; one that answers, and never accepts this test, is not.
    await this.#insist(send, (error) => error.status !== undefined).catch((error: unknown) => {
      if (!(error instanceof ServerFailure)) throw error;
      if (error.kind === 'completed') this.#leave(error);
      lost = error.message;
    });
    this.#spool.setTests(index + 1);
    return lost;
  }

  /** Ends the sending; what has not been sent stays in the spool. May be called twice. */
  async close(): Promise<void> {
    await this.#sender.stop().catch(() => {});
    this.#spool.close();
  }

  async #finish(status: RunStatus): Promise<void> {
    await this.#blocked;
    if (!this.#gone.signal.aborted) {
      this.#writeNotes(true);
      this.#sender.flush(true);
      const sent = await this.#untilSent();
      await this.#sender.stop();
      if (!sent) return this.#giveUp(this.#sender.failure);
    }
    const told = this.#gone.signal.aborted
      ? this.#finishWithoutConsole(status)
      : this.#end(status, new Uint8Array(), this.#spool.resumed);
    await told.catch((error: unknown) => {
      if (!(error instanceof ServerFailure) || isFinal(error)) throw error;
      this.#giveUp(error);
    });
  }

  #giveUp(
    failure = new ServerFailure('interrupted', 'The server has not accepted the rest of the console in time.'),
  ): void {
    this.#unreported = failure;
  }

  /** Until the server has all of the console. @returns false when it has accepted nothing for too long */
  async #untilSent(): Promise<boolean> {
    for (;;) {
      const { acked } = this.#spool.mark;
      await this.#until(() => this.#sender.done || this.#spool.mark.acked > acked, this.#patience);
      if (this.#sender.done || this.#gone.signal.aborted) return true;
      if (this.#spool.mark.acked === acked) return false;
    }
  }

  /**
   * A server that refuses the console, or a console that can no longer be read, is no reason to leave a run
   * RUNNING for ever. Without its console it has FAILED, whatever its script did.
   *
   * @throws the reason, of a run that would have PASSED
   */
  async #finishWithoutConsole(status: RunStatus): Promise<void> {
    if (this.#over) return this.#compare(status, status === 'PASSED' ? await this.#endedAs() : undefined);
    const reason: RunFailure = this.#gone.signal.reason;
    const said = Buffer.from(`\n== ${consoleTime()}: The run has FAILED: ${reason.message}\n`);
    await this.#end('FAILED', said, true).catch((error: unknown) => {
      if (!(error instanceof ServerFailure) || !isFinal(error)) throw error;
      return this.#end('FAILED', new Uint8Array(), true);
    });
    if (status === 'PASSED') throw reason;
  }

  /** What was learned of a run that is complete on the server. @throws RunFailure when it did not PASS there */
  #compare(status: RunStatus, there: string | undefined): void {
    if (status !== 'PASSED' || there === 'PASSED' || there === 'PROMOTED') return;
    const how = there === undefined ? 'does not say how' : `has it as ${there}`;
    throw new RunFailure(
      'cancelled',
      `The run was ended on the server before its worker reported PASSED; the server ${how}.`,
    );
  }

  /** Sets the final status, once. @param doubtful it may be set already, by a process that did not live to know */
  async #end(status: RunStatus, last: Uint8Array, doubtful: boolean): Promise<void> {
    let mayBeThere = doubtful;
    await this.#insist(async () => {
      const there = mayBeThere ? await this.#endedAs() : undefined;
      if (there !== undefined) return this.#compare(status, there);
      try {
        await this.#server.append(last, status);
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error;
        if (error.kind !== 'completed') {
          mayBeThere ||= error.maybeDelivered;
          throw error;
        }
        // Where the server does not say how it ended, a try of ours whose answer was lost has ended it.
        const ended = await this.#endedAs();
        if (ended !== undefined || !mayBeThere) this.#compare(status, ended);
      }
    });
  }

  /** The run's status on the server when it is complete there; undefined when it is not, or may not be read. */
  async #endedAs(): Promise<string | undefined> {
    const run = await this.#server.readRun();
    return run !== undefined && ENDED.has(run.status) ? run.status : undefined;
  }

  /**
   * Tries until it is done, or the server says no for ever.
   *
   * @param bounded which failures end it when they have lasted for the reporter's patience
   * @throws ServerFailure
   */
  async #insist(attempt: () => Promise<void>, bounded = (_: ServerFailure) => true): Promise<void> {
    const begun = performance.now();
    for (let wait = this.#limits.firstWait; ; wait = Math.min(this.#limits.longestWait, wait * 2)) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof ServerFailure) || isFinal(error)) throw error;
        if (bounded(error) && performance.now() - begun >= this.#patience) throw error;
        const slow = error.kind === 'interrupted' ? this.#limits.settle : 0;
        const pause = error.retryAfterMs ?? Math.max(slow, wait * (0.75 + Math.random() / 2));
        await sleep(Math.min(pause, Math.max(this.#patience, this.#limits.longestWait)));
      }
    }
  }

  #leave(failure: RunFailure): void {
    if (failure instanceof ServerFailure) this.#over = failure.kind === 'completed' || failure.kind === 'not-found';
    const reason = new RunFailure('cancelled', `The work is stopped: ${failure.message}`, { cause: failure });
    this.#gone.abort(reason);
    this.#cancelled.abort(reason);
    this.#progress();
  }

  #block(work: Promise<void>): Promise<void> {
    const blocked = work.finally(() => {
      if (this.#blocked === blocked) this.#blocked = undefined;
      if (this.#notes.length > 0) this.#writeNotes();
    });
    this.#blocked = blocked;
    return blocked;
  }

  /** The disk takes no more: what there is goes to the server first, then this piece, past the disk. */
  async #writeSlowly(bytes: Uint8Array, position: Spool['mark']['position']): Promise<void> {
    this.#sender.flush(true);
    while (!this.#gone.signal.aborted) {
      await this.#room(0, this.#limits.full);
      const before = this.#spool.unsent;
      try {
        this.#spool.append(bytes, position);
        this.#sender.flush(false);
        return this.#sender.added(before);
      } catch (error) {
        if (!isFull(error)) throw error;
      }
      if (this.#spool.unsent > 0) continue;
      this.#spool.hold(bytes, position);
      this.#sender.added(0);
      return this.#room(0);
    }
  }

  /** Until no more than `most` bytes are unsent. */
  #room(most: number, ms?: number): Promise<void> {
    return this.#until(() => this.#spool.unsent <= most, ms);
  }

  /** Looks whenever the server has taken something; ends also when it takes nothing more at all, or `ms` have passed. */
  async #until(reached: () => boolean, ms = Number.POSITIVE_INFINITY): Promise<void> {
    const until = performance.now() + ms;
    while (!reached() && !this.#gone.signal.aborted && performance.now() < until) {
      await new Promise<void>((resolve) => {
        const look = () => {
          clearTimeout(timer);
          this.#waiting.delete(look);
          resolve();
        };
        const timer = setTimeout(look, Math.min(LONGEST_TIMER, until - performance.now()));
        this.#waiting.add(look);
      });
    }
  }

  #progress(): void {
    for (const look of [...this.#waiting]) look();
  }

  #writeNotes(now = false): void {
    if (this.#notes.length === 0 || this.#blocked !== undefined || !(this.#spool.mark.atLineStart || now)) return;
    const start = this.#spool.mark.atLineStart ? '' : '\n';
    const text = Buffer.from(start + this.#notes.join(''));
    const before = this.#spool.unsent;
    try {
      this.#spool.append(text);
    } catch (error) {
      if (isFull(error)) return;
      throw error;
    }
    this.#notes = [];
    this.#sender.added(before);
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}
