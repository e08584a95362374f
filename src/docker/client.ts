/** dockerode, opened for one address; how its calls are bounded, and what they throw made readable. */
import { Agent } from 'node:https';
import { getHeapStatistics } from 'node:v8';
import type Docker from 'dockerode';
import { RunFailure } from '../executor/index.js';
import { plainLine, tooManyFiles } from '../lib/index.js';

export interface Tls {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** False only where the user's own settings say so. */
  verify: boolean;
}

/** `address` is what the docker CLI would call it: `unix:///var/run/docker.sock`, `tcp://10.0.0.1:2375`. */
export type Endpoint = { address: string } & ({ socketPath: string } | { host: string; port: number; tls?: Tls });

/**
 * The client would read DOCKER_HOST and its like for itself, and the files of DOCKER_CERT_PATH, which may be missing: it
 * does not see the first while it is made, and every option is set, so that `endpoint` alone decides. Connections are not kept: one that the
 * engine has closed in the meantime would fail a call that was never sent.
 */
export async function openClient(endpoint: Endpoint): Promise<Docker> {
  const { default: Client } = await import('dockerode');
  const none = { host: undefined, port: undefined, socketPath: undefined, timeout: undefined };
  const noKeys = { ca: undefined, cert: undefined, key: undefined, agent: undefined };
  const common = { ...none, ...noKeys, pathPrefix: '/', headers: { Connection: 'close' } };
  const { DOCKER_HOST: host } = process.env;
  delete process.env['DOCKER_HOST'];
  try {
    return new Client({ ...common, ...place(endpoint) } as Docker.DockerOptions);
  } finally {
    if (host !== undefined) process.env['DOCKER_HOST'] = host;
  }
}

function place(endpoint: Endpoint): object {
  if ('socketPath' in endpoint) return { socketPath: endpoint.socketPath, protocol: 'http' };
  const { host, port, tls } = endpoint;
  if (tls === undefined) return { host, port, protocol: 'http' };
  const { verify, ...material } = tls;
  // The client has no option for TLS that does not verify (DOCKER_TLS without DOCKER_TLS_VERIFY).
  const agent = verify ? {} : { agent: new Agent({ ...material, rejectUnauthorized: false }) };
  return { host, port, protocol: 'https', ...material, ...agent };
}

/** How long the engine may take, in milliseconds; tests pass shorter ones. */
export interface EngineLimits {
  /** One call that the engine answers at once. */
  call: number;
  /** A call that takes longer than this is reported to the user. */
  slow: number;
  /** A pull during which nothing arrives. */
  stall: number;
  /** An engine that went away while a script ran may come back. */
  reconnect: number;
  /** After the script's end: a console that neither ends nor brings anything. */
  drain: number;
  /** A console that ended before its script; then the container is inspected. */
  earlyEnd: number;
  /** How often the question for a container's end is asked anew: a connection that was cut is not always noticed. */
  waitAgain: number;
  /** A credential helper of the user's. */
  helper: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  call: 60_000,
  slow: 3_000,
  stall: 120_000,
  reconnect: 10_000,
  drain: 20_000,
  earlyEnd: 1_000,
  waitAgain: 60_000,
  helper: 30_000,
};

/** The client keeps a whole answer in memory and has no bound for it: this much of it ends the call. */
const LARGEST_ANSWER = 256 * 1024 * 1024;
const LOOK_MS = 100;
/** Of buffers. Not `process.memoryUsage()`, which opens a file, and there may be none left to open. */
const heldBytes = () => getHeapStatistics().external_memory;

/**
 * Runs one call, bounded in time and in the size of its answer. The client does not notice
 * every connection that is cut while an answer arrives, so the bound is kept here.
 *
 * @param call may pass the signal on; it should not where aborting would not undo what the
 *   engine already accepted
 */
export async function within<T>(ms: number, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const before = heldBytes();
  const timers: NodeJS.Timeout[] = [];
  const bound = new Promise<never>((_resolve, reject) => {
    const fail = (why: string) => {
      reject(new Error(why));
      controller.abort();
    };
    timers.push(setTimeout(() => fail(`it did not answer in ${ms / 1000} s`), ms));
    const look = () => {
      if (heldBytes() - before > LARGEST_ANSWER) fail('its answer does not end');
    };
    timers.push(setInterval(look, LOOK_MS));
  });
  const answer = call(controller.signal);
  answer.catch(() => {});
  try {
    return await Promise.race([answer, bound]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** A proxy's page is no engine's answer, whatever its status. */
export function refuseAnswer(): never {
  throw new Error("it gave an answer that is no container engine's");
}

interface ClientError extends Error {
  /** HTTP status of the engine's refusal; absent when there was no answer. */
  statusCode?: number;
  json?: { message?: unknown } | null;
}

export function statusOf(error: unknown): number | undefined {
  return (error as ClientError).statusCode;
}

/** HTTP's status of a gateway that does not reach what is behind it: our ssh tunnel's, and no engine's. */
export const NOT_REACHED = 502;

/** No answer of an engine's arrived: the socket is gone, refuses, was cut, stayed silent for too long. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof Error && (statusOf(error) ?? NOT_REACHED) === NOT_REACHED;
}

/** The engine's message without the client's wrapping; for a connection that failed, the system's. One line. */
export function engineWords(error: unknown): string {
  const { json, message, name } = error as ClientError;
  if (typeof json?.message === 'string') return oneLine(json.message);
  if (name === 'TimeoutError' || name === 'AbortError') return 'it did not answer in time';
  return oneLine(message.replace(/^\(HTTP code \d+\) [a-z, ]+ - /, ''));
}

const LONGEST_WORDS = 600;

/** What comes from outside never begins a line of ours, and never fills a screen. */
export function oneLine(text: string): string {
  const line = plainLine(text).trim();
  const short = line.length > LONGEST_WORDS ? `${line.slice(0, LONGEST_WORDS)}…` : line;
  return short.replace(/\.$/, '');
}

/** The engine cannot be reached, or fails for reasons of its own: the environment's fault, not the run's. */
export function engineFailure(what: string, error: unknown): RunFailure {
  const fault = tooManyFiles(error);
  if (fault !== undefined) return new RunFailure('setup', `${what}: ${fault}`, { environment: 'disk', cause: error });
  const [why, advice] = isUnreachable(error)
    ? [
        `the container engine cannot be reached (${engineWords(error)})`,
        'Check that it is running, then start the run again.',
      ]
    : [engineWords(error), 'The engine refuses for reasons of its own, not because of the run: its log says more.'];
  return new RunFailure('setup', `${what}: ${why}.`, { environment: 'engine', advice, cause: error });
}

export type EngineName = 'docker' | 'podman';

export interface EngineVersion {
  name: EngineName;
  version: string;
  os: string;
  architecture: string;
}

/** @throws RunFailure(setup, environment engine) */
export async function askVersion(client: Docker, callMs: number): Promise<EngineVersion> {
  try {
    const answer = await within(callMs, () => client.version());
    const { Version: version, Os: os, Arch: architecture, Components = [] } = answer;
    if (typeof version !== 'string') refuseAnswer();
    const isPodman = Array.isArray(Components) && Components.some(({ Name }) => /podman/i.test(String(Name)));
    return { name: isPodman ? 'podman' : 'docker', version, os, architecture };
  } catch (error) {
    throw engineFailure("The engine's version could not be read", error);
  }
}
