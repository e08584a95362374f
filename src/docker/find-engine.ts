/** Finds the container engine that a run uses: strategies, tried in order. */

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { RunFailure } from '../executor/index.js';
import { homeFolder, jsonObject, objectOf, readBounded, readBoundedText } from '../lib/index.js';
import {
  ENGINE_LIMITS,
  type Endpoint,
  type EngineLimits,
  engineWords,
  NOT_REACHED,
  openClient,
  refuseAnswer,
  type Tls,
  within,
} from './client.js';
import { loadDockerConfig } from './docker-config.js';
import { sshSocket } from './ssh-tunnel.js';

/** What the search depends on; tests pass their own. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  home: string;
  platform: NodeJS.Platform;
  uid: number;
  dockerSocket: string;
  podmanSocket: string;
}

/** Where an engine may be. */
export interface Candidate {
  /** The setting that names it, `DOCKER_HOST`; undefined for a usual place. */
  setting?: string;
  /** As a user would write it. */
  address: string;
  /** @throws Error with the reason why nothing can listen there */
  endpoint: () => Promise<Endpoint>;
}

/**
 * The strategies. What the user has set decides alone, as it does for the docker CLI:
 * DOCKER_HOST before the context (DOCKER_CONTEXT, then `currentContext` of the config). Else
 * the usual sockets of Docker, what CONTAINER_HOST names, and the usual sockets of Podman.
 */
const SET: ((around: Surroundings) => Promise<Candidate[]>)[] = [dockerHost, dockerContext];
const USUAL: ((around: Surroundings) => Promise<Candidate[]>)[] = [dockerSockets, containerHost, podmanSockets];

export interface FoundEngine {
  endpoint: Endpoint;
  client: Docker;
}

export interface Search {
  surroundings?: Partial<Surroundings> | undefined;
  limits?: Pick<EngineLimits, 'call' | 'slow'>;
  /** Receives a sentence when an engine took the connection and is slow to answer. */
  waiting?: ((message: string) => void) | undefined;
}

/** @throws RunFailure(setup, environment engine): one paragraph with what was tried, why it failed, what to do */
export async function findEngine({
  surroundings,
  limits = ENGINE_LIMITS,
  waiting = () => {},
}: Search = {}): Promise<FoundEngine> {
  const around = { ...defaultSurroundings(), ...surroundings };
  const tried: Attempt[] = [];
  for (const candidate of await candidates(around)) {
    try {
      const endpoint = await candidate.endpoint();
      if ('host' in endpoint) await somebodyListens(endpoint, limits.slow);
      const client = await openClient(endpoint);
      await ping(client, candidate.address, limits, waiting);
      return { endpoint, client };
    } catch (error) {
      tried.push({ candidate, error: error as NodeJS.ErrnoException });
    }
  }
  throw new RunFailure('setup', `No container engine can be reached. ${explainAttempts(tried)}`, {
    environment: 'engine',
    cause: tried[0]?.error,
  });
}

function defaultSurroundings(): Surroundings {
  return {
    env: process.env,
    home: homeFolder(),
    platform: process.platform,
    uid: process.getuid?.() ?? 0,
    dockerSocket: '/var/run/docker.sock',
    podmanSocket: '/run/podman/podman.sock',
  };
}

async function candidates(around: Surroundings): Promise<Candidate[]> {
  for (const strategy of SET) {
    const set = await strategy(around);
    if (set.length > 0) return set;
  }
  return (await Promise.all(USUAL.map((strategy) => strategy(around)))).flat();
}

async function dockerHost(around: Surroundings): Promise<Candidate[]> {
  const host = around.env['DOCKER_HOST'];
  if (!host) return [];
  const endpoint = async () => toEndpoint(host, around.dockerSocket, { tls: await environmentTls(around) });
  return [{ address: host, endpoint, setting: 'DOCKER_HOST' }];
}

async function dockerContext({ env, home, dockerSocket }: Surroundings): Promise<Candidate[]> {
  const { config, folder } = await loadDockerConfig(env, home);
  const context = env['DOCKER_CONTEXT'] || config.currentContext;
  if (context === undefined || context === '' || context === 'default') return [];
  const endpoint = async () => {
    const { host, tls } = await readDockerContext(folder, context);
    return toEndpoint(host, dockerSocket, { tls });
  };
  const setting = env['DOCKER_CONTEXT'] ? 'DOCKER_CONTEXT' : 'currentContext';
  return [{ address: `docker context "${context}"`, endpoint, setting }];
}

