/** What many answers may take together: a server decides how many there are, how long each is and how slowly it comes. */
import type { Call, SharedBounds } from './call.js';
import { callFailure } from './server-failure.js';

export interface AllowanceBounds extends Pick<Call, 'what' | 'url'> {
  /** As messages name all of it: `the tests of the run`. */
  sum: string;
  bytes: number;
  /** From the start on; without it their time has no bound. */
  ms?: number;
  /** What to do about more, a sentence. */
  advice: string;
}

/** One for all calls that it bounds (`Call.allowance`). When it is used up, each of them fails. */
export class Allowance implements SharedBounds {
  readonly #bounds: AllowanceBounds;
  readonly #end = new AbortController();
  #left: number;

  constructor(bounds: AllowanceBounds) {
    this.#bounds = bounds;
    this.#left = bounds.bytes;
    const { ms } = bounds;
    if (ms !== undefined) setTimeout(() => this.#stop(`take longer than ${ms / 1000} s together`), ms).unref();
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) this.#stop(`are larger than ${sizeOf(this.#bounds.bytes)} together`);
    this.#end.signal.throwIfAborted();
  }

  #stop(why: string): void {
    const { sum, advice } = this.#bounds;
    this.#end.abort(callFailure('no-jobserv', this.#bounds, [`${sum} ${why}`, advice]));
  }
}

const sizeOf = (bytes: number) => (bytes < 2 ** 30 ? `${bytes / 2 ** 20} MiB` : `${bytes / 2 ** 30} GiB`);
