/** Where an engine may be, in the order in which they are tried. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDockerConfig } from './docker-config.js';
import { readDockerContext, readTls } from './docker-context.js';
import type { Endpoint, Tls } from './endpoint.js';

/** What the search depends on; tests give their own. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  home: string;
  platform: NodeJS.Platform;
  uid: number;
  dockerSocket: string;
  podmanSocket: string;
}

export interface EnginePlace {
  /** What named it: `DOCKER_HOST`, `docker context "x"`; undefined for a usual place. */
  setting?: string;
  /** As a user would write it. */
  address: string;
  /** @throws Error that says why nothing can listen there */
  endpoint: () => Promise<Endpoint>;
}

const DEFAULT_SOCKET = '/var/run/docker.sock';

/**
 * What the user has set decides alone, as it does for the docker CLI (DOCKER_HOST before
 * DOCKER_CONTEXT before the config's `currentContext`); else the usual sockets of Docker,
 * then of Podman.
 */
export async function enginePlaces(around: Surroundings): Promise<EnginePlace[]> {
  const { env } = around;
  if (env['DOCKER_HOST']) {
    const host = env['DOCKER_HOST'];
    return [
      place(host, async () => toEndpoint(host, around.dockerSocket, await environmentTls(around)), 'DOCKER_HOST'),
    ];
  }
  const { config, folder } = loadDockerConfig(env, around.home);
  const context = env['DOCKER_CONTEXT'] || config.currentContext;
  if (typeof context !== 'string' || context === '' || context === 'default') return usualPlaces(around);
  const open = async () => {
    const { host, tls } = await readDockerContext(folder, context);
    return toEndpoint(host, around.dockerSocket, tls);
  };
  return [place(`docker context "${context}"`, open, env['DOCKER_CONTEXT'] ? 'DOCKER_CONTEXT' : 'currentContext')];
}

async function usualPlaces(around: Surroundings): Promise<EnginePlace[]> {
  const { env, home, uid } = around;
  const runtime = env['XDG_RUNTIME_DIR'] || `/run/user/${uid}`;
  const docker = [around.dockerSocket, join(runtime, 'docker.sock'), join(home, '.docker/run/docker.sock')];
  const podman = [around.podmanSocket, join(runtime, 'podman/podman.sock'), ...(await podmanMachines(around))];
  const container = env['CONTAINER_HOST'];
  return [
    ...docker.map(socketPlace),
    ...(container ? [place(container, async () => toEndpoint(container, around.podmanSocket), 'CONTAINER_HOST')] : []),
    ...podman.map(socketPlace),
  ];
}

/** On macOS, Podman's machines offer their socket in the user's home. */
async function podmanMachines({ platform, home }: Surroundings): Promise<string[]> {
  if (platform !== 'darwin') return [];
  const folder = join(home, '.local/share/containers/podman/machine');
  const machines = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = machines.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return [join(folder, 'podman.sock'), ...names.map((name) => join(folder, name, 'podman.sock'))];
}

function place(address: string, endpoint: () => Promise<Endpoint>, setting?: string): EnginePlace {
  return { address, endpoint, ...(setting === undefined ? {} : { setting }) };
}

function socketPlace(path: string): EnginePlace {
  return place(path, async () => ({ address: `unix://${path}`, socketPath: path }));
}

/** DOCKER_TLS_VERIFY (or DOCKER_TLS, which does not verify) with DOCKER_CERT_PATH, as the docker CLI reads them. */
async function environmentTls({ env, home }: Surroundings): Promise<Tls | undefined> {
  if (!env['DOCKER_TLS_VERIFY'] && !env['DOCKER_TLS']) return undefined;
  const verify = Boolean(env['DOCKER_TLS_VERIFY']);
  const folder = env['DOCKER_CERT_PATH'] || env['DOCKER_CONFIG'] || join(home, '.docker');
  return (await readTls(folder, verify)) ?? { verify };
}

function toEndpoint(host: string, defaultSocket: string, tls?: Tls): Endpoint {
  if (host.startsWith('unix://')) {
    const path = host.slice('unix://'.length) || defaultSocket;
    return { address: `unix://${path}`, socketPath: path };
  }
  if (host.startsWith('ssh://')) {
    throw new Error(
      `it is behind ssh, which is not supported: forward its socket with "ssh -nNT -L /tmp/engine.sock:${DEFAULT_SOCKET} ${host.slice('ssh://'.length)}" and set DOCKER_HOST=unix:///tmp/engine.sock`,
    );
  }
  const url = parseUrl(host);
  if (!url?.hostname || url.protocol !== 'tcp:') throw new Error('it is neither unix://<path> nor tcp://<host>:<port>');
  const port = Number(url.port || (tls ? 2376 : 2375));
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { address: `tcp://${url.hostname}:${port}`, host: name, port, ...(tls ? { tls } : {}) };
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
