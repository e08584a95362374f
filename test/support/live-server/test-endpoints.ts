/** Test results of a run (SPEC 5). Nothing keeps two tests of a run from having one name. */

import { SERVER_STATUSES, type ServerStatus } from '../../../src/schema/index.js';
import {
  cumulativeStatus,
  type HttpAnswer,
  notFound,
  Refusal,
  serverError,
  success,
} from '../../../src/simulator/index.js';
import { type Asked, fieldsOf, jsonOf } from './asked.js';
import type { LiveRun, LiveTest } from './live-run.js';
import { address, authenticate, runOf } from './run-endpoints.js';
import type { Store } from './store.js';
import { now } from './time.js';

export function addTest(store: Store, asked: Asked): HttpAnswer {
  const run = runOf(store, asked);
  authenticate(run, asked);
  const { context, status, results } = (jsonOf(asked) ?? {}) as Record<string, unknown>;
  const test: LiveTest = {
    name: asked.names[3] ?? '',
    context: hasFields(asked) ? textOrNull(context) : '',
    status: status ? statusOf(status) : 'QUEUED',
    results: Array.isArray(results) ? results.map(resultOf) : [],
    created: now(),
  };
  run.tests.push(test);
  run.changed();
  return success({});
}

/** Changes the first test of that name, and ends the run when it was the last one awaited. */
export function updateTest(store: Store, asked: Asked): HttpAnswer {
  const run = runOf(store, asked);
  authenticate(run, asked);
  const context = asked.query.get('context');
  const test = run.tests.find(({ name, context: own }) => name === asked.names[3] && (!context || own === context));
  if (test === undefined) throw new Refusal(notFound());
  const { message, status, results } = fieldsOf(asked);
  if (typeof message === 'string' && message !== '') run.append(message);
  if (Array.isArray(results)) test.results.push(...results.map(resultOf));
  const wanted = status ? statusOf(status) : undefined;
  if (wanted !== undefined && wanted !== test.status) {
    test.status = wanted;
    const reached = cumulativeStatus(run.tests.map((one) => one.status));
    if (reached === 'PASSED' || reached === 'FAILED') run.storeConsole();
    run.setStatus(reached);
  }
  return success({ complete: run.complete });
}

export function readTests(store: Store, asked: Asked): HttpAnswer {
  const run = runOf(store, asked);
  return success({ tests: run.tests.map((test) => shown(run, test, asked)) });
}

export function readTest(store: Store, asked: Asked): HttpAnswer {
  const run = runOf(store, asked);
  const test = run.tests.find(({ name }) => name === asked.names[3]);
  if (test === undefined) throw new Refusal(notFound());
  return success({ test: { ...shown(run, test, asked), results: test.results } });
}

function shown(run: LiveRun, { name, status, context, created }: LiveTest, asked: Asked): object {
  return { name, url: `${address(run, asked)}tests/${encodeURIComponent(name)}/`, status, context, created };
}

/** An empty object counts as nothing said: then the context is empty, not null. */
function hasFields(asked: Asked): boolean {
  return Object.keys(fieldsOf(asked)).length > 0;
}

function resultOf(given: unknown): LiveTest['results'][number] {
  const { name, context, status, output } = given as Record<string, unknown>;
  if (typeof name !== 'string') throw new Refusal(serverError('name'));
  return { name, context: textOrNull(context), status: statusOf(status), output: textOrNull(output) };
}

function statusOf(status: unknown): ServerStatus {
  const known = SERVER_STATUSES.find((one) => one === status);
  if (known === undefined) throw new Refusal(serverError(String(status)));
  return known;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
