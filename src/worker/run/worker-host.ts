/** The machine of a real run, as the worker's settings describe it. */
import { type DockerEngine, loadDockerConfig, proxyEnvironment } from '../../docker/index.js';
import {
  type ContainerEngine,
  certificatesFolder,
  type Host,
  persistentVolume,
  RunFailure,
} from '../../executor/index.js';
import type { WorkerSettings } from '../settings.js';

/** @param volumes the folder of persistent volumes */
export async function workerHost(
  volumes: string,
  { sharedVolumes, memoryBytes }: { [Key in 'sharedVolumes' | 'memoryBytes']: WorkerSettings[Key] | undefined },
  engine: DockerEngine | undefined,
): Promise<Host> {
  const { config, text } = await loadDockerConfig();
  const shared = new Map(Object.entries(sharedVolumes ?? {}));
  return {
    persistentVolume: (project, name) => persistentVolume(volumes, project, name, { nested: true }),
    sharedVolume: async (name) => {
      // The reference worker reads [shared-volumes] without regard to case.
      const folder = shared.get(name.toLowerCase());
      if (folder !== undefined) return folder;
      throw new RunFailure(
        'setup',
        `This worker has no shared volume ${name}: add it to [shared-volumes] of its settings.conf, or give the run a host-tag of a worker that has it.`,
      );
    },
    certificates: certificatesFolder(),
    dockerConfig: async () => text,
    proxies: async (address) => proxyEnvironment(config, address),
    takeOwnership: async (path, image) => engine?.takeOwnership(path, image),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

/** In place of an engine that cannot be reached: each call throws that failure. */
export function noEngine(failure: RunFailure | undefined): ContainerEngine {
  const refuse = () => Promise.reject(failure ?? new Error('there is no engine'));
  return { address: '', pull: refuse, create: refuse, reattach: refuse };
}
