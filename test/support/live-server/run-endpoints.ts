/** What is posted to a run and read of it (SPEC 5), as the reference answers. */

import { SERVER_STATUSES, type ServerStatus } from '../../../src/schema/index.js';
import {
  contentType,
  failureData,
  file,
  frameworkText,
  type HttpAnswer,
  noFile,
  noObject,
  notFound,
  Refusal,
  serverError,
  success,
} from '../../../src/simulator/index.js';
import { type Asked, header } from './asked.js';
import type { LiveRun } from './live-run.js';
import type { Store } from './store.js';

/** @throws Refusal 404: one shape for what is missing above the run, another for the run */
export function runOf(store: Store, { names, path }: Asked): LiveRun {
  const [project = '', build = '', name = ''] = names;
  if (!store.hasBuild(project, Number(build))) throw new Refusal(noObject(decodeURIComponent(path)));
  const run = store.find(project, Number(build), name);
  if (run === undefined) throw new Refusal(notFound());
  return run;
}

/** @throws Refusal 401 for a wrong key, and for the right one of a run that is complete */
export function authenticate(run: LiveRun, asked: Asked): void {
  const refuse = (message: string): never => {
    throw new Refusal(failureData(401, { message }));
  };
  // The only way past the completion check.
  if (asked.query.get('apikey') === run.definition.api_key) return;
  const authorization = header(asked, 'authorization');
  if (!authorization) refuse('no key given');
  const [scheme, key, ...more] = (authorization ?? '').split(' ');
  if (scheme !== 'Token' || key === undefined || more.length > 0) refuse('not a run key');
  if (key !== run.definition.api_key) refuse('wrong key');
  if (run.complete) refuse('this run is already completed');
}

export function postConsole(store: Store, asked: Asked): HttpAnswer {
  const run = runOf(store, asked);
  authenticate(run, asked);
  run.acknowledged = true;
  if (asked.body.length > 0) run.append(asked.body);
  const metadata = header(asked, 'x-run-metadata');
  if (metadata) run.metadata = metadata;
  const status = header(asked, 'x-run-status');
  if (status) changeStatus(run, status);
  run.changed();
  const answer = success({});
  if (run.status === 'CANCELLING') answer.headers['x-jobserv-cancel'] = '1';
  return answer;
}

/** The status that is posted wins, over a cancel too. What was appended with a bad one stays. */
function changeStatus(run: LiveRun, text: string): void {
  const status = SERVER_STATUSES.find((one) => one === text);
  if (status === undefined) throw new Refusal(serverError(text));
  if (status === run.status) return;
  const reached: ServerStatus | undefined = status === 'PASSED' || status === 'FAILED' ? run.end(status) : status;
  if (reached === undefined) throw new Refusal(noFile());
  run.setStatus(reached);
}

export function readRun(store: Store, asked: Asked): HttpAnswer {
  const run = runOf(store, asked);
  const sized = asked.query.get('version') === 'v2';
  const artifacts = [...run.artifacts].map(([name, content]) => {
    const url = `${address(run, asked)}${name.split('/').map(encodeURIComponent).join('/')}`;
    return sized ? { url, size_bytes: content.length } : url;
  });
  const detail = { worker_name: run.workerName, status_events: run.events, artifacts };
  return success({ run: { ...summary(run, asked), ...detail } });
}

/** The run as lists have it. */
export function summary(run: LiveRun, asked: Asked): Record<string, unknown> {
  const url = address(run, asked);
  const first = run.events[0];
  return {
    name: run.name,
    url,
    status: run.status,
    log_url: `${url}console.log`,
    ...(first ? { created: first.time } : {}),
    ...(first && run.complete ? { completed: run.events.at(-1)?.time } : {}),
    host_tag: run.definition['host-tag'],
    ...(run.tests.length > 0 ? { tests: `${url}tests/` } : {}),
  };
}

/** Of the host that was asked. */
export function address(run: LiveRun, { origin }: Asked): string {
  return `${origin}${new URL(run.url).pathname}`;
}

/** Not jsend. Without the key of a run that is not complete: no key, and every secret is `TODO`. */
export function readRundef(store: Store, asked: Asked): HttpAnswer {
  const run = runOf(store, asked);
  const { api_key, ...shown } = run.definition;
  return { status: 200, headers: { 'content-type': 'application/json' }, body: text(withSecrets()) };

  function withSecrets(): object {
    try {
      authenticate(run, asked);
      return { ...shown, api_key };
    } catch {
      const { secrets } = shown;
      if (!secrets || Object.keys(secrets).length === 0) return shown;
      return { ...shown, secrets: Object.fromEntries(Object.keys(secrets).map((name) => [name, 'TODO'])) };
    }
  }
}

function text(rundef: object): string {
  return JSON.stringify(rundef, null, 2);
}

export function readProgress(store: Store, asked: Asked): HttpAnswer {
  const progress = runOf(store, asked).definition['console-progress'];
  return progress ? success(progress) : failureData(404, { message: 'no console-progress' });
}

/** A file of the run; while it runs there is only its console. */
export function readArtifact(store: Store, asked: Asked): HttpAnswer {
  const run = runOf(store, asked);
  const path = asked.names[3] ?? '';
  const quirk = store.consoleQuirk;
  const status: Record<string, string> = quirk === 'status-removed' ? {} : { 'x-run-status': run.status };
  if (run.complete) return stored(run, path, status);
  if (path !== 'console.log') return failureData(404, { message: 'this run is not over' });
  if (run.status === 'QUEUED') {
    const body = `# no worker yet for ${run.definition['host-tag']}`;
    return { status: 200, headers: { 'content-type': 'text/plain', ...status }, body };
  }
  if (run.log === undefined) return stored(run, path, {});
  if (quirk === 'offset-ignored') return file(run.log, 'text/plain', status);
  const answer = grown(run.log, header(asked, 'x-offset'), status);
  return quirk === 'sent-from-0' ? { ...answer, body: run.log.subarray(0, Buffer.byteLength(answer.body)) } : answer;
}

/** From the offset on; at the end or behind it an empty page, of another type. */
function grown(log: Buffer, given: string | undefined, status: Record<string, string>): HttpAnswer {
  if (given === undefined || given === '') return file(log, 'text/plain', status);
  if (!/^\s*[+-]?\d+\s*$/.test(given)) throw new Refusal(serverError('offset'));
  const offset = Number(given);
  if (offset < 0) throw new Refusal(serverError('offset'));
  if (offset >= log.length) return { status: 200, headers: { 'content-type': 'text/html', ...status }, body: '' };
  return file(log.subarray(offset), 'text/plain', status);
}

/** Whole, whatever offset was asked for. A type that the server does not know is an error of its own. */
function stored(run: LiveRun, path: string, status: Record<string, string>): HttpAnswer {
  const content = run.artifacts.get(path);
  if (path.endsWith('.html')) {
    return content ? { status: 200, headers: { 'content-type': 'text/html' }, body: content } : noFile();
  }
  if (content === undefined) return frameworkText(404, 'no such file', status);
  const type = contentType(path);
  return type === '' ? serverError('type') : file(content, type, status);
}
