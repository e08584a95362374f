/** The reporter of a real run: sends its console, status and tests to the server, whatever happens on the way. */
import { consoleTime, type Reporter, RunFailure, type RunStatus } from '../../executor/index.js';
import type { Test } from '../../schema/index.js';
import { ServerFailure } from '../../server/index.js';
import { ConsoleSender, isFinal, SENDER_LIMITS, type SenderLimits } from './console-sender.js';
import { RunEnd } from './run-end.js';
import type { RunServer } from './run-server.js';
import type { Spool } from './spool.js';

export interface ReporterLimits extends SenderLimits {
  /** With more unsent bytes than this the script has to wait. */
  spool: number;
  /** How long to wait before a full disk is tried again, ms. */
  full: number;
  /** This process gives up when the server has accepted nothing of the run's end for this time, ms. */
  patience: number;
}

const REPORTER_LIMITS: ReporterLimits = {
  ...SENDER_LIMITS,
  spool: 256 * 1024 * 1024,
  full: 1_000,
  patience: 5 * 60_000,
};

export const FOLDER_REMOVED = 'The folder of the run was removed from the worker.';

/** `patience` for a run that cannot continue here. */
const LAST_PATIENCE_MS = 30_000;

/** setTimeout's longest wait, ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class ServerReporter implements Reporter {
  /** The server's last answer when it did not accept the run's end: another process has to try again later. */
  unreported: ServerFailure | undefined;
  readonly #server: RunServer;
  readonly #spool: Spool;
  readonly #limits: ReporterLimits;
  #patience: number;
  readonly #sender: ConsoleSender;
  readonly #end: RunEnd;
  readonly #cancelled = new AbortController();
  readonly #gone = new AbortController();
  /** New writes wait for this. */
  #blocked: Promise<void> | undefined;
  /** The tool's own lines, until the script has ended its line. */
  #notes: string[] = [];
  /** Called when the server has accepted something. */
  readonly #waiting = new Set<() => void>();
  /** Whether the server needs no final status: it has ended the run, or does not know it. */
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
    this.#end = new RunEnd(server, this.#limits, () => this.#patience);
    if (spool.lost > 0) this.note(`${spool.lost} bytes of the console were lost when the machine went down`);
    this.#sender.start().catch((error: NodeJS.ErrnoException) => {
      // The spool is in the run's folder.
      const isRemoved = error.code === 'ENOENT';
      const message = isRemoved ? FOLDER_REMOVED : `The console can no longer be sent: ${error.message}`;
      this.#leave(new RunFailure('lost', message, { cause: error }));
    });
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Aborts when the server accepts nothing more of this run; all work on it is then pointless. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** The run cannot continue here: all of its work ends, and the server gets FAILED, if it can be reached. */
  abandon(reason: RunFailure): void {
    this.#patience = Math.min(this.#patience, LAST_PATIENCE_MS);
    this.#leave(reason);
  }

  get kept(): Pick<Spool['mark'], 'position' | 'atLineStart'> {
    return this.#spool.mark;
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

  /** Writes a warning to the console, at the start of the next line. */
  note(text: string): void {
    this.#notes.push(`   ${consoleTime()}: WARN  ${text}\n`);
    if (!this.#gone.signal.aborted) this.#writeNotes();
  }

  /**
   * For a final status: resolves when the server has it, or has not accepted it for some minutes (`unreported`).
   *
   * @throws RunFailure when the run PASSED here and did not on the server
   */
  async status(status: RunStatus): Promise<void> {
    if (status === 'PASSED' || status === 'FAILED') return this.#finish(status);
    // The server shows CANCELLING until the run has ended.
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
    // An unreachable server is waited for; one that answers and never accepts this test is not.
    await this.#end
      .insist(send, (error) => error.status !== undefined)
      .catch((error: unknown) => {
        if (!(error instanceof ServerFailure)) throw error;
        if (error.kind === 'completed') this.#leave(error);
        lost = error.message;
      });
    this.#spool.setTests(index + 1);
    return lost;
  }

  /** Stops sending; unsent bytes stay in the spool. May be called twice. */
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
    const reported = this.#gone.signal.aborted
      ? this.#finishWithoutConsole(status)
      : this.#end.report(status, new Uint8Array(), this.#spool.resumed);
    await reported.catch((error: unknown) => {
      if (!(error instanceof ServerFailure) || isFinal(error)) throw error;
      this.#giveUp(error);
    });
  }

  #giveUp(
    failure = new ServerFailure('interrupted', 'The server has not accepted the rest of the console in time.'),
  ): void {
    this.unreported = failure;
  }

  /** Resolves when the server has all of the console. @returns false when it has accepted nothing for too long */
  async #untilSent(): Promise<boolean> {
    for (;;) {
      const { acked } = this.#spool.mark;
      await this.#until(() => this.#sender.done || this.#spool.mark.acked > acked, this.#patience);
      if (this.#sender.done || this.#gone.signal.aborted) return true;
      if (this.#spool.mark.acked === acked) return false;
    }
  }

  /**
   * A refused or unreadable console must not leave the run RUNNING for ever: without its console it has FAILED,
   * whatever its script did.
   *
   * @throws the reason, when the run would have PASSED
   */
  async #finishWithoutConsole(status: RunStatus): Promise<void> {
    if (this.#over) return this.#end.compare(status, status === 'PASSED' ? await this.#end.endedAs() : undefined);
    const reason: RunFailure = this.#gone.signal.reason;
    const last = Buffer.from(`\n== ${consoleTime()}: The run has FAILED: ${reason.message}\n`);
    await this.#end.report('FAILED', last, true).catch((error: unknown) => {
      if (!(error instanceof ServerFailure) || !isFinal(error)) throw error;
      return this.#end.report('FAILED', new Uint8Array(), true);
    });
    if (status === 'PASSED') throw reason;
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

  /** For a full disk: the spool is sent first, then this piece, from memory. */
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

  /** Resolves when no more than `most` bytes are unsent. */
  #room(most: number, ms?: number): Promise<void> {
    return this.#until(() => this.#spool.unsent <= most, ms);
  }

  /** Checks whenever the server has accepted something; ends also when it accepts nothing more, or after `ms`. */
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
