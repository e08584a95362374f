/** A simulation's engine and host: lenient where a worker has settings (SPEC 8). */
import { basename, dirname, join } from 'node:path';
import {
  type ContainerEngine,
  type ContainerSpec,
  certificatesFolder,
  checkVolumeName,
  type Host,
  type ImageInfo,
  type PullRequest,
  persistentVolume,
  RunFailure,
} from '../../executor/index.js';
import { folderName, makeFolderBelow } from '../../lib/index.js';
import type { StringMap } from '../../schema/index.js';
import type { Ledger } from '../inputs/ledger.js';
import { areBeside } from '../workspace/workspace-names.js';

export const PULL_POLICIES = ['always', 'missing', 'never'] as const;
export type PullPolicy = (typeof PULL_POLICIES)[number];

/** An engine that can say whether it has an image. */
export interface LocalEngine extends ContainerEngine {
  inspectImage(reference: string): Promise<ImageInfo | undefined>;
}

/**
 * The engine, pulling as `--pull` says; an image that was not pulled goes into the ledger.
 *
 * @param onCreate called with each container's specification before it is made
 */
export function simulationEngine(
  engine: LocalEngine,
  policy: PullPolicy,
  ledger: Ledger,
  onCreate: (spec: ContainerSpec) => void,
): ContainerEngine {
  return {
    address: engine.address,
    create: (spec, signal) => {
      onCreate(spec);
      return engine.create(spec, signal);
    },
    reattach: (id) => engine.reattach(id),
    pull: async (request: PullRequest) => {
      if (policy === 'always') return engine.pull(request);
      const image = await engine.inspectImage(request.reference);
      if (image !== undefined) {
        ledger.note(
          'image-not-pulled',
          `The image ${request.reference} was taken as it is on this machine; a worker pulls it before each run (--pull always).`,
        );
        await request.log.info('The image is on this machine already: not pulled again');
        return image;
      }
      if (policy === 'missing') return engine.pull(request);
      throw new RunFailure(
        'setup',
        `The image ${request.reference} is not on this machine, and --pull never forbids pulling it. ` +
          'Pull it first, or leave the flag out.',
        { environment: 'registry' },
      );
    },
  };
}

export interface SimulationHostOptions {
  /** Where persistent volumes lie. */
  volumes: string;
  /** The run's own folder, for what is made for it and goes with it. */
  workspace: string;
  /** Name → absolute path of a folder, from `--shared-volume`. */
  sharedVolumes: StringMap;
  /** The text of the docker client's configuration; undefined: there is none, or it is not to be seen. */
  dockerConfig: string | undefined;
  proxies(engineAddress: string): string[];
  /** The run's own variables. */
  env: StringMap;
  memoryBytes: number | undefined;
  /** Of the run's server. */
  netrcMachine?: string | undefined;
  takeOwnership(folder: string, image: string): Promise<string | undefined>;
  ledger: Ledger;
  /** false names the folders of volumes and makes none. */
  makeFolders?: boolean;
}

/**
 * The run's server is reached without a proxy: it is on this machine. What is added here wins over the run's own
 * variables, so it goes on from them.
 */
function withoutProxyFor(host: string | undefined, proxies: string[], env: StringMap): string[] {
  if (host === undefined || proxies.length === 0) return proxies;
  return ['NO_PROXY', 'no_proxy'].reduce((all, name) => {
    const configured = all.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
    const earlier = configured || env[name] || env['NO_PROXY'] || env['no_proxy'];
    return [...all.filter((one) => !one.startsWith(`${name}=`)), `${name}=${earlier ? `${earlier},` : ''}${host}`];
  }, proxies);
}

export function simulationHost(options: SimulationHostOptions): Host {
  const { volumes, workspace, sharedVolumes, ledger, makeFolders = true } = options;
  return {
    persistentVolume: async (project, name) => {
      if (makeFolders) {
        // Next to a named workspace, which may lie in a clone: that brings its own links.
        if (areBeside(volumes)) await makeFolderBelow(dirname(volumes), [basename(volumes)], 0o700);
        return persistentVolume(volumes, project, name);
      }
      checkVolumeName(name);
      return join(volumes, folderName(project), name);
    },
    sharedVolume: async (name) => {
      checkVolumeName(name);
      const given = Object.hasOwn(sharedVolumes, name) ? sharedVolumes[name] : undefined;
      if (given !== undefined) return given;
      ledger.note(
        'shared-volume-empty',
        `The shared volume ${name} is an empty folder; --shared-volume ${name}=PATH gives it one of yours.`,
      );
      const names = ['shared-volumes', name];
      return makeFolders ? makeFolderBelow(workspace, names, 0o755) : join(workspace, ...names);
    },
    certificates: certificatesFolder(),
    dockerConfig: async () => options.dockerConfig,
    proxies: async (address) => withoutProxyFor(options.netrcMachine, options.proxies(address), options.env),
    netrcMachine: options.netrcMachine,
    takeOwnership: options.takeOwnership,
    ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
  };
}