/** Docker as the system's, rootless, and Docker Desktop. */
async function dockerSockets(around: Surroundings): Promise<Candidate[]> {
  const { home, dockerSocket } = around;
  const paths = [dockerSocket, join(runtimeFolder(around), 'docker.sock'), join(home, '.docker/run/docker.sock')];
  return paths.map(socket);
}

async function containerHost({ env, podmanSocket }: Surroundings): Promise<Candidate[]> {
  const host = env['CONTAINER_HOST'];
  if (!host) return [];
  const endpoint = () => toEndpoint(host, podmanSocket, { client: 'podman' });
  return [{ address: host, endpoint, setting: 'CONTAINER_HOST' }];
}

/** Podman as the system's, a user's; on macOS its machines offer their socket in the user's home. */
async function podmanSockets(around: Surroundings): Promise<Candidate[]> {
  const paths = [around.podmanSocket, join(runtimeFolder(around), 'podman/podman.sock')];
  if (around.platform !== 'darwin') return paths.map(socket);
  const folder = join(around.home, '.local/share/containers/podman/machine');
  const machines = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = machines.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  return [...paths, ...[folder, ...names].map((each) => join(each, 'podman.sock'))].map(socket);
}

function runtimeFolder({ env, uid }: Surroundings): string {
  return env['XDG_RUNTIME_DIR'] || `/run/user/${uid}`;
}

function socket(path: string): Candidate {
  return { address: path, endpoint: async () => ({ address: `unix://${path}`, socketPath: path }) };
}

/** DOCKER_TLS_VERIFY (or DOCKER_TLS, which does not verify) with DOCKER_CERT_PATH, as the docker CLI reads them. */
async function environmentTls({ env, home }: Surroundings): Promise<Tls | undefined> {
  if (!env['DOCKER_TLS_VERIFY'] && !env['DOCKER_TLS']) return undefined;
  const verify = Boolean(env['DOCKER_TLS_VERIFY']);
  const folder = env['DOCKER_CERT_PATH'] || env['DOCKER_CONFIG'] || join(home, '.docker');
  const tls = (await readTls(folder, verify)) ?? { verify };
  const missing = verify && !tls.ca ? 'ca.pem' : tls.cert && !tls.key ? 'key.pem' : tls.key && !tls.cert && 'cert.pem';
  if (missing) {
    const message = `TLS is set (DOCKER_TLS_VERIFY or DOCKER_TLS), and ${join(folder, missing)} cannot be read`;
    throw Object.assign(new Error(message), { code: 'ERR_TLS_FILE' });
  }
  return tls;
}

async function toEndpoint(
  host: string,
  defaultSocket: string,
  { tls, client = 'docker' }: { tls?: Tls | undefined; client?: 'docker' | 'podman' } = {},
): Promise<Endpoint> {
  if (host.startsWith('ssh://')) return { address: host, socketPath: await sshSocket(host, client) };
  if (host.startsWith('unix://')) {
    const path = host.slice('unix://'.length) || defaultSocket;
    return { address: `unix://${path}`, socketPath: path };
  }
  const url = URL.canParse(host) ? new URL(host) : undefined;
  if (!url?.hostname || url.protocol !== 'tcp:')
    throw new Error('it is none of unix://<path>, tcp://<host>:<port> and ssh://<user>@<host>');
  const port = Number(url.port || (tls ? 2376 : 2375));
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { address: `tcp://${url.hostname}:${port}`, host: name, port, ...(tls ? { tls } : {}) };
}

/** A context of docker's: `docker context` keeps it in the folder of the client's config. */
async function readDockerContext(folder: string, name: string): Promise<{ host: string; tls?: Tls }> {
  const id = createHash('sha256').update(name).digest('hex');
  const path = join(folder, 'contexts', 'meta', id, 'meta.json');
  const text = await readBoundedText(path).catch(() => {
    throw new Error(`there is no such context (${path} cannot be read)`);
  });
  const { Host: host, SkipTLSVerify: skip } = objectOf(objectOf(jsonObject(text)?.['Endpoints'])?.['docker']) ?? {};
  if (typeof host !== 'string') throw new Error(`${path} names no docker endpoint`);
  const tls = await readTls(join(folder, 'contexts', 'tls', id, 'docker'), skip !== true);
  return { host, ...(tls ? { tls } : {}) };
}

