/** From a rundef to the container that the engine is to create; pure. */
import { mountModeWords, type RunDefinition } from '../schema/index.js';
import { type ContainerSpec, type Mount, RunFailure } from './ports.js';

/** What the host adds to a rundef. */
export interface ContainerSurroundings {
  /** The script's path inside the container. */
  command: string;
  workingDir: string;
  env: string[];
  mounts: Mount[];
  memoryBytes?: number;
}

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

/** The docker CLI reads the file with a line scanner of this many bytes, the line's end included. */
const LONGEST_LINE = 64 * 1024;

/** What Go calls space; the CLI cuts it off the front of a line. */
const LEADING_SPACE = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/**
 * A rundef's `env` as `docker run --env-file` reads it, one `KEY=value` a line (SPEC 3); measured with docker's CLI.
 *
 * @returns `KEY=value`, in order
 * @throws RunFailure(setup) for a key with a blank inside, no name at all, or a line that is too long
 */
export function containerEnv(env: Readonly<Record<string, string>>): string[] {
  const variables: string[] = [];
  for (const [index, [key, value]] of Object.entries(env).entries()) {
    const variable = envFileLine(key, value, index === 0);
    if (variable !== undefined) variables.push(variable);
  }
  return variables;
}

function envFileLine(key: string, value: string, first: boolean): string | undefined {
  if (!`${key}${value}`.isWellFormed()) throw badEnvironment(key, 'is no valid Unicode text');
  const written = `${key}=${value}`.replaceAll('\n', '\\n');
  if (Buffer.byteLength(written) + 1 > LONGEST_LINE) {
    throw badEnvironment(
      key,
      `is longer than ${LONGEST_LINE - 2} bytes, more than the container engine's client reads`,
    );
  }
  const unended = written.endsWith('\r') ? written.slice(0, -1) : written;
  const line = (first ? unended.replace(/^\ufeff/, '') : unended).replace(LEADING_SPACE, '');
  if (line === '' || line.startsWith('#')) return undefined;
  const equals = line.indexOf('=');
  const name = equals === -1 ? line : line.slice(0, equals);
  if (name === '') throw badEnvironment(key, 'has no name');
  if (/[ \t]/.test(name)) throw badEnvironment(key, 'has a blank in its name');
  return line;
}

function badEnvironment(key: string, why: string): RunFailure {
  const shown = JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key);
  return new RunFailure('setup', `The parameter ${shown} ${why}: no container can be given it. Rename or shorten it.`);
}
