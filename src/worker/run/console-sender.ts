/**
 * Sends the spool to the server: in order, one post at a time, each byte once. The server appends whatever it gets and
 * knows no offsets. So after a post whose answer was lost, its console is read before anything else is sent.
 */
import type { RunStatus } from '../../executor/index.js';
import { pause } from '../../lib/index.js';
import { COMPLETE_STATUSES } from '../../schema/index.js';
import { ServerFailure } from '../../server/index.js';
import type { RunServer } from './run-server.js';
import type { Spool } from './spool.js';

/** Milliseconds and bytes. */
export interface SenderLimits {
  /** The largest post. */
  chunk: number;
  /** The longest time between two posts while there is something to send. */
  interval: number;
  /** How long the first bytes after a silence wait for more. */
  gather: number;
  /** Between two empty posts of a silent run, by which a cancel is noticed. */
  poll: number;
  /** Between two tries: doubled from the first to the longest. */
  firstWait: number;
  longestWait: number;
  /** A longer Retry-After is cut to this: otherwise a cancel would not be noticed. */
  longestRetryAfter: number;
  /** The least wait after an answer that came too late: the server may still be working on the request. */
  settle: number;
}

export const SENDER_LIMITS: SenderLimits = {
  chunk: 256 * 1024,
  interval: 1_000,
  gather: 100,
  poll: 20_000,
  firstWait: 500,
  longestWait: 15_000,
  longestRetryAfter: 60_000,
  settle: 2_000,
};

const SMALLEST_CHUNK = 1024;
/** At most this much of the server's console is compared. */
const LARGEST_DOUBT = 64 * 1024 * 1024;

export interface SenderEvents {
  /** The server wants the run to stop. */
  onCancel(): void;
  /** The server accepts nothing more of this run. */
  onGone(failure: ServerFailure): void;
  /** A warning for the console: bytes may stand there twice. */
  onDoubt(text: string): void;
  /** The server has accepted bytes. */
  onProgress(): void;
}

export class ConsoleSender {
  /** Why the last try failed; undefined after a success. */
  failure: ServerFailure | undefined;
  readonly #server: RunServer;
  readonly #spool: Spool;
  readonly #limits: SenderLimits;
  readonly #events: SenderEvents;
  /** Whether the server may have bytes that it has not acknowledged. */
  #doubt: boolean;
  #chunk: number;
  /** The largest chunk that the server may accept. */
  #ceiling: number;
  /** Statuses to send, in order; a post carries one. */
  #statuses: RunStatus[] = [];
  /** Whether the last post was made while a status waited, and found no cancel. */
  #looked = false;
  /** Whether a status that was posted may have overwritten a cancel on the server. */
  #mayHideCancel: boolean;
  #flushing = false;
  #lastPost = Number.NEGATIVE_INFINITY;
  #firstUnsent = performance.now();
  #wait = 0;
  #stopped = false;
  #wake: () => void = () => {};
  #work: Promise<void> | undefined;

  constructor(server: RunServer, spool: Spool, events: SenderEvents, limits: SenderLimits) {
    this.#server = server;
    this.#spool = spool;
    this.#events = events;
    this.#limits = limits;
    this.#chunk = limits.chunk;
    this.#ceiling = limits.chunk;
    // The process that died may have sent a post whose answer it did not get.
    this.#doubt = spool.resumed;
    this.#mayHideCancel = spool.resumed;
  }

  /** Sends until `stop`; rejects with a defect that ended the sending. */
  start(): Promise<void> {
    this.#work ??= this.#run();
    return this.#work;
  }

  /** Resolves when the current post has ended; rejects with a defect that ended the sending. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#work;
  }

  /** Call it after each append. @param before how much was unsent before it */
  added(before: number): void {
    if (before === 0) this.#firstUnsent = performance.now();
    if (before === 0 || (before < this.#chunk && this.#spool.unsent >= this.#chunk)) this.#wake();
  }

  /** Sends the status with one of the next posts, which are made at once; it is dropped when the run is cancelled. */
  setStatus(status: RunStatus): void {
    this.#statuses.push(status);
    this.#wake();
  }

  /** Whether to send at once, without waiting for more bytes. */
  flush(on: boolean): void {
    this.#flushing = on;
    this.#wake();
  }

  /** Whether everything has been sent. */
  get done(): boolean {
    return this.#spool.unsent === 0 && this.#statuses.length === 0;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const wait = this.#untilNextPost();
      if (wait > 0) await this.#sleep(wait, true);
      else await this.#step();
    }
  }

  #untilNextPost(): number {
    const { interval, gather, poll } = this.#limits;
    const now = performance.now();
    const { unsent } = this.#spool;
    if (this.#statuses.length > 0 || unsent >= this.#chunk || (this.#flushing && unsent > 0)) return 0;
    if (unsent === 0) return Math.max(0, this.#lastPost + poll - now);
    return Math.max(0, this.#firstUnsent + gather - now, this.#lastPost + interval - now);
  }

  async #step(): Promise<void> {
    try {
      if (this.#spool.mark.base === undefined) await this.#findBase();
      if (this.#doubt) await this.#reconcile();
      await this.#post();
      // Not awaited: a server that does not answer this call must not hold up the console.
      if (this.#mayHideCancel) void this.#findHiddenCancel();
      this.#wait = 0;
      this.failure = undefined;
    } catch (error) {
      if (error instanceof ServerFailure) this.failure = error;
      if (this.#stopped) return;
      if (!(error instanceof ServerFailure)) throw error;
      await this.#overcome(error);
    }
  }

  async #post(): Promise<void> {
    const { acked } = this.#spool.mark;
    const bytes = this.#spool.read(acked, this.#chunk);
    const [waiting] = this.#statuses;
    // A status overwrites a cancel on the server. An empty post before it makes that unlikely.
    const status = this.#looked ? waiting : undefined;
    this.#looked = false;
    this.#lastPost = performance.now();
    this.#mayHideCancel ||= status !== undefined;
    const { cancelled } = await this.#server.append(bytes, status).catch((error: unknown) => {
      // A refused post is not stored; after an error, or without an answer, nobody knows.
      const refused = error instanceof ServerFailure && !error.maybeDelivered;
      this.#doubt = bytes.length > 0 && !refused;
      throw error;
    });
    if (status !== undefined) this.#statuses.shift();
    else this.#looked = waiting !== undefined;
    if (cancelled) this.#statuses = [];
    this.#acknowledge(acked + bytes.length);
    this.#chunk = Math.min(this.#ceiling, this.#chunk * 2);
    if (cancelled) this.#events.onCancel();
  }

  /**
   * A cancel that came between two posts, and that a status has overwritten, still stands in the run's events.
   * Without an answer it is looked for again after the next post.
   */
  async #findHiddenCancel(): Promise<void> {
    this.#mayHideCancel = false;
    const run = await this.#server.readRun().catch(() => {
      this.#mayHideCancel = true;
    });
    const events = run?.statusEvents.map(({ status }) => status) ?? [];
    // Events before the last QUEUED are of an earlier try of this run.
    if (this.#stopped || !events.slice(events.lastIndexOf('QUEUED') + 1).includes('CANCELLING')) return;
    this.#statuses = [];
    this.#events.onCancel();
  }

  /** Finds out what stands in the server's console before this worker has sent anything. */
  async #findBase(): Promise<void> {
    const there = await this.#ask(0);
    this.#spool.setBase(there?.bytes.length ?? 0, there?.bytes);
    this.#doubt = false;
  }

