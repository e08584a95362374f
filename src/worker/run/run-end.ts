/** The final status of a run: set on the server exactly once, whatever happens to the answers. */
import { RunFailure, type RunStatus } from '../../executor/index.js';
import { doubling, retry } from '../../lib/index.js';
import { COMPLETE_STATUSES } from '../../schema/index.js';
import { ServerFailure } from '../../server/index.js';
import { isFinal, type SenderLimits } from './console-sender.js';
import type { RunServer } from './run-server.js';

export class RunEnd {
  readonly #server: RunServer;
  readonly #limits: SenderLimits;
  readonly #patience: () => number;

  /** @param patience how long a server that does not accept a call is tried, ms; asked at each failure */
  constructor(server: RunServer, limits: SenderLimits, patience: () => number) {
    this.#server = server;
    this.#limits = limits;
    this.#patience = patience;
  }

  /**
   * @param last appended to the console
   * @param doubtful whether an earlier process may have set the status already
   * @throws ServerFailure; RunFailure as `compare`
   */
  report(status: RunStatus, last: Uint8Array, doubtful: boolean): Promise<void> {
    let mayBeSet = doubtful;
    return this.insist(async () => {
      const there = mayBeSet ? await this.endedAs() : undefined;
      if (there !== undefined) return this.compare(status, there);
      try {
        await this.#server.append(last, status);
      } catch (error) {
        if (!(error instanceof ServerFailure)) throw error;
        if (error.kind !== 'completed') {
          mayBeSet ||= error.maybeDelivered;
          throw error;
        }
        // Where the server does not say how the run ended, an earlier try whose answer was lost has ended it.
        const ended = await this.endedAs();
        if (ended !== undefined || !mayBeSet) this.compare(status, ended);
      }
    });
  }

  /** The run's status on the server when it is complete there; undefined when it is not, or may not be read. */
  async endedAs(): Promise<string | undefined> {
    const run = await this.#server.readRun();
    return run !== undefined && COMPLETE_STATUSES.includes(run.status) ? run.status : undefined;
  }

  /** @param there the status of a run that is complete on the server. @throws RunFailure when only ours is PASSED */
  compare(status: RunStatus, there: string | undefined): void {
    if (status !== 'PASSED' || there === 'PASSED' || there === 'PROMOTED') return;
    const how = there === undefined ? 'does not say how' : `has it as ${there}`;
    throw new RunFailure(
      'cancelled',
      `The run was ended on the server before its worker reported PASSED; the server ${how}.`,
    );
  }

  /**
   * Tries until it succeeds, or the server's answer is final.
   *
   * @param bounded which failures end it when they have lasted for the patience; all by default
   * @throws ServerFailure
   */
  insist(attempt: () => Promise<void>, bounded = (_: ServerFailure) => true): Promise<void> {
    const { firstWait, longestWait, settle } = this.#limits;
    const begun = performance.now();
    return retry(attempt, {
      waits: doubling(firstWait, longestWait),
      passing: (error) => {
        if (!(error instanceof ServerFailure) || isFinal(error)) return false;
        return !bounded(error) || performance.now() - begun < this.#patience();
      },
      wait: (error, planned) => {
        const { kind, retryAfterMs = kind === 'interrupted' ? Math.max(settle, planned) : planned } =
          error as ServerFailure;
        return Math.min(retryAfterMs, Math.max(this.#patience(), longestWait));
      },
    });
  }
}
