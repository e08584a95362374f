/** What a worker tells a server about itself, and asks it (SPEC 5). */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Call } from './call.js';
import { notJobserv } from './failure-messages.js';
import type { HttpClient } from './http.js';
import { jsendData, objectOf } from './jsend.js';

export interface WorkerCredentials {
  /** The server's address; a path in it stays. */
  serverUrl: string;
  /** The worker's name. */
  name: string;
  /** `Token <host_api_key>` or `Bearer <jwt>`. */
  authorization: string;
}

/** As the wire has them. */
export interface WorkerProperties {
  name: string;
  api_key: string;
  distro: string;
  /** Bytes. */
  mem_total: number;
  cpu_total: number;
  cpu_type: string;
  concurrent_runs: number;
  /** Separated by commas. */
  host_tags: string;
  surges_only: boolean;
}

/** Creates the worker. Tried again only when the server surely does not know it yet: a second one of its name is refused. */
export async function register(
  http: HttpClient,
  { serverUrl, name }: Pick<WorkerCredentials, 'serverUrl' | 'name'>,
  properties: WorkerProperties,
  signal?: AbortSignal,
): Promise<void> {
  await http.send({
    method: 'POST',
    url: workerUrl(serverUrl, name),
    what: `register the worker ${name}`,
    ...json(properties),
    expect: [201],
    signal,
  });
}

/** Sends the properties again. Idempotent. With a JWT it creates the worker too. */
export async function update(
  http: HttpClient,
  worker: WorkerCredentials,
  properties: Partial<WorkerProperties>,
  signal?: AbortSignal,
): Promise<void> {
  await http.send(ofWorker(worker, 'PATCH', '', `update the worker ${worker.name}`, signal, json(properties)));
}

/** Removes the worker. A try whose answer was lost may end with `not-found` at the next: then it is gone. */
export async function unregister(http: HttpClient, worker: WorkerCredentials, signal?: AbortSignal): Promise<void> {
  await http.send(ofWorker(worker, 'DELETE', '', `unregister the worker ${worker.name}`, signal));
}

/** Bytes, and the load averages of the host. */
export interface CheckIn {
  available_runners: number;
  mem_free: number;
  disk_free: number;
  load_avg_1: number;
  load_avg_5: number;
  load_avg_15: number;
}

export interface CheckedIn {
  /** Without it the server gives no work. */
  enlisted: boolean;
  /** The version of the worker that the server hands out. */
  version: string | undefined;
  /** Run definitions as JSON text, not checked; from now on they are this worker's to execute. */
  runDefinitions: string[];
}

/**
 * Asks for work. **Not idempotent**: a run that is handed out is not handed out again. One try,
 * 60 s: an answer that comes late is better than a run that is lost.
 */
export async function checkIn(
  http: HttpClient,
  worker: WorkerCredentials,
  state: CheckIn,
  signal?: AbortSignal,
): Promise<CheckedIn> {
  const query = new URLSearchParams(
    Object.entries(state).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const call: Call = {
    ...ofWorker(worker, 'GET', `?${query}`, 'check in', signal),
    retry: false,
    limits: { answer: 60_000, total: 90_000 },
  };
  const answer = await http.send(call);
  const data = objectOf(jsendData(answer.body)?.['worker']);
  if (data === undefined) throw notJobserv(call, answer);
  const rundefs = Array.isArray(data['run-defs']) ? data['run-defs'] : [];
  return {
    enlisted: data['enlisted'] === true,
    version: typeof data['version'] === 'string' ? data['version'] : undefined,
    runDefinitions: rundefs.map((rundef) => (typeof rundef === 'string' ? rundef : JSON.stringify(rundef))),
  };
}

export interface WorkerEvent {
  title: string;
  msg: string;
  type: string;
}

/** Reports an event. Tried again only when the server surely does not have it. */
export async function sendEvent(
  http: HttpClient,
  worker: WorkerCredentials,
  event: WorkerEvent,
  signal?: AbortSignal,
): Promise<void> {
  await http.send({ ...ofWorker(worker, 'POST', 'events/', 'report the event', signal, json(event)), expect: [201] });
}

/** Sends a log for support; it is compressed here. Each call is one more log at the server. */
export async function sendLogs(
  http: HttpClient,
  worker: WorkerCredentials,
  log: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const body = await promisify(gzip)(log);
  await http.send({
    ...ofWorker(worker, 'PUT', 'logs/', "send the worker's log", signal, {
      body,
      headers: { 'content-encoding': 'gzip', 'content-type': 'text/plain' },
    }),
    expect: [202],
  });
}

/**
 * Which of these folders belong to no project any more. A GET with a body, as the server wants it.
 *
 * @param directories prefixes of projects' names, as they lie on this host; none asks nothing
 * @returns those of them that may go
 */
export async function deadVolumes(
  http: HttpClient,
  worker: WorkerCredentials,
  directories: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  if (directories.length === 0) return [];
  const call = ofWorker(worker, 'GET', 'volumes-deleted/', 'ask for volumes to delete', signal, json({ directories }));
  const answer = await http.send(call);
  const volumes = jsendData(answer.body)?.['volumes'];
  if (!Array.isArray(volumes)) throw notJobserv(call, answer);
  // Only what was asked about: nothing else is ours to delete on a server's word.
  return directories.filter((directory) => volumes.includes(directory));
}

/** For a login page in front of the server: flags of a reader are of no use to a worker. */
const LOG_IN =
  'A worker logs in with the key or JWT of its settings.conf only: give it an address of the server that has no login page in front, in server_url.';

function ofWorker(
  { serverUrl, name, authorization }: WorkerCredentials,
  method: Call['method'],
  resource: string,
  what: string,
  signal?: AbortSignal,
  content: Pick<Call, 'body' | 'headers'> = {},
): Call {
  const headers = { ...content.headers, authorization };
  return { method, url: `${workerUrl(serverUrl, name)}${resource}`, what, logIn: LOG_IN, ...content, headers, signal };
}

const workerUrl = (serverUrl: string, name: string) =>
  `${serverUrl.replace(/\/*$/, '')}/workers/${encodeURIComponent(name)}/`;

const json = (value: unknown): { body: string; headers: Record<string, string> } => ({
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});
