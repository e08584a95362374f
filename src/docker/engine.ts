/** The container engine of a run, by Docker's API, which Podman offers too. */
import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import {
  type Container,
  type ContainerEngine,
  type ContainerSpec,
  type ImageInfo,
  type PullRequest,
  type RegistryCredentials,
  RunFailure,
} from '../executor/index.js';
import { homeFolder } from '../lib/index.js';
import {
  askVersion,
  ENGINE_LIMITS,
  type EngineLimits,
  type EngineVersion,
  engineFailure,
  engineWords,
  refuseAnswer,
  statusOf,
  within,
} from './client.js';
import { DockerContainer } from './container.js';
import { CopiedContainer, type Copies } from './copied-container.js';
import { engineGone, removedFailure } from './exit.js';
import { type FoundEngine, findEngine, type Surroundings } from './find-engine.js';
import { type HostAddress, hostAddress, isRootless } from './host-address.js';
import { removeTreeInside, takeOwnership } from './host-files.js';
import { askRegistry, inspectImage, localImages, type RegistryImage } from './image.js';
import { converse, type Terminal, WITH_TERMINAL } from './interactive.js';
import {
  deadVolumes,
  listOwned,
  OWNER_LABEL,
  type OwnedContainer,
  removeContainer,
  sweep,
} from './owned-containers.js';
import { currentOwner } from './process-owner.js';
import { Puller } from './pull.js';
import { createFailure } from './pull-failure.js';
import { RemoteFiles } from './remote-files.js';
import { containerRequest, type LogDriver } from './request.js';
import { checkSight, UnseenFiles, unseenSource } from './sight.js';

export interface EngineOptions {
  logDriver: LogDriver;
  /** Whose containers these are; by default this process's: after its end any other process may remove them. */
  owner?: string;
  surroundings?: Partial<Surroundings>;
  limits?: Partial<EngineLimits>;
  /** Whether a refusal of the registry ends a pull at once; a worker tries again. */
  refusalIsFinal?: boolean;
  /** Receives a sentence when the engine is slow to answer. */
  waiting?: (message: string) => void;
}

/** From this major version on Docker's log driver `local` keeps newlines. */
const LOG_KEEPS_NEWLINES = 23;

/**
 * Finds the engine and makes sure that it answers.
 *
 * @throws RunFailure(setup, environment engine) whose message is a paragraph for the user
 */
export async function connectEngine(options: EngineOptions): Promise<DockerEngine> {
  const limits = { ...ENGINE_LIMITS, ...options.limits };
  const [found, owner] = await Promise.all([findEngine({ ...options, limits }), options.owner ?? currentOwner()]);
  return new DockerEngine(found, { ...options, owner, limits });
}

