/** The first question to an engine, asked without the client, which is loaded meanwhile. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ImageInspectInfo } from 'dockerode';
import { bodyOf } from './body.js';
import { agentFor, type Endpoint } from './endpoint.js';

export interface PingAnswer {
  name: 'docker' | 'podman';
  /** Empty when the engine does not say. */
  version: string;
  /** The engine's inspection of the image that it was asked for; absent when it does not have it. */
  image?: ImageInspectInfo;
}

const BOUND_MS = 3_000;

/** @throws the system's error (`ECONNREFUSED` and so on), or an `Error` that says what answered instead */
export async function ping(endpoint: Endpoint): Promise<PingAnswer> {
  const answer = await ask(endpoint, '/_ping');
  // Its head says all.
  answer.resume();
  if (answer.statusCode !== 200) throw new Error(`it answers with HTTP status ${answer.statusCode}`);
  return engineOf(answer);
}

/**
 * Asks for an image in the ping's place. Where anything but an image comes back, the ping itself decides.
 *
 * @param image the name of one, as it stands in the engine's URLs
 * @throws as `ping`
 */
export async function pingForImage(endpoint: Endpoint, image: string): Promise<PingAnswer> {
  const answer = await ask(endpoint, `/images/${image}/json`);
  const inspection = await inspectionIn(answer);
  return inspection === undefined ? ping(endpoint) : { ...engineOf(answer), image: inspection };
}

function ask(endpoint: Endpoint, path: string): Promise<IncomingMessage> {
  const request = 'tls' in endpoint ? httpsRequest : httpRequest;
  const place =
    'socketPath' in endpoint ? { socketPath: endpoint.socketPath } : { host: endpoint.host, port: endpoint.port };
  return new Promise((resolve, reject) => {
    const call = request({ ...place, path, agent: agentFor(endpoint) });
    // A signal of Node's would do the same, and take 2 ms more of every start.
    const late = setTimeout(() => call.destroy(new Error(`no answer in ${BOUND_MS / 1000} s`)), BOUND_MS);
    call.on('close', () => clearTimeout(late));
    call.on('error', reject);
    call.on('response', (answer) => {
      // Whatever becomes of the rest of it.
      answer.on('error', () => {});
      resolve(answer);
    });
    call.end();
  });
}

/** Undefined when the answer is cut off, or no engine's. */
async function inspectionIn(answer: IncomingMessage): Promise<ImageInspectInfo | undefined> {
  try {
    const inspection = JSON.parse(await bodyOf(answer));
    return answer.statusCode === 200 && typeof inspection?.Id === 'string' ? inspection : undefined;
  } catch {
    return undefined;
  }
}

function engineOf({ headers }: IncomingMessage): Pick<PingAnswer, 'name' | 'version'> {
  const [, product = '', version = ''] = /^(\w+)\/(\S+)/.exec(String(headers['server'] ?? '')) ?? [];
  const isPodman = product === 'Libpod' || headers['libpod-api-version'] !== undefined;
  return { name: isPodman ? 'podman' : 'docker', version };
}
