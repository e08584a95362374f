/** How a container's process ended, asked of an engine that may go away while the script runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { RunFailure } from '../executor/index.js';
import { monotonicMs, tooManyFiles } from '../lib/index.js';
import { type EngineLimits, engineWords, isUnreachable, refuseAnswer, statusOf, within } from './client.js';
import { type ContainerConsole, isConsoleClosed } from './console.js';

export interface ContainerEnd {
  exitCode: number;
  /** The engine's error message. */
  error?: string;
}

const RETRY_MS = 250;

/**
 * Waits for the end of a container that has been started. The client's `wait` never settles
 * when the connection is cut after the head of the answer, which the engine sends at once: so
 * it is asked anew every `limits.waitAgain` while the console is open. An engine that does
 * not answer is asked again for `limits.reconnect`.
 *
 * @param startedAt monotonic ms before the start was requested; undefined where another process started it
 * @throws RunFailure(lost) when the container or the engine is gone, or when the console
 *   ended while the engine may have been away: then it may not be complete
 */
export async function awaitExit(
  container: Docker.Container,
  console: ContainerConsole,
  limits: EngineLimits,
  startedAt?: number,
): Promise<ContainerEnd> {
  const over = new AbortController();
  const early = new EarlyEnd(container, console, limits, startedAt);
  const lost = early.watch(over.signal);
  lost.catch(() => {});
  try {
    for (;;) {
      try {
        const end = await Promise.race([askForExit(container, console, limits), lost]);
        early.exited = end !== undefined;
        await early.explained;
        if (end !== undefined) return end;
      } catch (error) {
        if (error instanceof RunFailure) throw error;
        if (statusOf(error) === 404) throw removedFailure();
        if (!isUnreachable(error))
          throw new RunFailure('lost', `The container was lost: ${engineWords(error)}.`, { cause: error });
        early.limit ??= limitOf(error);
        await reconnect(container, limits, error);
      }
      if (console.ended && !console.closedByScript) throw cutFailure(early.limit);
    }
  } finally {
    over.abort();
  }
}

const limitOf = (error: unknown) => (tooManyFiles(error) === undefined ? undefined : error);

/** Undefined: ask again. Not after the console's end: only a request made before it, over a connection that held, counts. */
async function askForExit(
  container: Docker.Container,
  console: ContainerConsole,
  { waitAgain }: EngineLimits,
): Promise<ContainerEnd | undefined> {
  const over = new AbortController();
  const late = (async () => {
    await sleep(waitAgain, undefined, { signal: over.signal, ref: false });
    if (console.ended && !console.closedByScript) await forever();
  })();
  // Podman looks at intervals, of its own choice unless it is given one; Docker ignores it.
  const options = { condition: 'not-running' as const, interval: '50ms', abortSignal: over.signal };
  const asking: Promise<{ StatusCode?: unknown; Error?: unknown }> = container.wait(options);
  for (const each of [late, asking]) each.catch(() => {});
  try {
    const answer = await Promise.race([asking, late]);
    if (answer === undefined) return undefined;
    const { StatusCode: exitCode, Error: error } = answer;
    if (typeof exitCode !== 'number') return refuseAnswer();
    const message = (error as { Message?: unknown } | null)?.Message ?? error;
    return { exitCode, ...(typeof message === 'string' && message !== '' ? { error: message } : {}) };
  } finally {
    over.abort();
  }
}

/** A script may close its console and go on; a connection that was cut between two frames looks the same. */
class EarlyEnd {
  /** Settles when it is known why the console ended so long before the exit; until then no exit is believed. */
  explained: Promise<'closed' | 'exited'> | undefined;
  /** The exit is known: an engine that does not answer now is not waited for. */
  exited = false;
  /** What kept a question from being asked: this process had too many files open. The engine was there. */
  limit: unknown;

  readonly #container: Docker.Container;
  readonly #console: ContainerConsole;
  readonly #limits: EngineLimits;
  readonly #startedAt: number | undefined;

  constructor(
    container: Docker.Container,
    console: ContainerConsole,
    limits: EngineLimits,
    startedAt: number | undefined,
  ) {
    this.#container = container;
    this.#console = console;
    this.#limits = limits;
    this.#startedAt = startedAt;
  }

  async watch(over: AbortSignal): Promise<never> {
    // How a console broke is explained elsewhere.
    await this.#console.done.catch(() => forever());
    const endedAt = monotonicMs();
    await sleep(this.#limits.earlyEnd, undefined, { signal: over, ref: false });
    this.explained = this.#explain(endedAt);
    if ((await this.explained) === 'closed') {
      this.#console.closedByScript = true;
      return await forever();
    }
    // The end is about to be reported; when it is not, the question was lost, and maybe more with it.
    await sleep(this.#limits.drain, undefined, { signal: over, ref: false });
    throw cutFailure();
  }

  async #explain(endedAt: number): Promise<'closed' | 'exited'> {
    const [container, limits] = [this.#container, this.#limits];
    try {
      const { State } = await inspect(container, limits.call);
      if (!State.Running) {
        if (this.#wentOn(State, endedAt)) throw cutFailure();
        return 'exited';
      }
      if (await isConsoleClosed(container, limits.call, limits.earlyEnd)) return 'closed';
    } catch (error) {
      if (error instanceof RunFailure) throw error;
      if (statusOf(error) === 404) throw removedFailure();
      this.limit ??= limitOf(error);
      if (!this.exited) await reconnect(container, limits, error);
    }
    throw cutFailure(this.limit);
  }

  /** Whether the container ran on after the console's end. Durations only: the engine's clock may differ from ours. */
  #wentOn({ StartedAt, FinishedAt }: { StartedAt: string; FinishedAt: string }, endedAt: number): boolean {
    if (this.#startedAt === undefined) return false;
    const ran = Date.parse(FinishedAt) - Date.parse(StartedAt);
    return ran > endedAt - this.#startedAt + this.#limits.earlyEnd;
  }
}

function forever(): Promise<never> {
  return new Promise(() => {});
}

export async function inspect(container: Docker.Container, callMs: number): Promise<Docker.ContainerInspectInfo> {
  const found = await within(callMs, (abortSignal) => container.inspect({ abortSignal }));
  if (typeof found.State?.Status !== 'string') refuseAnswer();
  return found;
}

async function reconnect(container: Docker.Container, limits: EngineLimits, first: unknown): Promise<void> {
  const until = monotonicMs() + limits.reconnect;
  for (;;) {
    try {
      await inspect(container, limits.call);
      return;
    } catch (error) {
      if (statusOf(error) === 404) throw removedFailure();
      if (monotonicMs() > until) throw engineGone(first);
      await sleep(RETRY_MS);
    }
  }
}

export function removedFailure(): RunFailure {
  return new RunFailure('lost', 'The container was removed by someone else while the script ran.');
}

export function engineGone(error: unknown): RunFailure {
  if (limitOf(error) !== undefined) return cutFailure(error);
  return new RunFailure(
    'lost',
    `The container engine went away while the script ran (${engineWords(error)}). Start it again, then the run.`,
    { environment: 'engine', cause: error },
  );
}

export function cutFailure(error?: unknown): RunFailure {
  const machine = tooManyFiles(error);
  const why = error === undefined ? 'the connection to the engine broke' : engineWords(error);
  return new RunFailure(
    'lost',
    `The script's console is not complete: ${machine ?? `${why} while the script ran. Start the run again.`}`,
    { ...(machine !== undefined && { environment: 'disk' }), ...(error !== undefined && { cause: error }) },
  );
}