/** The certificates in a folder, or undefined when it holds none. */
async function readTls(folder: string, verify: boolean): Promise<Tls | undefined> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readBounded(join(folder, name)).catch(() => undefined)),
  );
  if (!ca && !cert && !key) return undefined;
  return { verify, ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}

/** A unix socket refuses at once; a host that drops packets does not, and must not be waited for as a slow engine is. */
function somebodyListens({ host, port }: { host: string; port: number }, boundMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: boundMs });
    socket.on('connect', resolve);
    socket.on('timeout', () => reject(new Error(`nobody took the connection in ${boundMs / 1000} s`)));
    socket.on('error', reject);
    for (const end of ['connect', 'timeout', 'error']) socket.on(end, () => socket.destroy());
  });
}

/** The connection was taken: a busy machine's engine may need long for its first answer. */
async function ping(
  client: Docker,
  address: string,
  { call, slow }: Pick<EngineLimits, 'call' | 'slow'>,
  waiting: (message: string) => void,
): Promise<void> {
  const report = () =>
    waiting(
      `The container engine at ${address} took the connection and has not answered for ${slow / 1000} s: waiting up to ${call / 1000} s for it.`,
    );
  const timer = setTimeout(report, slow);
  try {
    const answer: unknown = await within(call, (abortSignal) => {
      // The published types lag behind: every call of dockerode 5 takes a signal.
      const options = { abortSignal } as never;
      return client.ping(options) as unknown as Promise<unknown>;
    });
    if (String(answer) !== 'OK') refuseAnswer();
  } finally {
    clearTimeout(timer);
  }
}

export interface Attempt {
  candidate: Candidate;
  error: NodeJS.ErrnoException & { statusCode?: number };
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such socket',
  EACCES: 'no permission to open it',
  EPERM: 'no permission to open it',
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'no such host',
};

/** One sentence a candidate, then what to do. @public */
export function explainAttempts(tried: Attempt[]): string {
  const list = tried.map(({ candidate, error }) => {
    const setting = candidate.setting ? ` (from ${candidate.setting})` : '';
    return `${candidate.address}${setting}: ${REASONS[error.code ?? ''] ?? whyNot(error)}`;
  });
  return `Tried ${list.join('; ')}. ${remedy(tried)}`;
}

function whyNot(error: Attempt['error']): string {
  const { statusCode, message } = error;
  // OpenSSL's own words are in the middle of its numbers and file names.
  if (statusCode === undefined) return /error:\w+:[^:]*:[^:]*:([^:\n]+)/.exec(message)?.[1] ?? message;
  return statusCode === NOT_REACHED ? engineWords(error) : `it answers with HTTP status ${statusCode}`;
}

const TLS_FAULT = /^(ERR_(TLS|SSL|OSSL)_|CERT_|UNABLE_TO_|EPROTO$)|SELF_SIGNED/;

/** The advice for the attempt that came closest. */
function remedy(tried: Attempt[]): string {
  const of = (...codes: string[]) => tried.find(({ error }) => codes.includes(error.code ?? ''));
  const forbidden = of('EACCES', 'EPERM');
  if (forbidden) {
    return `Your user may not use ${forbidden.candidate.address}: add it to the socket's group (for Docker: sudo usermod -aG docker "$USER") and log in again.`;
  }
  const set = tried.find(({ candidate }) => candidate.setting);
  if (of('ECONNREFUSED') && !set) {
    return 'The engine is installed but not running: start it (sudo systemctl start docker, or systemctl --user start podman.socket).';
  }
  if (tried.some(({ error }) => error.statusCode === NOT_REACHED)) {
    return 'ssh has to reach that host without asking for anything: the host is known, your key is in an agent or has no passphrase, and the host has the docker command.';
  }
  if (set && TLS_FAULT.test(set.error.code ?? '')) {
    return `Check ca.pem, cert.pem and key.pem (of DOCKER_CERT_PATH, or of the context), and that the certificate of the engine is for the name in ${set.candidate.setting}.`;
  }
  if (set) return `Start that engine, or correct ${set.candidate.setting}.`;
  return 'Install Docker or Podman and start it (sudo systemctl start docker, or systemctl --user start podman.socket), or let DOCKER_HOST name the engine.';
}
