/** What the story notes while it goes on: see `checkpoint.ts`. */
import type { Checkpoint, Ended, Step } from './checkpoint.js';
import { RunFailure } from './ports.js';

function recordOf(failure: RunFailure | undefined): Ended {
  if (failure === undefined) return {};
  const { reason, message, environment } = failure;
  return { failure: { reason, message, ...(environment === undefined ? {} : { environment }) } };
}

function failureOf({ failure }: Ended): RunFailure | undefined {
  if (failure === undefined) return undefined;
  const { reason, message, environment } = failure;
  return new RunFailure(reason, message, environment === undefined ? {} : { environment });
}

/** What the story knows, noted whenever it learns something. */
export class Notes {
  readonly known: Checkpoint;
  readonly #keep: (known: Checkpoint) => void | Promise<void>;

  constructor(resumed: Checkpoint | undefined, keep: (known: Checkpoint) => void | Promise<void>) {
    this.known = { ...resumed };
    this.#keep = keep;
  }

  async add(news: Checkpoint): Promise<void> {
    Object.assign(this.known, news);
    await this.#keep({ ...this.known });
  }

  /** Does a step that ends in a failure or in none, unless an earlier process has: then its word is taken. */
  async once(step: Step, work: () => Promise<RunFailure | undefined>): Promise<RunFailure | undefined> {
    const before = this.known[step];
    if (before !== undefined) return failureOf(before);
    const failure = await work();
    await this.add({ [step]: recordOf(failure) });
    return failure;
  }
}
