/** Gets an image from its registry, with the credentials of this pull only. */
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Log, type PullRequest, RunFailure } from '../executor/ports.js';
import { loadDockerConfig } from './docker-config.js';
import { callOptions } from './endpoint.js';
import { engineWords, isUnreachable, setupFailure } from './engine-error.js';
import type { EngineLimits } from './engine-limits.js';
import { type ImageReference, parseImageReference } from './image-reference.js';
import { pullFailure, stallFailure } from './pull-failure.js';
import { digestOf, progressLine, pullEvents } from './pull-progress.js';
import { credentialsKey, findCredentials, type RegistryAuth } from './registry-credentials.js';

export interface PullOptions {
  limits: EngineLimits;
  env: NodeJS.ProcessEnv;
  home: string;
}

/**
 * One try. The log gets what `docker pull` prints where there is no terminal. Answers the
 * registry's digest, if the engine told it. An abort ends the engine's work too.
 *
 * @throws RunFailure(setup), environment registry or engine where one of them was not there
 */
export async function pullImage(
  client: Docker,
  request: PullRequest,
  options: PullOptions,
): Promise<string | undefined> {
  request.signal.throwIfAborted();
  const reference = parseImageReference(request.reference);
  const auth = await credentialsFor(reference, request, options);
  if (!/[:@][^/]*$/.test(request.reference)) await print(request.log, `Using default tag: ${reference.tag}\n`);
  const watch = new StallWatch(options.limits.stall, request.signal);
  try {
    return await follow(client, reference, auth, request.log, watch);
  } catch (error) {
    request.signal.throwIfAborted();
    if (watch.stalled) throw stallFailure(request.reference, options.limits.stall);
    if (error instanceof RunFailure) throw error;
    if (isUnreachable(error)) throw setupFailure(`Image ${request.reference} could not be pulled`, error);
    throw pullFailure(request.reference, reference.registry, engineWords(error));
  } finally {
    watch.stop();
  }
}

async function follow(
  client: Docker,
  reference: ImageReference,
  auth: RegistryAuth | undefined,
  log: Log,
  watch: StallWatch,
): Promise<string | undefined> {
  const query = { fromImage: reference.name, tag: reference.tag };
  const stream = (await client.createImage(auth ?? {}, callOptions({ query, signal: watch.signal }))) as Readable;
  watch.signal.addEventListener('abort', () => stream.destroy(new Error('aborted')), { once: true });
  let digest: string | undefined;
  for await (const event of pullEvents(stream)) {
    watch.heard();
    const complaint = event.errorDetail?.message ?? event.error;
    if (complaint !== undefined) throw Object.assign(new Error(complaint), { statusCode: 200 });
    digest ??= digestOf(event);
    const line = progressLine(event);
    if (line !== undefined) await watch.pausedFor(print(log, line));
  }
  return digest;
}

function print(log: Log, text: string): Promise<void> {
  return log.raw(Buffer.from(text));
}

async function credentialsFor(
  { registry }: ImageReference,
  { credentials, log }: PullRequest,
  { limits, env, home }: PullOptions,
): Promise<RegistryAuth | undefined> {
  if (credentials) return { ...credentials, serveraddress: credentialsKey(registry) };
  const { config, problem } = loadDockerConfig(env, home);
  if (problem) await log.warn(`${problem}: pulling without the credentials that it may hold.`);
  try {
    return await findCredentials(registry, config, { env, helperMs: limits.helper });
  } catch (error) {
    await log.warn(`No credentials for ${registry}: ${(error as Error).message}. Pulling without.`);
    return undefined;
  }
}

/** Aborts when the caller does, or when the engine says nothing for too long. */
class StallWatch {
  stalled = false;
  readonly #controller = new AbortController();
  readonly #boundMs: number;
  readonly #caller: AbortSignal;
  readonly #forward = () => this.#controller.abort(this.#caller.reason);
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

  heard(): void {
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
      this.#controller.abort(new Error('nothing was heard'));
    }, this.#boundMs);
  }
}
