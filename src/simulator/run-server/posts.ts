/** What a script posts: to its own run, while it runs. It is kept with the run, and passed on to nobody. */
import { objectOf } from '../../lib/index.js';
import { SERVER_STATUSES, type ServerStatus } from '../../schema/index.js';
import { failureData, frameworkText, type HttpAnswer, notFound, Refusal, serverError, success } from './answers.js';
import {
  type Found,
  isComplete,
  type ServedRequest,
  type ServedRun,
  type ServedTest,
  serverTime,
} from './served-run.js';

/** Console, status and metadata of the script's own run. They are kept, and change nothing. */
export function post(request: ServedRequest, found: Found): HttpAnswer {
  const run = ownRun(found);
  const status = header(request, 'x-run-status');
  if (status !== undefined && status !== '' && !isStatus(status)) return serverError(status);
  if (status) found.visible.missed(`POST ${request.path} (status ${status})`);
  keep(run, request, '');
  return success({});
}

export function createSigned(request: ServedRequest, found: Found): HttpAnswer {
  ownRun(found);
  found.visible.missed(`POST ${request.path}`);
  return serverError('This simulation stores no uploads.');
}

export function addTest(request: ServedRequest, found: Found): HttpAnswer {
  const run = ownRun(found);
  const fields = fieldsOf(request);
  reserveTests(run, request);
  const { context, status, results } = fields;
  run.tests.push({
    name: found.name,
    context: Object.keys(fields).length > 0 ? textOrNull(context) : '',
    status: status ? statusOf(status) : 'QUEUED',
    results: Array.isArray(results) ? results.map(resultOf) : [],
    created: serverTime(),
  });
  keep(run, request, `tests/${found.name}/`);
  return success({});
}

export function updateTest(request: ServedRequest, found: Found): HttpAnswer {
  const run = ownRun(found);
  const context = request.query.get('context');
  const test = run.tests.find((one) => one.name === found.name && (!context || one.context === context));
  if (test === undefined) return notFound();
  const { status, results } = fieldsOf(request);
  reserveTests(run, request);
  if (Array.isArray(results)) test.results.push(...results.map(resultOf));
  if (status) test.status = statusOf(status);
  keep(run, request, `tests/${found.name}/`);
  return success({ complete: isComplete(run) });
}

/** The caller's own run, and only while it runs: a script may post to no other. */
function ownRun({ run, visible }: Found): ServedRun {
  if (run !== visible.own) throw new Refusal(failureData(401, { message: 'Incorrect API key' }));
  if (isComplete(run)) throw new Refusal(failureData(401, { message: 'Run has already completed' }));
  return run;
}

/** The longest text of a post that is kept, bytes. */
const LONGEST_TEXT = 64 * 1024;

function keep(run: ServedRun, request: ServedRequest, path: string): void {
  const status = header(request, 'x-run-status');
  const metadata = header(request, 'x-run-metadata');
  run.record({
    path,
    ...(status ? { status } : {}),
    ...(metadata ? { metadata } : {}),
    text: request.body.subarray(0, LONGEST_TEXT).toString('utf8'),
    sizeBytes: request.bodyBytes,
  });
}

/** @throws Refusal 415 for another type, 400 for what is no JSON */
function fieldsOf({ headers, body, bodyBytes }: ServedRequest): Record<string, unknown> {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  if (!/^application\/(?:json|.+\+json)$/.test(type)) throw new Refusal(frameworkText(415, 'Unsupported Media Type'));
  if (bodyBytes > body.length) throw new Refusal(frameworkText(413, 'Content Too Large'));
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return objectOf(value) ?? {};
  } catch {
    throw new Refusal(frameworkText(400, 'Bad Request'));
  }
}

function resultOf(given: unknown): ServedTest['results'][number] {
  const { name, context, status, output } = (given ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string') throw new Refusal(serverError('name'));
  return { name, context: textOrNull(context), status: statusOf(status), output: textOrNull(output) };
}

const isStatus = (text: unknown): text is ServerStatus => SERVER_STATUSES.some((status) => status === text);

function statusOf(text: unknown): ServerStatus {
  if (!isStatus(text)) throw new Refusal(serverError(String(text)));
  return text;
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export function header({ headers }: ServedRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** Bytes of the posts with tests that are kept of a run. */
const MOST_TEST_BYTES = 64 * 1024 * 1024;
const testBytes = new WeakMap<ServedRun, number>();

/** @throws Refusal 413 when the run's script has posted more than is kept */
function reserveTests(run: ServedRun, { bodyBytes }: ServedRequest): void {
  const all = (testBytes.get(run) ?? 0) + bodyBytes;
  if (all > MOST_TEST_BYTES) throw new Refusal(frameworkText(413, 'Content Too Large'));
  testBytes.set(run, all);
}
