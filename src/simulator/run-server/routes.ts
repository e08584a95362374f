/**
 * The requests that a run's script may make (SPEC 8, "The run's server"), answered as a live server does.
 */
import { closeSync } from 'node:fs';
import { NOWHERE } from '../inputs/trigger-params.js';
import {
  contentType,
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
import { addTest, createSigned, header, post, updateTest } from './posts.js';
import {
  buildPath,
  cumulativeStatus,
  encodePath,
  type Found,
  isComplete,
  runPath,
  type ServedFile,
  type ServedRequest,
  type ServedRun,
  type ServedTest,
  type Visible,
} from './served-run.js';

/** An answer, or an open file from an offset on; the caller closes the file. */
export type ServedAnswer =
  | HttpAnswer
  | { status: number; headers: Record<string, string>; file: ServedFile; from: number };

type Handler = (request: ServedRequest, found: Found) => ServedAnswer | Promise<ServedAnswer>;

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
  const fit = fitting.find(({ handle }) => handle !== undefined);
  try {
    if (fit?.handle) return await fit.handle(request, foundBy(visible, request, fit.names));
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

/** @throws Refusal for a build or run that the caller does not see */
function foundBy(visible: Visible, { path, method }: ServedRequest, names: readonly (string | undefined)[]): Found {
  const [project, build, name, below = ''] = names;
  const runs = visible.runs.filter((run) => run.project === project && run.build === Number(build));
  if (runs.length === 0) {
    visible.missed(`${method} ${path}`);
    throw new Refusal(noObject(decodeURIComponent(path)));
  }
  const run = name === undefined ? runs[0] : runs.find((one) => one.name === name);
  if (run === undefined) throw new Refusal(notFound());
  return { runs, run, name: below, visible };
}

const address = (run: ServedRun, request: ServedRequest): string => `${request.origin}${runPath(run)}`;

function readBuild(request: ServedRequest, { runs, run: first }: Found): HttpAnswer {
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

function readRuns(request: ServedRequest, { runs }: Found): HttpAnswer {
  return success({ runs: runs.map((run) => summary(run, request)) });
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

async function readRun(request: ServedRequest, { run }: Found): Promise<HttpAnswer> {
  const sized = request.query.get('version') === 'v2';
  const artifacts = (await run.files()).map(({ path, sizeBytes }) => {
    const url = `${address(run, request)}${encodePath(path)}`;
    return sized ? { url, size_bytes: sizeBytes } : url;
  });
  const detail = { worker_name: run.workerName, status_events: run.events, artifacts };
  return success({ run: { ...summary(run, request), ...detail } });
}

function readRundef(request: ServedRequest, { run: { rundef } }: Found): HttpAnswer {
  const headers = { 'content-type': 'application/json' };
  return { status: 200, headers, body: JSON.stringify(rundef, null, 2).replaceAll(NOWHERE, request.origin) };
}

function readProgress(_request: ServedRequest, { run: { rundef } }: Found): HttpAnswer {
  const progress = (rundef as Record<string, unknown>)['console-progress'];
  return progress ? success(progress) : failureData(404, { message: 'Run has not defined console-progress' });
}

/** An artifact; while the run is in progress there is only its console. */
async function readFile(request: ServedRequest, { run, name: path }: Found): Promise<ServedAnswer> {
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

function readTests(request: ServedRequest, { run }: Found): HttpAnswer {
  return success({ tests: run.tests.map((test) => testSummary(run, test, request)) });
}

function readTest(request: ServedRequest, { run, name }: Found): HttpAnswer {
  const test = run.tests.find((one) => one.name === name);
  if (test === undefined) return notFound();
  return success({ test: { ...testSummary(run, test, request), results: test.results } });
}

function testSummary(run: ServedRun, { name, status, context, created }: ServedTest, request: ServedRequest): object {
  return { name, url: `${address(run, request)}tests/${encodeURIComponent(name)}/`, status, context, created };
}
