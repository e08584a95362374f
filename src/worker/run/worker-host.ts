/** The machine of a real run: what the worker's settings say, and nothing made up. */
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDockerConfig, proxyEnvironment } from '../../docker/docker-config.js';
import { certificatesFolder } from '../../executor/certificates.js';
import { type Host, RunFailure } from '../../executor/ports.js';

export interface WorkerHostOptions {
  /** Below it lie `<project>/<name>`. */
  volumes: string;
  /** From `[shared-volumes]`: name, in lower case, → folder. */
  sharedVolumes: Readonly<Record<string, string>>;
  memoryBytes?: number | undefined;
  removeTree(path: string): Promise<void>;
  takeOwnership(folder: string, image: string): Promise<string | undefined>;
}

export async function workerHost(options: WorkerHostOptions): Promise<Host> {
  const { volumes, sharedVolumes, memoryBytes, removeTree, takeOwnership } = options;
  const { config, text } = await loadDockerConfig();
  return {
    persistentVolume: async (project, name) => {
      const folder = join(volumes, ...project.split('/'), name);
      await mkdir(folder, { recursive: true });
      if ((await lstat(folder)).isDirectory()) return folder;
      throw new RunFailure(
        'setup',
        `The persistent volume ${name} cannot be mounted: ${folder} is no folder on this host.`,
      );
    },
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
    certificates: async () => certificatesFolder(),
    dockerConfig: async () => text,
    proxies: async (address) => proxyEnvironment(config, address),
    removeTree,
    takeOwnership,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}