  /** Finds out how much of the last post has arrived. */
  async #reconcile(): Promise<void> {
    const { acked, base = 0 } = this.#spool.mark;
    const there = await this.#ask(base + acked);
    if (there === undefined) {
      if (this.#spool.unsent > 0) {
        this.#events.onDoubt(
          'The answer to the last piece of the console was lost, and the server does not say what it has: up to ' +
            `${Math.min(this.#chunk, this.#spool.unsent)} bytes may stand here twice`,
        );
      }
    } else {
      const arrived = this.#countArrived(there.bytes);
      if (arrived > 0) this.#acknowledge(acked + arrived);
      const foreign = there.bytes.length - arrived;
      if (foreign > 0) {
        this.#spool.setBase(base + foreign);
        this.#events.onDoubt(
          `${foreign} bytes stand before this line that this worker has no record of sending: what follows may be there already`,
        );
      }
    }
    this.#doubt = false;
  }

  #countArrived(there: Buffer): number {
    const sent = this.#spool.read(this.#spool.mark.acked, Math.max(there.length, 1));
    if (there.length === 0) return 0;
    if (sent.length >= there.length && there.equals(sent.subarray(0, there.length))) return there.length;
    const piece = sent.subarray(0, Math.min(sent.length, this.#chunk));
    return piece.length > 0 && there.includes(piece) ? piece.length : 0;
  }

  /** The server's console from an offset on; undefined when it may not be read. */
  async #ask(offset: number): Promise<{ bytes: Buffer } | undefined> {
    try {
      const { status, bytes } = await this.#server.readConsole(offset, LARGEST_DOUBT, this.#spool.head);
      if (status !== undefined && COMPLETE_STATUSES.includes(status)) {
        throw new ServerFailure('completed', `The run is ${status} on the server, which accepts nothing more of it.`);
      }
      // The console of a QUEUED run is a sentence of the server's.
      return { bytes: status === 'QUEUED' ? Buffer.alloc(0) : bytes };
    } catch (error) {
      if (error instanceof ServerFailure && !error.passing && error.kind !== 'completed') return undefined;
      throw error;
    }
  }

  #acknowledge(offset: number): void {
    this.#spool.acknowledge(offset);
    this.#firstUnsent = performance.now();
    this.#events.onProgress();
  }

  async #overcome(failure: ServerFailure): Promise<void> {
    const { firstWait, longestWait, settle } = this.#limits;
    if (failure.kind === 'too-large' && this.#chunk > SMALLEST_CHUNK) {
      this.#chunk = Math.max(SMALLEST_CHUNK, Math.floor(Math.min(this.#chunk, this.#spool.unsent) / 2));
      this.#ceiling = this.#chunk;
      return;
    }
    if (isFinal(failure)) {
      this.#stopped = true;
      this.#events.onGone(failure);
      return;
    }
    // A slow server may manage a smaller piece in time.
    if (failure.kind === 'interrupted') this.#chunk = Math.max(SMALLEST_CHUNK, Math.floor(this.#chunk / 2));
    this.#wait = Math.min(longestWait, Math.max(firstWait, this.#wait * 2));
    const asked = failure.retryAfterMs && Math.min(failure.retryAfterMs, this.#limits.longestRetryAfter);
    const wait = asked ?? this.#wait * (0.75 + Math.random() / 2);
    await this.#sleep(failure.kind === 'interrupted' ? Math.max(wait, settle) : wait, false);
  }

  /** @param early whether `#wake` ends it */
  async #sleep(ms: number, early: boolean): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => {
      if (early || this.#stopped) woken.abort();
    };
    await pause(ms, woken.signal).catch(() => {});
    this.#wake = () => {};
  }
}

/** Whether the server's answer will not change: it has ended the run, does not know it, or refuses its key. */
export function isFinal({ kind }: ServerFailure): boolean {
  return ['completed', 'unauthorized', 'not-found', 'rejected', 'too-large'].includes(kind);
}
