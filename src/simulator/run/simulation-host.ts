/** The machine of a simulation: lenient where a worker has settings (SPEC 8). */
import type { Host } from '../../executor/ports.js';
import { certificatesFolder, checkVolumeName, persistentVolume } from '../../executor/volumes.js';
import { makeFolderBelow } from '../../lib/folders.js';
import type { StringMap } from '../../schema/model.js';
import type { Ledger } from '../inputs/ledger.js';

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
  memoryBytes: number | undefined;
  takeOwnership(folder: string, image: string): Promise<string | undefined>;
  ledger: Ledger;
}

export function simulationHost(options: SimulationHostOptions): Host {
  const { volumes, workspace, sharedVolumes, ledger } = options;
  return {
    persistentVolume: (project, name) => persistentVolume(volumes, project, name),
    sharedVolume: async (name) => {
      checkVolumeName(name);
      const given = Object.hasOwn(sharedVolumes, name) ? sharedVolumes[name] : undefined;
      if (given !== undefined) return given;
      ledger.note(
        'shared-volume-empty',
        `The shared volume ${name} is an empty folder; --shared-volume ${name}=PATH gives it one of yours.`,
      );
      return makeFolderBelow(workspace, ['shared-volumes', name], 0o755);
    },
    certificates: certificatesFolder(),
    dockerConfig: async () => options.dockerConfig,
    proxies: async (address) => options.proxies(address),
    takeOwnership: options.takeOwnership,
    ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
  };
}
