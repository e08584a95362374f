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
}

const REPORTER_LIMITS: ReporterLimits = {
  ...SENDER_LIMITS,
  spool: 256 * 1024 * 1024,
  full: 1_000,
};

/** setTimeout's longest wait, ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class ServerReporter implements Reporter {
  readonly #server: RunServer;
  readonly #spool: Spool;
  readonly #limits: ReporterLimits;
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

  async status(status: RunStatus): Promise<void> {
    if (status === 'PASSED' || status === 'FAILED') return this.#finish(status);
    // A run that the server wants to stop is shown as such until it has.
    if (!this.#cancelled.signal.aborted) this.#sender.setStatus(status);
  }

  async test(test: Test): Promise<void> {
    const sent = this.#testsByName.get(test.name) ?? 0;
    this.#testsByName.set(test.name, sent + 1);
    const index = this.#testsGiven++;
    const known = this.#spool.mark.tests ?? 0;
    if (index < known || this.#gone.signal.aborted) return;
    let doubtful = this.#spool.resumed && index === known;
    const onDoubt = () => this.note(`The test ${test.name} may be there twice: the server's answer was lost`);
    await this.#insist(async () => {
      try {
        await this.#server.sendTest(test, sent, doubtful, onDoubt);
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error;
        doubtful ||= error.maybeDelivered;
        if (!isFinal(error)) throw error;
        if (error.kind === 'completed') this.#leave(error);
        else this.note(error.message);
      }
    });
    this.#spool.setTests(index + 1);
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
      await this.#until(() => this.#sender.done);
    }
    if (this.#gone.signal.aborted) return this.#finishWithoutConsole(status);
    await this.#sender.stop();
    await this.#end(status, new Uint8Array(), this.#spool.resumed);
  }

  /**
   * A server that refuses the console, or a console that can no longer be read, is no reason to leave a run
   * RUNNING for ever. Without its console it has FAILED, whatever its script did.
   *
   * @throws the reason, of a run that would have PASSED
   */
  async #finishWithoutConsole(status: RunStatus): Promise<void> {
    if (this.#over) return;
    const reason: RunFailure = this.#gone.signal.reason;
    const said = Buffer.from(`\n== ${consoleTime()}: The run has FAILED: ${reason.message}\n`);
    await this.#end('FAILED', said, true).catch((error: unknown) => {
      if (!(error instanceof ServerFailure)) throw error;
      return this.#end('FAILED', new Uint8Array(), true);
    });
    if (status === 'PASSED') throw reason;
  }

  /** Sets the final status, once. @param doubtful it may be set already, by a process that did not live to know */
  async #end(status: RunStatus, last: Uint8Array, doubtful: boolean): Promise<void> {
    let asked = doubtful;
    await this.#insist(async () => {
      try {
        if (asked && (await this.#hasEnded())) return;
        asked = true;
        await this.#server.append(last, status);
      } catch (error) {
        if (error instanceof ServerFailure && error.kind === 'completed') return;
        throw error;
      }
    });
  }

  async #hasEnded(): Promise<boolean> {
    try {
      return ENDED.has(await this.#server.readStatus());
    } catch (error) {
      if (error instanceof ServerFailure && isFinal(error)) return false;
      throw error;
    }
  }

  /** Tries until it is done, however long the server is away, or the server says no: then its failure is thrown. */
  async #insist(attempt: () => Promise<void>): Promise<void> {
    for (let wait = this.#limits.firstWait; ; wait = Math.min(this.#limits.longestWait, wait * 2)) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof ServerFailure) || isFinal(error)) throw error;
        const slow = error.kind === 'interrupted' ? this.#limits.settle : 0;
        await sleep(error.retryAfterMs ?? Math.max(slow, wait * (0.75 + Math.random() / 2)));
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
