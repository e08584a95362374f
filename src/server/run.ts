/** What a server has: a run, its definition, the runs of a build; and its verdict on a project definition (SPEC 5). */

import { objectOf } from '../lib/index.js';
import type { Call, SharedBounds } from './call.js';
import { notJobserv } from './failure-messages.js';
import type { HttpClient } from './http.js';
import { jsendData, parse } from './jsend.js';
import { ServerFailure } from './server-failure.js';

/** What readers need of a run; a field that the server left out, or wrote as something else, is not there. */
export interface ServerRun {
  name: string;
  /** QUEUED, RUNNING, UPLOADING, CANCELLING, PASSED, FAILED, … */
  status: string;
  url?: string;
  logUrl?: string;
  workerName?: string;
  hostTag?: string;
  /** The server's own text of a time. */
  created?: string;
  completed?: string;
  /** In the order in which they came. */
  statusEvents: { time: string; status: string; worker?: string }[];
  /** Files below the run's address: `console.log`, `sub/boot.img`. Size only from servers that know version 2. */
  artifacts: { path: string; url: string; sizeBytes?: number }[];
  /** Whether the server recorded tests. */
  hasTests: boolean;
}

/** @param runUrl the run's address, with its slash at the end */
export async function readRun(
  http: HttpClient,
  runUrl: string,
  signal?: AbortSignal,
  allowance?: SharedBounds,
): Promise<ServerRun> {
  const call: Call = { method: 'GET', url: `${runUrl}?version=v2`, what: 'read the run', signal, allowance };
  const answer = await http.send(call);
  const run = objectOf(jsendData(answer.body)?.['run']);
  if (run === undefined || typeof run['status'] !== 'string') throw notJobserv(call, answer);
  return {
    name: text(run['name']) ?? '',
    status: run['status'],
    statusEvents: listOf(run['status_events']).map((event) => ({
      time: text(event['time']) ?? '',
      status: text(event['status']) ?? '',
      ...optional('worker', text(event['worker'])),
    })),
    artifacts: artifactsOf(run['artifacts'], runUrl),
    hasTests: run['tests'] !== undefined && run['tests'] !== null,
    ...optional('url', text(run['url'])),
    ...optional('logUrl', text(run['log_url'])),
    ...optional('workerName', text(run['worker_name'])),
    ...optional('hostTag', text(run['host_tag'])),
    ...optional('created', text(run['created'])),
    ...optional('completed', text(run['completed'])),
  };
}

/**
 * The rundef as the server hands it out: a JSON object, not checked. Without `api_key`, and with
 * `TODO` for every secret, unless the caller may see them.
 */
export async function readRunDefinition(
  http: HttpClient,
  runUrl: string,
  signal?: AbortSignal,
  allowance?: SharedBounds,
): Promise<Record<string, unknown>> {
  const call: Call = {
    method: 'GET',
    url: `${runUrl}.rundef.json`,
    what: 'read the run definition',
    signal,
    allowance,
  };
  const answer = await http.send(call);
  const rundef = objectOf(parse(answer.body));
  if (rundef === undefined || rundef['project'] === undefined) throw notJobserv(call, answer);
  return rundef;
}

/** Addresses, or with version 2 objects that have the size too. */
function artifactsOf(value: unknown, runUrl: string): ServerRun['artifacts'] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const url = typeof item === 'string' ? item : text(objectOf(item)?.['url']);
    if (url === undefined) return [];
    const size = objectOf(item)?.['size_bytes'];
    return [
      { path: pathBelow(url, runUrl), url, ...optional('sizeBytes', typeof size === 'number' ? size : undefined) },
    ];
  });
}

/** The server may call itself by another name than the one it was asked under: what follows the run's path counts. */
function pathBelow(url: string, runUrl: string): string {
  const path = URL.canParse(url, runUrl) ? new URL(url, runUrl).pathname : url;
  const base = new URL(runUrl).pathname;
  const from = path.indexOf(base);
  const below = from < 0 ? (/\/runs\/[^/]+\/(.+)$/.exec(path)?.[1] ?? path) : path.slice(from + base.length);
  try {
    return decodeURIComponent(below);
  } catch {
    return below;
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(objectOf).filter((item) => item !== undefined) : [];
}

/** The field, or nothing where it has no value. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

export interface BuildRun {
  name: string;
  /** QUEUED, RUNNING, PASSED, FAILED, … */
  status: string;
}

/** @param buildUrl ends with a slash. @returns in the server's order; none when the answer is something else */
export async function readBuildRuns(http: HttpClient, buildUrl: string, signal?: AbortSignal): Promise<BuildRun[]> {
  const answer = await http.send({ method: 'GET', url: buildUrl, what: 'read the build', signal });
  const runs = objectOf(jsendData(answer.body)?.['build'])?.['runs'];
  return (Array.isArray(runs) ? runs : []).flatMap((item: unknown) => {
    const { name, status } = objectOf(item) ?? {};
    return typeof name === 'string' && typeof status === 'string' ? [{ name, status }] : [];
  });
}

export type ServerVerdict = { accepted: true } | { accepted: false; message: string };

/**
 * Asks a server what it would say of a definition.
 *
 * @param server its address; a path in it stays
 * @param json the definition as JSON text, as PyYAML's loader and `json.dumps` would make it
 * @throws ServerFailure when there is no verdict
 */
export async function validateDefinition(http: HttpClient, server: string, json: string): Promise<ServerVerdict> {
  try {
    await http.send({
      method: 'POST',
      url: `${server.replace(/\/*$/, '')}/simulator-validate`,
      what: 'ask the server about the definition',
      otherApi: "Give the address of the server's API: https://server.",
      body: json,
      headers: { 'content-type': 'application/json' },
      // It reads and answers, and keeps nothing.
      repeatable: true,
    });
    return { accepted: true };
  } catch (error) {
    if (!(error instanceof ServerFailure) || error.status !== 400) throw error;
    return { accepted: false, message: error.said ?? 'The server gives no reason.' };
  }
}
