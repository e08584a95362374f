/** Where an engine listens, and the client that talks to it. */
import type { ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect } from 'node:net';
import type Docker from 'dockerode';

export interface Tls {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** False only where the user's own settings say so. */
  verify: boolean;
}

export type Endpoint = { address: string } & ({ socketPath: string } | { host: string; port: number; tls?: Tls });

/**
 * Connections are not kept: one that the engine has closed meanwhile would make a call fail
 * that was never sent, and a new one costs less than a millisecond.
 */
export function agentFor(endpoint: Endpoint): HttpAgent {
  if ('socketPath' in endpoint || !endpoint.tls) return connecting(endpoint);
  const { verify, ...material } = endpoint.tls;
  return new HttpsAgent({ keepAlive: false, ...material, rejectUnauthorized: verify });
}

/**
 * As much of an agent as a request asks for: Node's own has names, queues and listeners for
 * connections that are kept, and takes 3 ms of a start with them.
 */
function connecting(endpoint: Endpoint): HttpAgent {
  const open = () => ('socketPath' in endpoint ? connect(endpoint.socketPath) : connect(endpoint.port, endpoint.host));
  return {
    defaultPort: 80,
    protocol: 'http:',
    keepAlive: false,
    maxSockets: Number.POSITIVE_INFINITY,
    addRequest: (request: ClientRequest) => request.onSocket(open()),
  } as Partial<HttpAgent> as HttpAgent;
}

/**
 * The client is loaded here, when an engine is needed, because it takes long. It would read
 * DOCKER_HOST and its like for itself: every option that it takes from there is set, so
 * that `endpoint` alone decides.
 */
export async function openClient(endpoint: Endpoint): Promise<Docker> {
  const { default: Client } = await import('dockerode');
  const none = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  const place =
    'socketPath' in endpoint
      ? { socketPath: endpoint.socketPath, protocol: 'http' }
      : { host: endpoint.host, port: endpoint.port, protocol: endpoint.tls ? 'https' : 'http' };
  const options = { ...none, timeout: undefined, pathPrefix: '/', agent: agentFor(endpoint), ...place };
  return new Client(options as Docker.DockerOptions);
}

/** Options of one call. The client would send parameters of the URL in the body as well, and a body's fields in the URL: here each goes to its place. */
export function callOptions(call: { query?: object; body?: object; signal?: AbortSignal }): {
  abortSignal?: AbortSignal;
} {
  const { query = {}, body = {}, signal } = call;
  return { _query: query, _body: body, ...(signal ? { abortSignal: signal } : {}) } as { abortSignal?: AbortSignal };
}
