/**
 * The requests that a run's script may make (SPEC 8, "The run's server"), answered as a live server does:
 * builds, runs, artifacts, consoles and tests are read; what is posted is kept with the run.
 */
import { closeSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { NOWHERE } from '../inputs/trigger-params.js';
import {
  failure,
  failureData,
  fileHeaders,
  frameworkText,
  type HttpAnswer,
  noFile,
  noObject,
  notFound,
  Refusal,
  serverError,
  success,
} from './answers.js';
import { contentType } from './content-type.js';
import {
  buildPath,
  cumulativeStatus,
  encodePath,
  isComplete,
  runPath,
  type ServedFile,
  type ServedRun,
  type ServedStatus,
  type ServedTest,
  STATUSES,
  serverTime,
} from './served-run.js';

export interface ServedRequest {
  method: string;
  /** Undecoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Length of the body that was sent; `body` may hold less. */
  bodyBytes: number;
  /** `http://<host>` as the client wrote it: it stands in every address of an answer. */
  origin: string;
}

/** An answer, or an open file from an offset on; the caller closes the file. */
export type ServedAnswer =
  | HttpAnswer
  | { status: number; headers: Record<string, string>; file: ServedFile; from: number };

/** The runs that one caller may see, in the order in which they were started. */
export interface Visible {
  readonly runs: readonly ServedRun[];
  /** The one that it may post to. */
  readonly own: ServedRun;
  /** Called for a request that a live server might answer and this one cannot. */
  missed(what: string): void;
}

type Handler = (
  visible: Visible,
  request: ServedRequest,
  names: readonly string[],
) => ServedAnswer | Promise<ServedAnswer>;

// A project's name may have slashes.
const BUILD = '/projects/([^/].*?)/builds/(\\d+)';
const RUN = `${BUILD}/runs/([^/]+)`;

const route = (source: string, methods: Record<string, Handler>) => ({
  pattern: new RegExp(`^${source}$`, 's'),
  methods,
});

/** The first pattern that matches and has the method. */
const ROUTES = [
  route(`${RUN}/tests/([^/]+)/`, { GET: readTest, POST: addTest, PUT: updateTest }),
  route(`${RUN}/tests/`, { GET: readTests }),
  route(`${RUN}/`, { GET: readRun, POST: post }),
  route(`${RUN}/\\.rundef\\.json`, { GET: readRundef }),
  route(`${RUN}/progress-regex`, { GET: readProgress }),
  route(`${RUN}/create_signed`, { POST: createSigned }),
  // `tests` without its slash is redirected instead.
  route(`${RUN}/(?!tests$|tests/[^/]+$)(.+)`, { GET: readFile }),
  route(`${BUILD}/runs/`, { GET: readRuns }),
  route(`${BUILD}/`, { GET: readBuild }),
];

/** Never throws for what a client sent. */
export async function answerOf(visible: Visible, request: ServedRequest): Promise<ServedAnswer> {
  const path = decoded(request.path);
  if (path === undefined) return notFound();
  if (path.includes('..')) return failure(400, `Invalid path specified: ${path}`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const fitting = ROUTES.flatMap(({ pattern, methods }) => {
    const match = pattern.exec(path);
    return match ? [{ names: match.slice(1), handle: methods[method] }] : [];
  });
  const found = fitting.find(({ handle }) => handle !== undefined);
  try {
    if (found?.handle) return await found.handle(visible, request, found.names);
    return otherwise(visible, request, path, fitting.length > 0);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

function decoded(path: string): string | undefined {
  try {
    const text = decodeURIComponent(path);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** What no route answers: a redirect to the address with its slash, a method that is not allowed, or nothing. */
function otherwise(visible: Visible, request: ServedRequest, path: string, otherMethod: boolean): HttpAnswer {
  const withSlash = ROUTES.some(({ pattern }) => pattern.source.endsWith('\\/$') && pattern.test(`${path}/`));
  const isProject = /^\/projects\/[^/]/.test(path);
  if (withSlash || (!otherMethod && isProject && !path.endsWith('/'))) {
    const query = request.query.size > 0 ? `?${request.query}` : '';
    return frameworkText(308, 'Redirecting', { location: `${request.origin}${request.path}/${query}` });
  }
  if (otherMethod || (isProject && request.method !== 'GET' && request.method !== 'HEAD')) {
    return frameworkText(405, 'Method Not Allowed');
  }
  visible.missed(`${request.method} ${path}`);
  return isProject ? noObject(path) : notFound();
}

function runOf(
  visible: Visible,
  [project, build, name]: readonly string[],
  { path, method }: ServedRequest,
): ServedRun {
  const runs = runsOf(visible, [project ?? '', build ?? ''], { path, method });
  const run = runs.find((one) => one.name === name);
  if (run === undefined) throw new Refusal(notFound());
  return run;
}

function runsOf(
  { runs, missed }: Visible,
  [project, build]: readonly string[],
  { path, method }: Pick<ServedRequest, 'path' | 'method'>,
): ServedRun[] {
  const found = runs.filter((run) => run.project === project && run.build === Number(build));
  if (found.length > 0) return found;
  missed(`${method} ${path}`);
  throw new Refusal(noObject(decodeURIComponent(path)));
}

const address = (run: ServedRun, request: ServedRequest): string => `${request.origin}${runPath(run)}`;

function readBuild(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  const runs = runsOf(visible, names, request);
  const [first] = runs;
  if (first === undefined) return notFound();
  const url = `${request.origin}${buildPath(first)}`;
  const status = cumulativeStatus(runs.map((run) => run.status));
  const times = runs.flatMap(({ events }) => events.map(({ time }) => time)).sort();
  return success({
    build: {
      build_id: first.build,
      url,
      status,
      runs: runs.map((run) => summary(run, request)),
      ...(times[0] === undefined ? {} : { created: times[0] }),
      ...(isComplete({ status }) ? { completed: times.at(-1) } : {}),
      status_events:
        times[0] === undefined
          ? []
          : [
              { time: times[0], status: 'QUEUED' },
              { time: times.at(-1), status },
            ],
      runs_url: `${url}runs/`,
      reason: null,
      annotation: null,
    },
  });
}

function readRuns(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  return success({ runs: runsOf(visible, names, request).map((run) => summary(run, request)) });
}

/** A run as lists show it. */
function summary(run: ServedRun, request: ServedRequest): object {
  const url = address(run, request);
  const [first] = run.events;
  return {
    name: run.name,
    url,
    status: run.status,
    log_url: `${url}console.log`,
    ...(first ? { created: first.time } : {}),
    ...(first && isComplete(run) ? { completed: run.events.at(-1)?.time } : {}),
    ...(run.hostTag === '' ? {} : { host_tag: run.hostTag }),
    ...(run.tests.length > 0 ? { tests: `${url}tests/` } : {}),
  };
}

async function readRun(visible: Visible, request: ServedRequest, names: readonly string[]): Promise<HttpAnswer> {
  const run = runOf(visible, names, request);
  const sized = request.query.get('version') === 'v2';
  const artifacts = (await run.files()).map(({ path, sizeBytes }) => {
    const url = `${address(run, request)}${encodePath(path)}`;
    return sized ? { url, size_bytes: sizeBytes } : url;
  });
  const detail = { worker_name: run.workerName, status_events: run.events, artifacts };
  return success({ run: { ...summary(run, request), ...detail } });
}

function readRundef(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  const { rundef } = runOf(visible, names, request);
  const headers = { 'content-type': 'application/json' };
  return { status: 200, headers, body: JSON.stringify(rundef, null, 2).replaceAll(NOWHERE, request.origin) };
}

function readProgress(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  const { rundef } = runOf(visible, names, request);
  const progress = (rundef as Record<string, unknown>)['console-progress'];
  return progress ? success(progress) : failureData(404, { message: 'Run has not defined console-progress' });
}

/** An artifact; while the run is in progress there is only its console. */
async function readFile(visible: Visible, request: ServedRequest, names: readonly string[]): Promise<ServedAnswer> {
  const run = runOf(visible, names, request);
  const path = names[3] ?? '';
  const status = { 'x-run-status': run.status };
  if (!isComplete(run)) return path === 'console.log' ? growing(run, request, status) : inProgress();
  const html = path.endsWith('.html');
  const found = await run.open(path);
  if (found === undefined) return html ? noFile() : frameworkText(404, 'File not found', status);
  if (html) return { status: 200, headers: { 'content-type': 'text/html' }, file: found, from: 0 };
  // A live server with local storage fails at a name without a known type; one with other storage does not.
  const type = contentType(path) || 'application/octet-stream';
  return { status: 200, headers: { ...fileHeaders(type), ...status }, file: found, from: 0 };
}

const inProgress = () => failureData(404, { message: 'Run in progress, no artifacts available' });

/** The console of a run in progress, from `X-OFFSET` on; an offset at or after its end gives an empty page. */
async function growing(run: ServedRun, request: ServedRequest, status: Record<string, string>): Promise<ServedAnswer> {
  const given = header(request, 'x-offset') ?? '';
  if (!/^\d*$/.test(given)) return serverError('X-OFFSET is no number');
  const from = Number(given);
  const found = await run.openConsole();
  if (found !== undefined && (given === '' || from < found.sizeBytes)) {
    return { status: 200, headers: { ...fileHeaders('text/plain'), ...status }, file: found, from };
  }
  if (found !== undefined) closeSync(found.fd);
  return { status: 200, headers: { 'content-type': 'text/html', ...status }, body: '' };
}

/** Console, status and metadata of the script's own run. They are kept, and change nothing. */
function post(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  const run = ownRun(visible, request, names);
  const status = header(request, 'x-run-status');
  if (status !== undefined && status !== '' && !isStatus(status)) return serverError(status);
  if (status) visible.missed(`POST ${request.path} (status ${status})`);
  keep(run, request, '');
  return success({});
}

function createSigned(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  ownRun(visible, request, names);
  visible.missed(`POST ${request.path}`);
  return serverError('This simulation stores no uploads.');
}

function readTests(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  const run = runOf(visible, names, request);
  return success({ tests: run.tests.map((test) => testSummary(run, test, request)) });
}

function readTest(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  const run = runOf(visible, names, request);
  const test = run.tests.find(({ name }) => name === names[3]);
  if (test === undefined) return notFound();
  return success({ test: { ...testSummary(run, test, request), results: test.results } });
}

function testSummary(run: ServedRun, { name, status, context, created }: ServedTest, request: ServedRequest): object {
  return { name, url: `${address(run, request)}tests/${encodeURIComponent(name)}/`, status, context, created };
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

function addTest(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  const run = ownRun(visible, request, names);
  const fields = fieldsOf(request);
  reserveTests(run, request);
  const { context, status, results } = fields;
  run.tests.push({
    name: names[3] ?? '',
    context: Object.keys(fields).length > 0 ? textOrNull(context) : '',
    status: status ? statusOf(status) : 'QUEUED',
    results: Array.isArray(results) ? results.map(resultOf) : [],
    created: serverTime(),
  });
  keep(run, request, `tests/${names[3]}/`);
  return success({});
}

function updateTest(visible: Visible, request: ServedRequest, names: readonly string[]): HttpAnswer {
  const run = ownRun(visible, request, names);
  const context = request.query.get('context');
  const test = run.tests.find((one) => one.name === names[3] && (!context || one.context === context));
  if (test === undefined) return notFound();
  const { status, results } = fieldsOf(request);
  reserveTests(run, request);
  if (Array.isArray(results)) test.results.push(...results.map(resultOf));
  if (status) test.status = statusOf(status);
  keep(run, request, `tests/${names[3]}/`);
  return success({ complete: isComplete(run) });
}

/** The caller's own run, and only while it runs: a script may post to no other. */
function ownRun(visible: Visible, request: ServedRequest, names: readonly string[]): ServedRun {
  const run = runOf(visible, names, request);
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
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    throw new Refusal(frameworkText(400, 'Bad Request'));
  }
}

function resultOf(given: unknown): ServedTest['results'][number] {
  const { name, context, status, output } = (given ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string') throw new Refusal(serverError('name'));
  return { name, context: textOrNull(context), status: statusOf(status), output: textOrNull(output) };
}

const isStatus = (text: unknown): text is ServedStatus => STATUSES.some((status) => status === text);

function statusOf(text: unknown): ServedStatus {
  if (!isStatus(text)) throw new Refusal(serverError(String(text)));
  return text;
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function header({ headers }: ServedRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
