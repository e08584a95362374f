/** One request that the live server got. */
import type { IncomingHttpHeaders } from 'node:http';
import { frameworkText, Refusal } from '../../../src/simulator/index.js';

/** Which of the endpoints of SPEC 5 was asked; `unknown` for a path of no use to it. */
export type Endpoint =
  | 'console'
  | 'create-signed'
  | 'upload'
  | 'add-test'
  | 'update-test'
  | 'read-run'
  | 'read-runs'
  | 'read-build'
  | 'read-rundef'
  | 'read-progress'
  | 'read-console'
  | 'read-artifact'
  | 'read-tests'
  | 'read-test'
  | 'validate'
  | 'register'
  | 'update'
  | 'unregister'
  | 'check-in'
  | 'event'
  | 'logs'
  | 'volumes-deleted'
  | 'unknown';

export interface Asked {
  method: string;
  /** Undecoded, without the query. */
  path: string;
  query: URLSearchParams;
  endpoint: Endpoint;
  /** The parts of the path that the endpoint names, decoded. */
  names: readonly string[];
  headers: IncomingHttpHeaders;
  /** Empty until it has arrived. */
  body: Buffer;
  /** `http://<host>:<port>` as the client wrote it: what the server writes into the addresses that it hands out. */
  origin: string;
}

/**
 * What a request says as JSON; `undefined` for `null`.
 *
 * @throws Refusal 415 for another type, 400 for what is no JSON
 */
export function jsonOf({ headers, body }: Asked): unknown {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  if (!/^application\/(?:json|.+\+json)$/.test(type)) throw new Refusal(frameworkText(415, 'not a JSON type'));
  try {
    return JSON.parse(body.toString('utf8')) ?? undefined;
  } catch {
    throw new Refusal(frameworkText(400, 'not JSON'));
  }
}

/** The same, where anything but an object counts as an empty one. */
export function fieldsOf(asked: Asked): Record<string, unknown> {
  const value = jsonOf(asked);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function header({ headers }: Asked, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
