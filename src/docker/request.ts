/** What the engine is asked to create: the body that `docker run` would send for the same container. */
import type Docker from 'dockerode';
import type { ContainerSpec, Mount } from '../executor/ports.js';

/** `none`: the console goes to whoever is attached, nowhere else. `local`: the engine keeps it too, so that another process can go on reading. */
export type LogDriver = 'none' | 'local';

/** The log in the engine: larger than what a worker spools, and bounded. Podman has no driver `local`, and one file. */
const LOCAL_LOG = {
  docker: { Type: 'local', Config: { 'max-size': '256m', 'max-file': '4', compress: 'false' } },
  podman: { Type: 'k8s-file', Config: { 'max-size': '1g' } },
};

/**
 * Pure. Facts from what docker CLI 20.10 sends: `--entrypoint ''` is `['']`, and an
 * entrypoint of one's own drops the image's CMD; volumes are `Binds`; stdin stays closed.
 * Not the CLI's: no `AutoRemove`, because exit code and OOM mark are read after the end.
 */
export function containerRequest(
  spec: ContainerSpec,
  options: { logDriver: LogDriver; engine?: keyof typeof LOCAL_LOG; labels?: Record<string, string> },
): Docker.ContainerCreateOptions {
  const { binds, mounts } = bindMounts(spec.mounts);
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
      Binds: binds,
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
 * `-v` as the CLI sends it, equal ones once. A source with a colon cannot be written that
 * way; as a mount it looks the same from inside (same line of `/proc/self/mountinfo`).
 */
function bindMounts(all: Mount[]): { binds: string[]; mounts: Docker.MountSettings[] } {
  const binds = new Set<string>();
  const mounts: Docker.MountSettings[] = [];
  for (const { source, target, readOnly } of all) {
    if (source.includes(':')) mounts.push({ Type: 'bind', Source: source, Target: target, ReadOnly: readOnly });
    else binds.add(`${source}:${target}${readOnly ? ':ro' : ''}`);
  }
  return { binds: [...binds], mounts };
}
