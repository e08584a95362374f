/** What a worker asks and tells a server (SPEC 5, 6). */

import {
  failure,
  failureData,
  type HttpAnswer,
  noObject,
  Refusal,
  serverError,
  success,
} from '../../../src/simulator/index.js';
import { type Asked, fieldsOf, header, jsonOf } from './asked.js';
import { claimsOf } from './jwt.js';
import { LiveWorker } from './live-worker.js';
import type { Store } from './store.js';

const REQUIRED = ['api_key', 'distro', 'mem_total', 'cpu_total', 'cpu_type', 'concurrent_runs', 'host_tags'] as const;
const CHANGEABLE = ['distro', 'mem_total', 'cpu_total', 'cpu_type', 'concurrent_runs', 'host_tags'] as const;
/** A worker with less free disk gets no work, bytes. */
const LEAST_DISK = 30_000_000_000;

interface Caller {
  worker: LiveWorker;
  /** Tags that its JWT allows; none means any. */
  allowedTags: readonly string[];
}

/** @throws Refusal 401, or 404 for one that is not there, or not the caller itself */
function authenticate(store: Store, asked: Asked): Caller {
  const authorization = header(asked, 'authorization');
  if (!authorization) throw new Refusal(failure(401, 'no key given'));
  const [scheme, key = '', ...more] = authorization.split(' ');
  if (more.length > 0 || !['Token', 'Bearer'].includes(scheme ?? '')) throw new Refusal(failure(401, 'no worker key'));
  return scheme === 'Bearer' ? byJwt(store, asked, key) : byKey(store, asked, key);
}

/** A JWT makes its worker known, and enlists it. */
function byJwt(store: Store, { names }: Asked, jwt: string): Caller {
  const { name, tags } = claimsOf(jwt, store.trustedKeys);
  if (name !== names[0]) throw new Refusal(failure(404, 'not this worker'));
  const known = store.workers.get(name);
  if (known?.deleted) throw new Refusal(failure(404, 'deleted'));
  const worker = known ?? new LiveWorker(name, undefined);
  if (known === undefined) worker.enlisted = true;
  store.workers.set(name, worker);
  return { worker, allowedTags: tags };
}

function byKey(store: Store, { names, path }: Asked, key: string): Caller {
  const worker = store.workers.get(names[0] ?? '');
  if (worker === undefined || worker.deleted) throw new Refusal(noObject(path));
  if (key !== worker.apiKey) throw new Refusal(failure(401, 'wrong key'));
  return { worker, allowedTags: [] };
}

/** Needs no key. A name that was ever there is an error of the database. */
export function register(store: Store, asked: Asked): HttpAnswer {
  const fields = fieldsOf(asked);
  const missing = REQUIRED.filter((name) => !(name in fields));
  if (missing.length > 0) return failure(400, `missing: ${missing.join(', ')}`);
  const name = asked.names[0] ?? '';
  if (store.workers.has(name)) throw new Refusal(serverError('a worker of this name'));
  const worker = new LiveWorker(name, String(fields['api_key']));
  assign(worker, fields);
  if (Array.isArray(fields['host_tags'])) worker.host_tags = fields['host_tags'].join(',');
  worker.surges_only = fields['surges_only'] === true;
  store.workers.set(name, worker);
  return success({}, 201);
}

export function update(store: Store, asked: Asked): HttpAnswer {
  const { worker, allowedTags } = authenticate(store, asked);
  const fields = fieldsOf(asked);
  const tags = fields['host_tags'];
  if (typeof tags === 'string' && allowedTags.length > 0) {
    const wrong = tags.split(',').filter((tag) => !allowedTags.includes(tag));
    if (wrong.length > 0) throw new Refusal(failure(403, `not allowed: ${wrong.join(', ')}`));
  }
  assign(worker, fields);
  save(worker);
  return success({});
}

/** A worker that came with a JWT is in the database only then, and has its defaults. */
function save(worker: LiveWorker): void {
  worker.surges_only ??= false;
}

function assign(worker: LiveWorker, fields: Record<string, unknown>): void {
  const given = CHANGEABLE.filter((name) => fields[name] !== null && fields[name] !== undefined);
  Object.assign(worker, Object.fromEntries(given.map((name) => [name, fields[name]])));
}

export function unregister(store: Store, asked: Asked): HttpAnswer {
  authenticate(store, asked).worker.deleted = true;
  return success({});
}

/** Hands out one run at most, and each once. */
export function checkIn(store: Store, asked: Asked): HttpAnswer {
  const { worker } = authenticate(store, asked);
  const shown = { ...worker.asJson(`${asked.origin}${asked.path}`), version: store.workerVersion };
  const query = Object.fromEntries(asked.query);
  if (worker.enlisted) worker.checkIns.push(query);
  const free = numberOf(query['available_runners']);
  const disk = numberOf(query['disk_free']);
  const mayWork = worker.enlisted && (worker.surges_only !== true || store.surge);
  if (free <= 0 || !mayWork || disk < LEAST_DISK) return success({ worker: shown });
  const stray = store.strays.shift();
  if (stray !== undefined) return success({ worker: { ...shown, 'run-defs': [stray] } });
  const run = store.take(worker);
  if (run === undefined) return success({ worker: shown });
  save(worker);
  return success({ worker: { ...shown, 'run-defs': [JSON.stringify(store.handedOut(run, asked.origin))] } });
}

function numberOf(text = '0'): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Refusal(serverError('a whole number'));
  return Number(text);
}

/** @throws Refusal 403 without a reason for a worker that is not enlisted */
function enlisted(store: Store, asked: Asked): LiveWorker {
  const { worker } = authenticate(store, asked);
  if (!worker.enlisted) throw new Refusal(failureData(403, {}));
  return worker;
}

/** The reference stumbles over the folder that a check-in has made: only the first event may come before it, later ones follow. */
export function event(store: Store, asked: Asked): HttpAnswer {
  const worker = enlisted(store, asked);
  const payload = jsonOf(asked);
  if (isEmpty(payload)) return success({}, 201);
  if (worker.events.length === 0 && worker.checkIns.length > 0) throw new Refusal(serverError('folder exists'));
  worker.events.push(payload);
  return success({}, 201);
}

function isEmpty(payload: unknown): boolean {
  return payload === undefined || Object.keys(Object(payload)).length === 0;
}

export function logs(store: Store, asked: Asked): HttpAnswer {
  const worker = enlisted(store, asked);
  const encoding = header(asked, 'content-encoding');
  if (encoding === undefined) throw new Refusal(serverError('content-encoding'));
  if (encoding !== 'gzip') return failure(400, 'gzip wanted');
  if (asked.body.length > 0) worker.logs.push(asked.body);
  return success({}, 202);
}

/** A GET with a body. A folder lives while a project's name begins with it. */
export function deadVolumes(store: Store, asked: Asked): HttpAnswer {
  enlisted(store, asked);
  const { directories } = fieldsOf(asked);
  if (!Array.isArray(directories) || directories.length === 0) return failure(400, 'which directories?');
  const dead = directories.map(String).filter((folder) => ![...store.projects].some((name) => name.startsWith(folder)));
  return success({ volumes: dead });
}
