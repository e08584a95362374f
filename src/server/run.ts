/** A run as the server knows it, and its definition (SPEC 5). */
import type { Call } from './call.js';
import type { HttpClient } from './http.js';
import { jsendData, objectOf, parse } from './jsend.js';
import { notJobserv } from './not-jobserv.js';

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
export async function readRun(http: HttpClient, runUrl: string, signal?: AbortSignal): Promise<ServerRun> {
  const call: Call = { method: 'GET', url: `${runUrl}?version=v2`, what: 'read the run', signal };
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
): Promise<Record<string, unknown>> {
  const call: Call = { method: 'GET', url: `${runUrl}.rundef.json`, what: 'read the run definition', signal };
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

/** A field that is there only when it has a value. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
