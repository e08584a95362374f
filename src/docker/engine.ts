/** The container engine of a run: Docker's API, or Podman's, which speaks the same. */
import { homedir } from 'node:os';
import type Docker from 'dockerode';
import {
  type Container,
  type ContainerEngine,
  type ContainerSpec,
  type ImageInfo,
  type PullRequest,
  type RegistryCredentials,
  RunFailure,
} from '../executor/ports.js';
import { monotonicMs } from '../lib/monotonic.js';
import { DockerContainer } from './container.js';
import { callOptions, openClient } from './endpoint.js';
import { engineWords, setupFailure, statusOf } from './engine-error.js';
import { ENGINE_LIMITS, type EngineLimits, within } from './engine-limits.js';
import type { Surroundings } from './engine-places.js';
import { type FoundEngine, findEngine } from './find-engine.js';
import { imageInfo, inspectImage } from './image-info.js';
import { converse, type Terminal, WITH_TERMINAL } from './interactive.js';
import { listOwned, OWNER_LABEL, type OwnedContainer, sweep } from './owned-containers.js';
import { currentOwner } from './process-owner.js';
import { pullImage } from './pull.js';
import { askRegistry, type RegistryImage } from './registry-image.js';
import { removeContainer } from './remove-container.js';
import { removeTreeInside } from './remove-tree.js';
import { containerRequest, type LogDriver } from './request.js';
import { takeOwnership } from './take-ownership.js';
import { uniqueDigits } from './unique-digits.js';

export interface EngineOptions {
  logDriver: LogDriver;
  /** Whose containers these are; by default this process's, whose death makes them anybody's to remove. */
  owner?: string;
  surroundings?: Partial<Surroundings>;
  /** The image that `inspectImage` will be asked for first: the engine answers both at once. */
  image?: string;
  limits?: Partial<EngineLimits>;
}

/** For so long an answer about an image counts that came with the engine's first. */
const FRESH_MS = 1_000;

/** Docker's major version from which its driver `local` gives back what it was given. */
const LOG_KEEPS_NEWLINES = 23;

export interface EngineVersion {
  name: 'docker' | 'podman';
  version: string;
  os: string;
  architecture: string;
}

/**
 * Finds the engine and makes sure that it answers; its client is loaded once the question is on its way.
 *
 * @throws RunFailure(setup, environment engine) whose message is a paragraph for the user
 */
export async function connectEngine(options: EngineOptions): Promise<DockerEngine> {
  const loading = new Promise(setImmediate).then(() => import('dockerode'));
  loading.catch(() => {});
  const finding = findEngine(options.surroundings, options.image);
  const [found, owner] = await Promise.all([finding, options.owner ?? currentOwner()]);
  return new DockerEngine(await openClient(found.endpoint), found, { ...options, owner });
}

export class DockerEngine implements ContainerEngine {
  readonly address: string;
  readonly name: 'docker' | 'podman';
  readonly #client: Docker;
  readonly #limits: EngineLimits;
  readonly #options: EngineOptions & { owner: string };
  #inspected: { reference: string; info: ImageInfo; at: number } | undefined;

  constructor(client: Docker, found: FoundEngine, options: EngineOptions & { owner: string }) {
    this.address = found.endpoint.address;
    this.name = found.name;
    this.#client = client;
    this.#limits = { ...ENGINE_LIMITS, ...options.limits };
    this.#options = options;
    const { image: reference } = options;
    if (reference !== undefined && found.image !== undefined) {
      this.#inspected = { reference, info: imageInfo(found.image, reference), at: monotonicMs() };
    }
  }

