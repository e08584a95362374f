/** From a rundef to the container that is asked of the engine: pure, and the same for everyone who asks. */
import type { RunDefinition } from '../schema/model.js';
import { mountModeWords } from '../schema/mount-mode.js';
import { type ContainerSpec, type Mount, RunFailure } from './ports.js';

/** What the host adds to the rundef. */
export interface ContainerSurroundings {
  /** The script's path inside the container. */
  command: string;
  workingDir: string;
  env: string[];
  mounts: Mount[];
  memoryBytes?: number;
}

/** The label by which a container of ours is known; its value is the run's name. */
/** On the container of a run's script; its value is the run's name. */
export const RUN_LABEL = 'io.jobserv.run';

export function containerSpec(run: RunDefinition, around: ContainerSurroundings): ContainerSpec {
  return {
    image: run.container,
    command: [around.command],
    ...(run['container-entrypoint'] === null ? {} : { entrypoint: run['container-entrypoint'] }),
    ...(run['container-user'] ? { user: run['container-user'] } : {}),
    workingDir: around.workingDir,
    env: around.env,
    mounts: around.mounts,
    privileged: run.privileged,
    capAdd: run['cap-add'] ?? [],
    capDrop: run['cap-drop'] ?? [],
    ...(around.memoryBytes === undefined ? {} : { memoryBytes: around.memoryBytes }),
    labels: { [RUN_LABEL]: run.env['H_RUN'] ?? '' },
  };
}

/**
 * The mount of a volume. A rundef gives its path as the last part of `docker run -v`, so
 * `/path:ro` is a read-only one.
 *
 * @throws RunFailure(setup) for a path that no engine would mount
 */
export function volumeMount(source: string, path: string, readOnly: boolean): Mount {
  const [target = '', mode, ...rest] = path.split(':');
  if (!target.startsWith('/') || /^\/+$/.test(target) || target.includes('\0')) {
    throw new RunFailure(
      'setup',
      `A volume cannot be mounted at "${path}": the path must be absolute, and not the root.`,
    );
  }
  const words = mode === undefined ? [] : mountModeWords(mode);
  if (rest.length > 0 || words === undefined || (mode !== undefined && readOnly)) {
    throw new RunFailure(
      'setup',
      `A volume cannot be mounted at "${path}": "${path.slice(target.length)}" is no mount mode.`,
    );
  }
  const propagation = words.find(isPropagation);
  return {
    source,
    target,
    readOnly: readOnly || words.includes('ro'),
    ...(propagation === undefined ? {} : { propagation }),
  };
}

function isPropagation(word: string): word is NonNullable<Mount['propagation']> {
  return /^r?(shared|slave|private)$/.test(word);
}
