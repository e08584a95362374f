/** Gets an image from its registry, with the credentials of this pull only. */

import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Log, type PullRequest, RunFailure } from '../executor/index.js';
import { aborted, jsonObject, monotonicMs, pause } from '../lib/index.js';
import { type EngineLimits, engineFailure, engineWords, isUnreachable, oneLine, refuseAnswer } from './client.js';
import { loadDockerConfig } from './docker-config.js';
import { type ImageReference, parseImageReference } from './image.js';
import { pullFailure, stallFailure } from './pull-failure.js';
import { credentialsKey, findCredentials, type RegistryAuth } from './registry-credentials.js';

export interface PullOptions {
  limits: EngineLimits;
  env: NodeJS.ProcessEnv;
  home: string;
  /** Whether a registry's own refusal ends the tries. */
  refusalIsFinal: boolean;
}

/** The pulls of one engine: what they know of a run's credentials, and of registries that want to be left alone. */
export class Puller {
  readonly #client: Docker;
  readonly #options: PullOptions;
  /** A request is used for every try of a run: a helper is asked once. */
  readonly #credentials = new WeakMap<PullRequest, Promise<RegistryAuth | undefined>>();
  readonly #turns = new Map<string, RegistryTurns>();

  constructor(client: Docker, options: PullOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * One try. The log gets what `docker pull` prints where there is no terminal. Answers the
   * registry's digest, if the engine reported it. An abort ends the engine's work too.
   *
   * @throws RunFailure(setup), environment registry or engine
   */
  async pull(request: PullRequest): Promise<string | undefined> {
    request.signal.throwIfAborted();
    const reference = parseImageReference(request.reference);
    let credentials = this.#credentials.get(request);
    if (credentials === undefined) {
      credentials = credentialsFor(reference.registry, request, this.#options);
      this.#credentials.set(request, credentials);
    }
    const auth = await credentials;
    let turns = this.#turns.get(reference.registry);
    if (turns === undefined) {
      turns = new RegistryTurns();
      this.#turns.set(reference.registry, turns);
    }
    return turns.take(request.signal, () => this.#once(reference, auth, request));
  }

  async #once(
    reference: ImageReference,
    auth: RegistryAuth | undefined,
    request: PullRequest,
  ): Promise<string | undefined> {
    const { limits, refusalIsFinal } = this.#options;
    if (!/[:@][^/]*$/.test(request.reference)) await print(request.log, `Using default tag: ${reference.tag}`);
    const watch = new StallWatch(limits.stall, request.signal);
    try {
      return await follow(this.#client, reference, auth, request, watch);
    } catch (error) {
      request.signal.throwIfAborted();
      if (watch.stalled) throw stallFailure(request.reference, limits.stall);
      if (error instanceof RunFailure) throw error;
      if (isUnreachable(error)) throw engineFailure(`Image ${request.reference} could not be pulled`, error);
      throw pullFailure(request.reference, reference.registry, engineWords(error), refusalIsFinal);
    } finally {
      watch.stop();
    }
  }
}

/** How long a registry is left alone that did not say for how long, ms. */
const REST_MS = 2_000;

/**
 * Runs that pull from one registry at the same time share its patience: after it was away or
 * overloaded, one of them asks at a time, and not before the wait is over, until it answers.
 */
class RegistryTurns {
  #restUntil: number | undefined;
  #last: Promise<unknown> = Promise.resolve();

  async take<T>(signal: AbortSignal, pull: () => Promise<T>): Promise<T> {
    if (this.#restUntil === undefined) return this.#ask(pull);
    const before = this.#last;
    const mine = Promise.race([before, aborted(signal)]).then(() => this.#afterRest(signal, pull));
    this.#last = Promise.allSettled([before, mine]);
    return mine;
  }

  async #afterRest<T>(signal: AbortSignal, pull: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const left = (this.#restUntil ?? 0) - monotonicMs();
    if (left > 0) await pause(left, signal);
    return this.#ask(pull);
  }

  async #ask<T>(pull: () => Promise<T>): Promise<T> {
    try {
      const answer = await pull();
      this.#restUntil = undefined;
      return answer;
    } catch (error) {
      if (error instanceof RunFailure && error.environment === 'registry' && !error.final) {
        this.#restUntil = monotonicMs() + (error.retryAfterMs ?? REST_MS);
      }
      throw error;
    }
  }
}

interface PullEvent {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
}

async function follow(
  client: Docker,
  { name, tag }: ImageReference,
  auth: RegistryAuth | undefined,
  { log, progress }: PullRequest,
  watch: StallWatch,
): Promise<string | undefined> {
  const options = { fromImage: name, tag, abortSignal: watch.signal };
  const stream = (await client.createImage(auth ?? {}, options)) as Readable;
  watch.signal.addEventListener('abort', () => stream.destroy(new Error('aborted')), { once: true });
  const layers = new Layers();
  let digest: string | undefined;
  for await (const event of pullEvents(stream)) {
    const complaint = event.errorDetail?.message ?? event.error;
    if (complaint !== undefined) throw Object.assign(new Error(String(complaint)), { statusCode: 200 });
    digest ??= /^Digest: (\S+)$/.exec(event.status ?? '')?.[1];
    const downloading = layers.take(event);
    watch.arrived(downloading ? layers.current : undefined);
    if (downloading) progress?.({ current: layers.current, total: layers.total });
    // The line that `docker pull` prints where there is no terminal; the steps of a bar are not among them.
    const { current, total } = event.progressDetail ?? {};
    if (event.status && !current && !total)
      await watch.pausedFor(print(log, event.id ? `${event.id}: ${event.status}` : event.status));
  }
  return digest;
}

/** The bytes of all layers that are being downloaded. */
class Layers {
  readonly #layers = new Map<string, { current: number; total: number }>();

  /** Whether the event is a download's progress. */
  take({ id = '', status, progressDetail }: PullEvent): boolean {
    const { current = 0, total = 0 } = progressDetail ?? {};
    if (status !== 'Downloading' || (!current && !total)) return false;
    this.#layers.set(id, { current, total });
    return true;
  }

  get current(): number {
    return this.#sum('current');
  }

  get total(): number {
    return this.#sum('total');
  }

  #sum(key: 'current' | 'total'): number {
    return [...this.#layers.values()].reduce((sum, layer) => sum + layer[key], 0);
  }
}

/** A line of the engine's cannot be longer. */
const MOST_CHARACTERS = 1024 * 1024;

/** The engine's account of a pull: JSON objects, one a line. Throws for a line that is no JSON, or does not end. */
async function* pullEvents(stream: Readable): AsyncGenerator<PullEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MOST_CHARACTERS) throw new Error('it sends a line without end');
    for (const line of lines) if (line.trim() !== '') yield eventIn(line);
  }
  if (rest.trim() !== '') yield eventIn(rest);
}