  async pull(request: PullRequest): Promise<ImageInfo> {
    const { env = process.env, home = homedir() } = this.#options.surroundings ?? {};
    const digest = await pullImage(this.#client, request, { limits: this.#limits, env, home });
    const image = await inspectImage(this.#client, request.reference, this.#limits.call, digest);
    if (image) return image;
    throw new RunFailure(
      'setup',
      `Image ${request.reference} was pulled and is not there: somebody removed it. Start the run again.`,
    );
  }

  /** Undefined when the engine does not have the image. */
  async inspectImage(reference: string): Promise<ImageInfo | undefined> {
    const known = this.#inspected;
    this.#inspected = undefined;
    if (known?.reference === reference && monotonicMs() - known.at < FRESH_MS) return known.info;
    return inspectImage(this.#client, reference, this.#limits.call);
  }

  /** Whether the registry would give the image; undefined when this engine cannot ask. Throws as a pull does. */
  askRegistry(reference: string, credentials?: RegistryCredentials): Promise<RegistryImage | undefined> {
    const { env = process.env, home = homedir() } = this.#options.surroundings ?? {};
    return askRegistry(this.#client, reference, { limits: this.#limits, env, home }, credentials);
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<Container> {
    signal.throwIfAborted();
    // The call itself is not aborted: the engine might go on, and nobody would know the container.
    const container = new DockerContainer(await this.#createContainer(spec), this.#limits);
    if (!signal.aborted) return container;
    await container.dispose();
    throw signal.reason;
  }

  /**
   * A container of the same kind, with a terminal for somebody to talk to it; removed when it resolves.
   *
   * @throws RunFailure(setup) when it cannot be started; (lost) when it cannot be removed
   */
  async interact(spec: ContainerSpec, terminal: Terminal, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const container = await this.#createContainer(spec, WITH_TERMINAL);
    try {
      await converse(container, terminal, this.#limits, signal);
    } finally {
      await removeContainer(container, this.#limits.call);
    }
  }

  async reattach(id: string): Promise<Container> {
    const { version } = await this.version();
    const mendLog = this.name === 'docker' && Number.parseInt(version, 10) < LOG_KEEPS_NEWLINES;
    return new DockerContainer(this.#client.getContainer(id), this.#limits, mendLog);
  }

  /** Removes the containers that this engine's owner has made, but one; answers how many. */
  async removeOwn(but?: string): Promise<number> {
    const own = (await listOwned(this.#client, this.#limits.call)).filter(
      ({ id, labels }) => labels[OWNER_LABEL] === this.#options.owner && id !== but,
    );
    await Promise.all(own.map(({ id }) => removeContainer(this.#client.getContainer(id), this.#limits.call)));
    return own.length;
  }

  async version(): Promise<EngineVersion> {
    const { Version, Os, Arch } = await within(this.#limits.call, () => this.#client.version()).catch(
      (error: unknown) => {
        throw setupFailure("The engine's version could not be asked", error);
      },
    );
    return { name: this.name, version: Version, os: Os, architecture: Arch };
  }

  /** Every container that was made here and still exists, whoever made it. */
  listOwned(): Promise<OwnedContainer[]> {
    return listOwned(this.#client, this.#limits.call);
  }

  /** Removes the containers of processes that are dead; answers what was removed. */
  sweep(): Promise<OwnedContainer[]> {
    return sweep(this.#client, this.#limits.call);
  }

  /** Removes a tree that a container's root left; `image` is tried first, then every other that is there. */
  async removeTree(path: string, image?: string): Promise<void> {
    const local = await within(this.#limits.call, () => this.#client.listImages());
    const names = local.map(({ Id }) => Id);
    await removeTreeInside(this, path, image === undefined ? names : [image, ...names]);
  }

  /** Gives what a container's users left below `folder` to this process's user; answers why it could not. */
  takeOwnership(folder: string, image: string): Promise<string | undefined> {
    return takeOwnership(this, image, folder);
  }

  async #createContainer(spec: ContainerSpec, more: Docker.ContainerCreateOptions = {}): Promise<Docker.Container> {
    const labels = { [OWNER_LABEL]: this.#options.owner };
    const options = { logDriver: this.#options.logDriver, engine: this.name, labels };
    const body = { ...containerRequest(spec, options), ...more };
    const query = { name: `jobserv-${uniqueDigits()}` };
    try {
      return await within(this.#limits.call, () =>
        this.#client.createContainer(callOptions({ query, body }) as Docker.ContainerCreateOptions),
      );
    } catch (error) {
      if (statusOf(error) === 404 && /no such image/i.test(engineWords(error))) {
        throw new RunFailure('setup', `Image ${spec.image} is not there: pull it, or let the run pull it.`, {
          cause: error,
        });
      }
      throw setupFailure('The container could not be created', error);
    }
  }
}