export class DockerEngine implements ContainerEngine {
  readonly address: string;
  readonly #client: Docker;
  readonly #limits: EngineLimits;
  readonly #options: EngineOptions & { owner: string };
  readonly #puller: Puller;
  readonly #files: RemoteFiles;
  /** Set once the engine has not seen the files that a container was to mount. */
  #unseen: UnseenFiles | undefined;
  #version: Promise<EngineVersion> | undefined;
  /** For work on this machine's own files: copies of them are of no use. */
  readonly #seeing: Pick<ContainerEngine, 'create'> = {
    create: async (spec, signal) => this.#asContainer(await this.#createSeen(spec, signal), undefined),
  };

  constructor(found: FoundEngine, options: EngineOptions & { owner: string; limits: EngineLimits }) {
    this.address = found.endpoint.address;
    this.#client = found.client;
    this.#limits = options.limits;
    this.#options = options;
    const { limits, owner, refusalIsFinal = false } = options;
    this.#files = new RemoteFiles(this.#client, limits, owner, this.#createContainer.bind(this));
    this.#puller = new Puller(this.#client, { limits, ...this.#user(), refusalIsFinal });
  }

  /** The environment and the home in which the user's docker config and credential helpers are. */
  #user(): { env: NodeJS.ProcessEnv; home: string } {
    const { env = process.env, home = homeFolder() } = this.#options.surroundings ?? {};
    return { env, home };
  }

  async pull(request: PullRequest): Promise<ImageInfo> {
    const digest = await this.#puller.pull(request);
    const image = await inspectImage(this.#client, request.reference, this.#limits.call, digest);
    if (image) return image;
    const message = `Image ${request.reference} was pulled, and somebody removed it. Start the run again.`;
    throw new RunFailure('setup', message, { environment: 'engine' });
  }

  /** @returns undefined when the engine does not have the image */
  inspectImage(reference: string): Promise<ImageInfo | undefined> {
    return inspectImage(this.#client, reference, this.#limits.call);
  }

  /** @returns undefined when this engine cannot ask a registry. @throws as a pull does */
  askRegistry(reference: string, credentials?: RegistryCredentials): Promise<RegistryImage | undefined> {
    return askRegistry(this.#client, reference, { limits: this.#limits, ...this.#user() }, credentials);
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<Container> {
    const api = await this.#makeContainer(spec, signal);
    return this.#asContainer(api, this.#unseen && (await this.#files.copiesOf(api)));
  }

  /**
   * A container of the same kind with an interactive terminal; removed when it resolves.
   *
   * @throws RunFailure(setup) when it cannot be started; (lost) when it cannot be removed
   */
  async interact(spec: ContainerSpec, terminal: Terminal, signal: AbortSignal): Promise<void> {
    const container = await this.#makeContainer(spec, signal, WITH_TERMINAL);
    const copies = this.#unseen && (await this.#files.copiesOf(container));
    try {
      await converse(container, terminal, this.#limits, signal);
      await copies?.fetch();
    } finally {
      await removeContainer(container, this.#limits.call);
      await copies?.release();
    }
  }

  async reattach(id: string): Promise<Container> {
    const { name, version } = await this.version();
    const mendLog = name === 'docker' && Number.parseInt(version, 10) < LOG_KEEPS_NEWLINES;
    const api = this.#client.getContainer(id);
    const copies = await this.#files.copiesOf(api).catch((error: unknown) => {
      throw statusOf(error) === 404 ? removedFailure() : engineGone(error);
    });
    return this.#asContainer(api, copies, mendLog);
  }

  /** Removes the containers that this engine's owner has made, but one; answers how many. */
  async removeOwn(but?: string): Promise<number> {
    const own = (await this.listOwn()).filter(({ id }) => id !== but);
    await Promise.all(own.map(({ id }) => removeContainer(this.#client.getContainer(id), this.#limits.call)));
    return own.length;
  }

  /** Whether mounted files are copied to the engine and back, because it does not see this machine's files. */
  get copiesFiles(): boolean {
    return this.#unseen !== undefined;
  }

  /** Removes the engine's volumes that a run has kept for its next container. */
  removeVolumes(workspace: string): Promise<void> {
    return this.#files.removeBelow(workspace);
  }

  /** Asked once. */
  version(): Promise<EngineVersion> {
    this.#version ??= askVersion(this.#client, this.#limits.call).catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  /** The containers of this object's owner, those of its earlier processes too. */
  async listOwn(): Promise<OwnedContainer[]> {
    return (await this.listOwned()).filter(({ labels }) => labels[OWNER_LABEL] === this.#options.owner);
  }

  /** Where containers reach this machine; undefined when they do not, or the engine does not tell. */
  async hostAddress(): Promise<HostAddress | undefined> {
    const version = await this.version();
    return hostAddress(this.#client, version, this.#limits.call).catch(() => undefined);
  }

  /** Every container that this program has made, in any process, and that still exists. */
  listOwned(): Promise<OwnedContainer[]> {
    return listOwned(this.#client, this.#limits.call);
  }

  /** The volumes of processes that are dead. */
  deadVolumes(): Promise<string[]> {
    return deadVolumes(this.#client, this.#limits.call);
  }

  /** Removes the containers and volumes of processes that are dead; answers the containers. */
  sweep(): Promise<OwnedContainer[]> {
    return sweep(this.#client, this.#limits.call);
  }

  /** Removes a tree that a container's root left, in a container of `image`, or of any other local image. */
  async removeTree(path: string, image?: string): Promise<void> {
    const local = await localImages(this.#client, this.#limits.call).catch((error: unknown) => {
      throw engineFailure(`${path} could not be removed`, error);
    });
    await removeTreeInside(this.#seeing, path, image === undefined ? local : [image, ...local]);
  }

  /** Makes this process's user the owner of everything below `folder`. @returns why it could not */
  takeOwnership(folder: string, image: string): Promise<string | undefined> {
    const rootless = () => within(this.#limits.call, () => this.#client.info()).then(isRootless, () => false);
    return takeOwnership(this.#seeing, image, folder, rootless);
  }

  async #platforms(image: string): Promise<string> {
    const [engine, found] = await Promise.all([this.version(), inspectImage(this.#client, image, this.#limits.call)]);
    const ours = `${engine.os}/${engine.architecture}`;
    const its = found === undefined ? ours : `${found.os}/${found.architecture}`;
    if (its !== ours) return `the image is for ${its}, and this engine runs ${ours}`;
    return `it is no program for ${ours}, or a script without an interpreter in its first line`;
  }

  /**
   * Copies files that the engine does not see, see `RemoteFiles`. The call that creates the container is not aborted:
   * aborting would not undo what the engine already accepted.
   */
  async #makeContainer(
    spec: ContainerSpec,
    signal: AbortSignal,
    more?: Docker.ContainerCreateOptions,
  ): Promise<Docker.Container> {
    signal.throwIfAborted();
    if (this.#unseen === undefined || spec.mounts.length === 0) {
      try {
        return await this.#createSeen(spec, signal, more);
      } catch (error) {
        if (!(error instanceof UnseenFiles)) throw error;
        this.#unseen = error;
      }
    }
    try {
      return await this.#files.create(spec, signal, more);
    } catch (error) {
      if (signal.aborted || error instanceof RunFailure) throw error;
      const message = `${this.#unseen.message} It takes no copies of them either: ${engineWords(error)}.`;
      throw new RunFailure('setup', message, { environment: 'engine', cause: error });
    }
  }

  /** @throws UnseenFiles when the engine does not see what is mounted */
  async #createSeen(
    spec: ContainerSpec,
    signal: AbortSignal,
    more?: Docker.ContainerCreateOptions,
  ): Promise<Docker.Container> {
    const container = await this.#createContainer(spec, undefined, more);
    try {
      await checkSight(container, spec, this.address, this.#limits.call);
      signal.throwIfAborted();
      return container;
    } catch (error) {
      await removeContainer(container, this.#limits.call);
      throw error;
    }
  }

  #asContainer(api: Docker.Container, copies: Copies | undefined, mendLog = false): Container {
    const platforms = (image: string) => this.#platforms(image);
    const container = new DockerContainer(api, { limits: this.#limits, mendLog, platforms });
    return copies === undefined ? container : new CopiedContainer(container, copies);
  }

  async #createContainer(
    spec: ContainerSpec,
    mounts?: Docker.MountSettings[],
    more: Docker.ContainerCreateOptions = {},
  ): Promise<Docker.Container> {
    const { logDriver, owner } = this.#options;
    // Which log the engine can keep depends on which engine it is.
    const engine = logDriver === 'local' ? (await this.version()).name : 'docker';
    const request = containerRequest(spec, { logDriver, engine, labels: { [OWNER_LABEL]: owner }, mounts });
    const name = `jobserv-${randomBytes(8).toString('hex')}`;
    try {
      const container = await within(this.#limits.call, () =>
        this.#client.createContainer({ name, ...request, ...more }),
      );
      return typeof container.id === 'string' ? container : refuseAnswer();
    } catch (error) {
      throw (await unseenSource(spec, this.address, error)) ?? createFailure(spec.image, error);
    }
  }
}
