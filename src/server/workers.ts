/** The calls of a worker to its server (SPEC 5). */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { objectOf } from '../lib/index.js';
import type { Call } from './call.js';
import { notJobserv } from './failure-messages.js';
import { HttpClient, type HttpSettings } from './http.js';
import { jsendData } from './jsend.js';
import { ServerFailure } from './server-failure.js';

/** Who asks whom; the worker's settings hold it. */
export interface WorkerIdentity {
  /** The server's URL; a path in it stays. */
  serverUrl: string;
  /** The worker's name. */
  hostname: string;
  /** Not used with a JWT. */
  apiKey: string;
  jwt?: string | undefined;
}

/** As the server expects them. */
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

/** Free memory and disk in bytes, and the load averages of the host. */
export interface CheckIn {
  available_runners: number;
  mem_free: number;
  disk_free: number;
  load_avg_1: number;
  load_avg_5: number;
  load_avg_15: number;
}

export interface CheckedIn {
  /** Without it the server gives no runs. */
  enlisted: boolean;
  /** The version of the worker that the server distributes. */
  version: string | undefined;
  /** Run definitions as JSON text, not checked; this worker has to execute them now. */
  runDefinitions: string[];
}

export interface WorkerEvent {
  title: string;
  msg: string;
  type: string;
}

/** A login page before the server: the flags that a reader of runs has do not exist for a worker. */
const LOG_IN =
  'A worker logs in with the key or JWT of its settings.conf only: set server_url there to a URL of the server that has no login page in front.';

const REGISTER_ELSEWHERE =
  'Register the worker at a URL of the server that has no login page in front; a server that wants a JWT takes it with --jwt.';
const OTHER_API = "Give the URL of the server's API, https://server: it stands in settings.conf as server_url.";

/** Each call throws a `ServerFailure`, or the signal's reason. */
export class WorkerClient {
  /** For calls of a run. */
  readonly http: HttpClient;
  readonly #identity: WorkerIdentity;
  readonly #url: string;

  constructor(identity: WorkerIdentity, settings: HttpSettings = {}) {
    this.http = new HttpClient(settings);
    this.#identity = identity;
    this.#url = `${identity.serverUrl.replace(/\/*$/, '')}/workers/${encodeURIComponent(identity.hostname)}/`;
  }

  /**
   * Creates the worker. Tried again only when the server surely does not know it yet: it refuses a second one of the
   * same name. A JWT names the worker already: then its properties are updated.
   */
  async register(properties: WorkerProperties): Promise<void> {
    if (this.#identity.jwt !== undefined) return this.update(properties);
    const what = `register the worker ${this.#identity.hostname}`;
    const advice = { logIn: REGISTER_ELSEWHERE, otherApi: OTHER_API };
    await this.http.send({ method: 'POST', url: this.#url, what, ...advice, ...json(properties), expect: [201] });
  }

  /** Sends the properties again. Idempotent. With a JWT it creates the worker too. */
  async update(properties: Partial<WorkerProperties>, signal?: AbortSignal): Promise<void> {
    await this.#send('PATCH', '', `update the worker ${this.#identity.hostname}`, { ...json(properties), signal });
  }

  /** Removes the worker. After a lost answer the next try may end with `not-found`: then it is gone. */
  async unregister(): Promise<void> {
    await this.#send('DELETE', '', `unregister the worker ${this.#identity.hostname}`);
  }

  /**
   * Asks for a run. **Not idempotent**: a run is handed out once. One try of at least 60 s: a late answer is better
   * than a lost run.
   */
  async checkIn(state: CheckIn): Promise<CheckedIn> {
    const query = new URLSearchParams(
      Object.entries(state).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const limits = { answer: 60_000, total: 90_000 };
    const { call, answer } = await this.#send('GET', `?${query}`, 'check in', { retry: false, limits });
    const data = objectOf(jsendData(answer.body)?.['worker']);
    if (data === undefined) throw notJobserv(call, answer);
    const rundefs = Array.isArray(data['run-defs']) ? data['run-defs'] : [];
    return {
      enlisted: data['enlisted'] === true,
      version: typeof data['version'] === 'string' ? data['version'] : undefined,
      runDefinitions: rundefs.map((rundef) => (typeof rundef === 'string' ? rundef : JSON.stringify(rundef))),
    };
  }

  /** Reports an event. Tried again only when the server surely does not have it. */
  async sendEvent(event: WorkerEvent): Promise<void> {
    await this.#send('POST', 'events/', 'report the event', { ...json(event), expect: [201] });
  }

  /** Sends a log for support, compressed. Not idempotent: each call makes another log. */
  async sendLogs(log: Uint8Array): Promise<void> {
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    const body = await promisify(gzip)(log);
    await this.#send('PUT', 'logs/', "send the worker's log", { body, headers, expect: [202] });
  }

  /**
   * Which of these folders belong to no project any more. A GET with a body, as the server wants it.
   *
   * @param directories names of projects or their first parts; without any, the server is not asked
   * @returns those of them that may be removed
   */
  async deadVolumes(directories: readonly string[]): Promise<string[]> {
    if (directories.length === 0) return [];
    const { call, answer } = await this.#send(
      'GET',
      'volumes-deleted/',
      'ask for volumes to delete',
      json({ directories }),
    );
    const volumes = jsendData(answer.body)?.['volumes'];
    if (!Array.isArray(volumes)) throw notJobserv(call, answer);
    // Only those that were asked about: the server cannot name others to be removed here.
    return directories.filter((directory) => volumes.includes(directory));
  }

  close(): Promise<void> {
    return this.http.close();
  }

  async #send(method: Call['method'], resource: string, what: string, more: Partial<Call> = {}) {
    const { jwt, apiKey } = this.#identity;
    const authorization = jwt === undefined ? `Token ${apiKey}` : `Bearer ${jwt}`;
    const headers = { ...more.headers, authorization };
    const call: Call = {
      method,
      url: `${this.#url}${resource}`,
      what,
      logIn: LOG_IN,
      otherApi: OTHER_API,
      ...more,
      headers,
    };
    return { call, answer: await this.http.send(call).catch((error: unknown) => refused(error, this.#identity)) };
  }
}

/** Replaces advice for readers of runs by what can be done about a worker. */
function refused(error: unknown, { serverUrl, hostname, jwt }: WorkerIdentity): never {
  const { kind, status, said } = error instanceof ServerFailure ? error : {};
  if (kind !== 'not-found' && kind !== 'unauthorized') throw error;
  // With another status a proxy or a login page answered, which knows no worker.
  if (kind === 'unauthorized' && status !== 401 && status !== 403) throw error;
  const answer = `(${status}${said === undefined ? '' : `: ${said}`})`;
  const [what, remedy] = jwt === undefined ? ['key', 'Enlist the worker there'] : ['JWT', 'Get a new one'];
  let message = `${serverUrl} does not accept the ${what} of the worker ${hostname} ${answer}. ${remedy}, or register another worker in a new folder.`;
  if (kind === 'not-found') {
    message = `${serverUrl} has no worker ${hostname} ${answer}: it was unregistered, or never registered there. Register one in a new folder; a server may not give a name twice.`;
  } else if (jwt !== undefined && status === 403) {
    message = `${serverUrl} does not let the JWT of the worker ${hostname} do this ${answer}: it may not allow all host_tags of settings.conf. Take the others out of host_tags, or get a JWT that allows them.`;
  }
  throw new ServerFailure(kind, message, { cause: error });
}

const json = (value: unknown): { body: string; headers: Record<string, string> } => ({
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});
