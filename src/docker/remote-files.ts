/**
 * For an engine that does not see this machine's files: what a container mounts is copied into volumes of the engine,
 * and what the script may have changed is copied back. Single files are written into the container's file system.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdtemp, readdir, realpath, rename } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { type ContainerSpec, type Mount, RunFailure } from '../executor/index.js';
import { removeTree } from '../lib/index.js';
import { type EngineLimits, engineWords, within } from './client.js';
import type { Copies } from './copied-container.js';
import { inspect } from './exit.js';
import { OWNER_LABEL, ownVolumes, removeContainer, removeVolume } from './owned-containers.js';
import { packTrees, type SentTree, unpackTree } from './tree.js';

/** On a volume: the folder that it stands for. */
const SOURCE_LABEL = 'io.jobserv.source';
/** On a volume: when it was copied, by this machine's clock, ms since 1970. */
const COPIED_LABEL = 'io.jobserv.copied';
/** On a container: the targets of the files that were written into it, as JSON. */
const FILES_LABEL = 'io.jobserv.files';

/** Changes to these concern only the next container of the run: they stay in their volumes until the run's end. */
const STAYING = new Set(['/secrets', '/script-repo', '/repo']);

/** Where the container that fills and reads volumes mounts them, by number. */
const PLACE = '/jobserv';

type MakeContainer = (
  spec: ContainerSpec,
  mounts: Docker.MountSettings[],
  more?: Docker.ContainerCreateOptions,
) => Promise<Docker.Container>;

/** A volume for one container. */
interface Passing {
  volume: string;
  /** Where it is copied to afterwards; undefined when the script could not write to it. */
  folder?: string;
  copiedAt: number;
  omit: ReadonlySet<string>;
}

export class RemoteFiles {
  readonly #client: Docker;
  readonly #limits: EngineLimits;
  readonly #owner: string;
  readonly #make: MakeContainer;
  /** Folders are exchanged one at a time: runs at the same time may have a volume in common. */
  #exchange: Promise<unknown> = Promise.resolve();

  constructor(client: Docker, limits: EngineLimits, owner: string, make: MakeContainer) {
    this.#client = client;
    this.#limits = limits;
    this.#owner = owner;
    this.#make = make;
  }

