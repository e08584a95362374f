/** Which requests a test has planned faults for. */
import type { Asked } from './asked.js';
import { type FaultKind, fits, type Match } from './faults.js';

/** A fault that waits for its requests, or has met them. */
export class PlannedFault {
  readonly match: Match;
  readonly kind: FaultKind;
  /** Requests that it met. */
  readonly met: Asked[] = [];
  /** The first of them, once it is there. */
  readonly hit: Promise<Asked>;
  #left: number;
  #tellHit: (asked: Asked) => void = () => {};
  #release: () => void = () => {};
  readonly #released: Promise<void>;

  constructor(match: Match, kind: FaultKind, times: number) {
    this.match = match;
    this.kind = kind;
    this.#left = times;
    this.hit = new Promise((resolve) => {
      this.#tellHit = resolve;
    });
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  get pending(): boolean {
    return this.#left > 0;
  }

  /** Resolves when the test, or the end of the server, lets go of what is held. */
  get released(): Promise<void> {
    return this.#released;
  }

  /** Lets go of every request that it holds, now and later. Idempotent. */
  release(): void {
    this.#release();
  }

  /** Meets no further request. What it holds it holds. */
  end(): void {
    this.#left = 0;
  }

  /** @returns whether the request is met by it; then it counts */
  meet(asked: Asked): boolean {
    if (!this.pending || !fits(this.match, asked)) return false;
    this.#left -= 1;
    this.met.push(asked);
    this.#tellHit(asked);
    return true;
  }
}

export class FaultPlan {
  readonly #planned: PlannedFault[] = [];

  /** For the next request that matches. Of several plans the oldest is met first. */
  next(match: Match, kind: FaultKind): PlannedFault {
    return this.times(1, match, kind);
  }

  times(count: number, match: Match, kind: FaultKind): PlannedFault {
    const fault = new PlannedFault(match, kind, count);
    this.#planned.push(fault);
    return fault;
  }

  /** Until its `end()`. */
  always(match: Match, kind: FaultKind): PlannedFault {
    return this.times(Number.POSITIVE_INFINITY, match, kind);
  }

  meet(asked: Asked): PlannedFault | undefined {
    return this.#planned.find((fault) => fault.meet(asked));
  }

  /** No more faults, and nothing held. */
  clear(): void {
    for (const fault of this.#planned) {
      fault.end();
      fault.release();
    }
  }
}
