/** The machine of a real run: what the worker's settings say, and nothing made up. */
import { loadDockerConfig, proxyEnvironment } from '../../docker/docker-config.js';
import { type Host, RunFailure } from '../../executor/ports.js';
import { certificatesFolder, persistentVolume } from '../../executor/volumes.js';

export interface WorkerHostOptions {
  /** Where persistent volumes lie. */
  volumes: string;
  /** From `[shared-volumes]`: name, in lower case, → folder. */
  sharedVolumes: Readonly<Record<string, string>>;
  memoryBytes?: number | undefined;
  takeOwnership(folder: string, image: string): Promise<string | undefined>;
}

export async function workerHost(options: WorkerHostOptions): Promise<Host> {
  const { volumes, sharedVolumes, memoryBytes, takeOwnership } = options;
  const { config, text } = await loadDockerConfig();
  return {
    persistentVolume: (project, name) => persistentVolume(volumes, project, name, { nested: true }),
    sharedVolume: async (name) => {
      // Names of settings have no case (`[shared-volumes]` as the reference worker reads it).
      const key = name.toLowerCase();
      const folder = Object.hasOwn(sharedVolumes, key) ? sharedVolumes[key] : undefined;
      if (folder !== undefined) return folder;
      throw new RunFailure(
        'setup',
        `This worker has no shared volume ${name}: add it to [shared-volumes] of its settings.conf, or give the run a host-tag of a worker that has it.`,
      );
    },
    certificates: certificatesFolder(),
    dockerConfig: async () => text,
    proxies: async (address) => proxyEnvironment(config, address),
    takeOwnership,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}
