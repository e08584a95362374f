/** Asks whether an engine listens somewhere, without the client, which is loaded meanwhile. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { agentFor, type Endpoint } from './endpoint.js';

export interface PingAnswer {
  name: 'docker' | 'podman';
  /** Empty when the engine does not say. */
  version: string;
}

const BOUND_MS = 3_000;

/** @throws the system's error (`ECONNREFUSED` and so on), or an `Error` that says what answered instead */
export function ping(endpoint: Endpoint, boundMs = BOUND_MS): Promise<PingAnswer> {
  const request = 'tls' in endpoint ? httpsRequest : httpRequest;
  const place =
    'socketPath' in endpoint ? { socketPath: endpoint.socketPath } : { host: endpoint.host, port: endpoint.port };
  return new Promise((resolve, reject) => {
    const call = request({ ...place, path: '/_ping', agent: agentFor(endpoint) });
    // A signal of Node's would do the same, and take 2 ms more of every start.
    const late = setTimeout(() => call.destroy(new Error(`no answer in ${boundMs / 1000} s`)), boundMs);
    call.on('close', () => clearTimeout(late));
    call.on('error', reject);
    call.on('response', (response) => {
      // Its head says all; whatever becomes of the rest.
      response.on('error', () => {}).resume();
      if (response.statusCode !== 200) return reject(new Error(`it answers with HTTP status ${response.statusCode}`));
      const server = String(response.headers['server'] ?? '');
      const [, product = '', version = ''] = /^(\w+)\/(\S+)/.exec(server) ?? [];
      const isPodman = product === 'Libpod' || response.headers['libpod-api-version'] !== undefined;
      resolve({ name: isPodman ? 'podman' : 'docker', version });
    });
    call.end();
  });
}