function eventIn(line: string): PullEvent {
  return jsonObject(line) ?? refuseAnswer();
}

/** One line of the engine's, which never looks like one of ours. */
function print(log: Log, text: string): Promise<void> {
  const line = oneLine(text);
  return log.raw(Buffer.from(`${line.startsWith('==') ? ` ${line}` : line}\n`));
}

async function credentialsFor(
  registry: string,
  { credentials, log }: PullRequest,
  { limits, env, home }: PullOptions,
): Promise<RegistryAuth | undefined> {
  if (credentials) return { ...credentials, serveraddress: credentialsKey(registry) };
  const { config, problem } = await loadDockerConfig(env, home);
  if (problem) await log.warn(`${problem}: pulling without the credentials that it may hold.`);
  try {
    return await findCredentials(registry, config, { env, helperMs: limits.helper });
  } catch (error) {
    await log.warn(`No credentials for ${registry}: ${(error as Error).message}. Pulling without.`);
    return undefined;
  }
}

/** Less than this in the time of a stall is no progress: otherwise a registry that drips holds a run for weeks. */
const LEAST_BYTES = 1024 * 1024;

/** Aborts when the caller does, or when hardly anything arrives for too long. */
class StallWatch {
  stalled = false;
  readonly #controller = new AbortController();
  readonly #boundMs: number;
  readonly #caller: AbortSignal;
  readonly #forward = () => this.#controller.abort(this.#caller.reason);
  #counted = 0;
  #timer: NodeJS.Timeout;

  constructor(boundMs: number, caller: AbortSignal) {
    this.#boundMs = boundMs;
    this.#caller = caller;
    caller.addEventListener('abort', this.#forward, { once: true });
    this.#timer = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param bytes of all layers so far; undefined for news of another kind */
  arrived(bytes?: number): void {
    if (bytes !== undefined) {
      if (bytes < this.#counted + LEAST_BYTES) return;
      this.#counted = bytes;
    }
    this.#timer.refresh();
  }

  /** Waiting for our own reader is no stall of the engine's. */
  async pausedFor(work: Promise<void>): Promise<void> {
    clearTimeout(this.#timer);
    await work;
    this.#timer = this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener('abort', this.#forward);
  }

  #arm(): NodeJS.Timeout {
    return setTimeout(() => {
      this.stalled = true;
      this.#controller.abort(new Error('stalled'));
    }, this.#boundMs);
  }
}
