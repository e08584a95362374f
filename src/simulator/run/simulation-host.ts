/** The machine of a simulation: lenient where a worker has settings (SPEC 8). */
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatesFolder } from '../../executor/certificates.js';
import { type Host, RunFailure } from '../../executor/ports.js';
import type { StringMap } from '../../schema/model.js';
import type { Ledger } from '../inputs/ledger.js';
import { folderName } from '../workspace/workspace-names.js';

export interface SimulationHostOptions {
  /** Below it lie `<project>/<name>`. */
  volumes: string;
  /** The run's own folder, for what is made for it and goes with it. */
  workspace: string;
  /** Name → absolute path of a folder, from `--shared-volume`. */
  sharedVolumes: StringMap;
  /** The text of the docker client's configuration; undefined: there is none, or it is not to be seen. */
  dockerConfig: string | undefined;
  proxies(engineAddress: string): string[];
  memoryBytes: number | undefined;
  removeTree(path: string): Promise<void>;
  takeOwnership(folder: string, image: string): Promise<string | undefined>;
  ledger: Ledger;
}

/** As the server has it for names of volumes; the two that are no names are not. */
const VOLUME_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9_.-]+$/;

export function simulationHost(options: SimulationHostOptions): Host {
  const { volumes, workspace, sharedVolumes, ledger } = options;
  return {
    persistentVolume: async (project, name) => {
      checkVolumeName(name);
      return makeFolder(volumes, folderName(project), name);
    },
    sharedVolume: async (name) => {
      checkVolumeName(name);
      const given = Object.hasOwn(sharedVolumes, name) ? sharedVolumes[name] : undefined;
      if (given !== undefined) return given;
      ledger.note(
        'shared-volume-empty',
        `The shared volume ${name} is an empty folder; --shared-volume ${name}=PATH gives it one of yours.`,
      );
      return makeFolder(workspace, 'shared-volumes', name);
    },
    certificates: async () => certificatesFolder(),
    dockerConfig: async () => options.dockerConfig,
    proxies: async (address) => options.proxies(address),
    removeTree: options.removeTree,
    takeOwnership: options.takeOwnership,
    ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
  };
}

function checkVolumeName(name: string): void {
  if (VOLUME_NAME.test(name)) return;
  throw new RunFailure(
    'setup',
    `A volume cannot be named ${JSON.stringify(name)}: letters, digits, "_", "." and "-" only.`,
  );
}

async function makeFolder(...path: [string, ...string[]]): Promise<string> {
  const folder = join(...path);
  await mkdir(folder, { recursive: true });
  if ((await lstat(folder)).isDirectory()) return folder;
  throw new RunFailure('setup', `The volume ${folder} is no folder. Remove it, and run again.`);
}
