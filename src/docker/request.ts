/** The request to create a container: what `docker run` would send for it. */
import type Docker from 'dockerode';
import type { ContainerSpec, Mount } from '../executor/index.js';
import type { EngineName } from './client.js';

/** `none`: the console goes to whoever is attached, nowhere else. `local`: the engine keeps it too, so that another process can continue reading. */
export type LogDriver = 'none' | 'local';

/** The log in the engine: larger than what a worker spools, and bounded. Podman has no driver `local`, and one file. */
const LOCAL_LOG: Readonly<Record<EngineName, Docker.HostConfig['LogConfig']>> = {
  docker: { Type: 'local', Config: { 'max-size': '256m', 'max-file': '4', compress: 'false' } },
  podman: { Type: 'k8s-file', Config: { 'max-size': '1g' } },
};

/**
 * Pure. Facts from what docker CLI 20.10 sends: `--entrypoint ''` is `['']`, and an
 * entrypoint of one's own drops the image's CMD; stdin stays closed.
 * Not the CLI's: no `AutoRemove`, because exit code and OOM mark are read after the end; and
 * mounts instead of binds, see `bindMounts`.
 *
 * @param options.engine matters with the log driver `local` only
 * @param options.mounts instead of those of the spec
 */
export function containerRequest(
  spec: ContainerSpec,
  options: {
    logDriver: LogDriver;
    engine?: EngineName;
    labels?: Record<string, string>;
    mounts?: Docker.MountSettings[] | undefined;
  },
): Docker.ContainerCreateOptions {
  const { binds, mounts } = options.mounts ? { binds: [], mounts: options.mounts } : bindMounts(spec.mounts);
  return {
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: false,
    StdinOnce: false,
    Tty: false,
    Image: spec.image,
    Cmd: spec.command,
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: [spec.entrypoint] }),
    ...(spec.user === undefined ? {} : { User: spec.user }),
    WorkingDir: spec.workingDir,
    Env: spec.env,
    Labels: { ...spec.labels, ...options.labels },
    HostConfig: {
      ...(binds.length > 0 ? { Binds: binds } : {}),
      ...(mounts.length > 0 ? { Mounts: mounts } : {}),
      LogConfig: options.logDriver === 'none' ? { Type: 'none', Config: {} } : LOCAL_LOG[options.engine ?? 'docker'],
      NetworkMode: 'default',
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      Privileged: spec.privileged,
      CapAdd: spec.capAdd,
      CapDrop: spec.capDrop,
      Memory: spec.memoryBytes ?? 0,
      MemorySwappiness: -1,
    },
  };
}

/**
 * Mounts look the same from inside as binds (same line of `/proc/self/mountinfo`), but an
 * engine that does not find the source refuses them; for a bind it would make a folder of
 * that name, on whatever machine it runs. Podman writes a mount as a list with commas: a source
 * with one in it goes as a bind. Equal ones count once.
 */
function bindMounts(all: Mount[]): { binds: string[]; mounts: Docker.MountSettings[] } {
  const binds = new Set<string>();
  const mounts = new Map<string, Docker.MountSettings>();
  for (const { source, target, readOnly, propagation } of all) {
    const modes = [...(readOnly ? ['ro'] : []), ...(propagation === undefined ? [] : [propagation])];
    const bind = [source, target, ...(modes.length === 0 ? [] : [modes.join(',')])].join(':');
    if (source.includes(',') && !source.includes(':')) binds.add(bind);
    else {
      const options = propagation === undefined ? {} : { BindOptions: { Propagation: propagation } };
      mounts.set(bind, { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly, ...options });
    }
  }
  return { binds: [...binds], mounts: [...mounts.values()] };
}