  /**
   * Makes the container, with all that it mounts copied to it.
   *
   * @throws RunFailure, or the engine's error when it accepts no copies: then nothing is left of them
   */
  async create(
    spec: ContainerSpec,
    signal: AbortSignal,
    more?: Docker.ContainerCreateOptions,
  ): Promise<Docker.Container> {
    const made: string[] = [];
    let container: Docker.Container | undefined;
    try {
      const files: SentTree[] = [];
      const folders: SentTree[] = [];
      const volumes: Docker.MountSettings[] = [];
      for (const mount of spec.mounts) {
        const source = await realpath(mount.source).catch(() => {
          const message = `${mount.target} cannot be mounted: ${mount.source} is not there on this host.`;
          throw new RunFailure('setup', message);
        });
        if (!(await lstat(source)).isDirectory()) {
          files.push({ source, name: mount.target.slice(1) });
          continue;
        }
        const { name, changedAfter } = await this.#volumeFor(mount, made);
        folders.push({ source, name, ...(changedAfter !== undefined && { changedAfter }) });
        volumes.push(volumeMount(name, mount.target, mount.readOnly));
      }
      const names = folders.map(({ name }) => name);
      const trees = folders.map((tree, index) => ({ ...tree, name: `${PLACE.slice(1)}/${index}` }));
      await this.#carry(spec.image, names, (carrier) => this.#put(carrier, trees, signal));
      const labels = { ...spec.labels, [FILES_LABEL]: JSON.stringify(files.map(({ name }) => `/${name}`)) };
      container = await this.#make({ ...spec, labels }, volumes, more);
      await this.#put(container, files, signal);
      return container;
    } catch (error) {
      if (container !== undefined) await removeContainer(container, this.#limits.call);
      for (const name of made) await removeVolume(this.#client, name, this.#limits.call).catch(() => {});
      signal.throwIfAborted();
      throw error;
    }
  }

  /** What has to be done about a container's copies; undefined for one that has none. */
  async copiesOf(container: Docker.Container): Promise<Copies | undefined> {
    const { Config, Mounts, Image: image } = await inspect(container, this.#limits.call);
    const label = Config.Labels?.[FILES_LABEL];
    if (label === undefined) return undefined;
    const files: string[] = JSON.parse(label);
    const own = new Map((await this.#volumes()).map((volume) => [volume.Name, volume]));
    const passing: Passing[] = [];
    for (const { Name: volume = '', Destination: target, RW: writable } of Mounts) {
      const labels = own.get(volume)?.Labels;
      const folder = labels?.[SOURCE_LABEL];
      if (labels === undefined || folder === undefined || STAYING.has(target)) continue;
      const omit = new Set(files.map((file) => posix.relative(target, file)));
      passing.push({ volume, copiedAt: Number(labels[COPIED_LABEL]), omit, ...(writable && { folder }) });
    }
    return {
      fetch: () => this.#fetch(image, passing),
      release: async () => {
        for (const { volume } of passing) await removeVolume(this.#client, volume, this.#limits.call);
      },
    };
  }

  #volumes(): Promise<Docker.VolumeInspectInfo[]> {
    return ownVolumes(this.#client, this.#limits.call, `${OWNER_LABEL}=${this.#owner}`);
  }

  /** Removes the owner's volumes for folders below this one. */
  async removeBelow(folder: string): Promise<void> {
    for (const { Name, Labels } of await this.#volumes()) {
      if (Labels?.[SOURCE_LABEL]?.startsWith(`${folder}/`)) await removeVolume(this.#client, Name, this.#limits.call);
    }
  }

  /** A staying volume exists already for a run's second container; only later changes are copied to it. */
  async #volumeFor({ source, target }: Mount, made: string[]): Promise<{ name: string; changedAfter?: number }> {
    if (STAYING.has(target)) {
      const there = (await this.#volumes()).find(({ Labels }) => Labels?.[SOURCE_LABEL] === source);
      if (there !== undefined) return { name: there.Name, changedAfter: Number(there.Labels[COPIED_LABEL]) };
    }
    const name = `jobserv-${randomBytes(8).toString('hex')}`;
    const labels = { [OWNER_LABEL]: this.#owner, [SOURCE_LABEL]: source, [COPIED_LABEL]: String(Date.now()) };
    made.push(name);
    await within(this.#limits.call, () => this.#client.createVolume({ Name: name, Labels: labels }));
    return { name };
  }

  /** Does something with a container that has all these volumes, writable, and nothing else: it is never started. */
  async #carry(
    image: string,
    volumes: readonly string[],
    work: (carrier: Docker.Container) => Promise<void>,
  ): Promise<void> {
    if (volumes.length === 0) return;
    const mounts = volumes.map((name, index) => volumeMount(name, `${PLACE}/${index}`, false));
    const carrier = await this.#make({ ...CARRIER, image }, mounts);
    try {
      await work(carrier);
    } finally {
      await removeContainer(carrier, this.#limits.call);
    }
  }

  async #put(container: Docker.Container, trees: SentTree[], signal: AbortSignal): Promise<void> {
    if (trees.length === 0) return;
    await this.#flow(signal, async (meter, abortSignal) => {
      const archive = packTrees(trees);
      await Promise.all([
        container.putArchive(meter, { path: '/', abortSignal }),
        pipeline(archive, meter, { signal: abortSignal }),
      ]);
    });
  }

  async #fetch(image: string, passing: readonly Passing[]): Promise<void> {
    const wanted = passing.filter(({ folder }) => folder !== undefined);
    const names = wanted.map(({ volume }) => volume);
    try {
      await this.#carry(image, names, async (carrier) => {
        for (const [index, each] of wanted.entries()) await this.#fetchOne(carrier, `${PLACE}/${index}`, each);
      });
    } catch (error) {
      const message = `What the script left could not be copied from the container engine: ${engineWords(error)}.`;
      throw new RunFailure('artifacts', message, { environment: 'engine', cause: error });
    }
  }

  async #fetchOne(carrier: Docker.Container, path: string, { folder: place = '', copiedAt, omit }: Passing) {
    const folder = await realpath(place);
    const fresh = await mkdtemp(join(dirname(folder), '.incoming-'));
    try {
      await this.#flow(undefined, async (meter, abortSignal) => {
        const archive = await carrier.getArchive({ path, abortSignal });
        await Promise.all([pipeline(archive, meter), unpackTree(meter, fresh, omit)]);
      });
      const exchange = this.#exchange.then(() => replaceFolder(folder, fresh, copiedAt));
      this.#exchange = exchange.catch(() => {});
      await exchange;
    } finally {
      await removeTree(fresh);
    }
  }

  /** Lets bytes flow through a meter; when none do for too long, or something fails, all of it ends. */
  async #flow(
    signal: AbortSignal | undefined,
    work: (meter: Transform, abortSignal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const over = new AbortController();
    const { stall } = this.#limits;
    const timer = setTimeout(() => over.abort(new Error(`nothing was copied for ${stall / 1000} s`)), stall);
    const meter = new Transform({
      transform: (chunk, _encoding, done) => {
        timer.refresh();
        done(null, chunk);
      },
    });
    try {
      await work(meter, signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]));
    } catch (error) {
      throw over.signal.aborted ? over.signal.reason : error;
    } finally {
      clearTimeout(timer);
      over.abort();
      meter.destroy();
    }
  }
}

const CARRIER: Omit<ContainerSpec, 'image'> = {
  entrypoint: '/never-started',
  command: [],
  workingDir: '/',
  env: [],
  mounts: [],
  privileged: false,
  capAdd: [],
  capDrop: [],
  labels: {},
};

/** Without what the image has at that place: a folder that is mounted hides it. */
function volumeMount(Source: string, Target: string, ReadOnly: boolean): Docker.MountSettings {
  const options = { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } };
  return { Type: 'volume', Source, Target, ReadOnly, VolumeOptions: options };
}

/** `fresh` takes the place of `folder`; what was written there on this machine while the script ran is kept. */
async function replaceFolder(folder: string, fresh: string, copiedAt: number): Promise<void> {
  const there = new Set(await readdir(fresh));
  for (const name of await readdir(folder)) {
    const { ctimeMs } = await lstat(join(folder, name));
    if (ctimeMs > copiedAt && !there.has(name)) await rename(join(folder, name), join(fresh, name));
  }
  const old = join(dirname(folder), `.outgoing-${basename(fresh)}`);
  await rename(folder, old);
  await rename(fresh, folder);
  await removeTree(old);
}
