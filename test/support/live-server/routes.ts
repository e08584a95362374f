/** Which request is which endpoint: the reference's routes, and what it says of a path that is none of them. */

import { failure, frameworkText, type HttpAnswer, noObject, notFound } from '../../../src/simulator/index.js';
import type { Asked, Endpoint } from './asked.js';
import { readBuild, readRuns, validate } from './definition-endpoints.js';
import { postConsole, readArtifact, readProgress, readRun, readRundef } from './run-endpoints.js';
import type { Store } from './store.js';
import { addTest, readTest, readTests, updateTest } from './test-endpoints.js';
import type { Uploads } from './upload-endpoints.js';
import { checkIn, deadVolumes, event, logs, register, unregister, update } from './worker-endpoints.js';

type Handler = (store: Store, asked: Asked, uploads: Uploads) => HttpAnswer;
type Methods = Readonly<Record<string, readonly [Endpoint, Handler]>>;

/** A project's name may have slashes. */
const BUILD = '/projects/([^/].*?)/builds/(\\d+)';
const RUN = `${BUILD}/runs/([^/]+)`;
const WORKER = '/workers/([^/]+)';

/** The first whose path fits is taken, of those the first with the method. */
const ROUTES: readonly (readonly [RegExp, Methods])[] = [
  [path('/simulator-validate'), { POST: ['validate', validate] }],
  [
    path(`${RUN}/tests/([^/]+)/`),
    { GET: ['read-test', readTest], POST: ['add-test', addTest], PUT: ['update-test', updateTest] },
  ],
  [path(`${RUN}/tests/`), { GET: ['read-tests', readTests] }],
  [path(`${RUN}/`), { GET: ['read-run', readRun], POST: ['console', postConsole] }],
  [path(`${RUN}/\\.rundef\\.json`), { GET: ['read-rundef', readRundef] }],
  [path(`${RUN}/progress-regex`), { GET: ['read-progress', readProgress] }],
  [
    path(`${RUN}/create_signed`),
    { POST: ['create-signed', (store, asked, uploads) => uploads.createSigned(store, asked)] },
  ],
  [path(`${RUN}/(console\\.log)`), { GET: ['read-console', readArtifact] }],
  // Without its slash it is redirected to the tests instead.
  [path(`${RUN}/(?!tests$|tests/[^/]+$)(.+)`), { GET: ['read-artifact', readArtifact] }],
  [path(`${BUILD}/runs/`), { GET: ['read-runs', readRuns] }],
  [path(`${BUILD}/`), { GET: ['read-build', readBuild] }],
  [
    path('/local-storage/([^/]+)/([^/].*?)/builds/(\\d+)/runs/([^/]+)/(.+)'),
    { PUT: ['upload', (store, asked, uploads) => uploads.put(store, asked)] },
  ],
  [
    path(`${WORKER}/`),
    {
      GET: ['check-in', checkIn],
      POST: ['register', register],
      PATCH: ['update', update],
      DELETE: ['unregister', unregister],
    },
  ],
  [path(`${WORKER}/events/`), { POST: ['event', event] }],
  [path(`${WORKER}/logs/`), { PUT: ['logs', logs] }],
  [path(`${WORKER}/volumes-deleted/`), { GET: ['volumes-deleted', deadVolumes] }],
];

function path(source: string): RegExp {
  return new RegExp(`^${source}$`, 's');
}

export interface Route {
  endpoint: Endpoint;
  names: readonly string[];
  handle: Handler;
}

/** Never none: what is no route answers as the reference does. */
export function routeOf(method: string, rawPath: string): Route {
  const asking = method === 'HEAD' ? 'GET' : method;
  const decoded = decode(rawPath);
  if (decoded === undefined) return elsewhere(notFound);
  if (decoded.includes('..')) return elsewhere(() => failure(400, `not a path: ${decoded}`));
  const fitting = ROUTES.flatMap(([pattern, methods]) => {
    const match = pattern.exec(decoded);
    return match ? [{ names: match.slice(1), methods }] : [];
  });
  for (const { names, methods } of fitting) {
    const found = methods[asking];
    if (found) return { endpoint: found[0], names, handle: found[1] };
  }
  const withSlash = ROUTES.some(([pattern]) => pattern.source.endsWith('\\/$') && pattern.test(`${decoded}/`));
  if (withSlash) return elsewhere(redirected(rawPath));
  return elsewhere(fitting.length > 0 ? notAllowed : beyond(asking, rawPath, decoded));
}

function decode(rawPath: string): string | undefined {
  try {
    return decodeURIComponent(rawPath);
  } catch {
    return undefined;
  }
}

/** Every path below `/projects/` may be a project's name, even that of a run that is spelt wrong. */
function beyond(method: string, rawPath: string, decoded: string): Handler {
  if (!/^\/projects\/[^/]/.test(decoded)) return () => notFound();
  if (!decoded.endsWith('/')) return redirected(rawPath);
  return method === 'GET' ? () => noObject(decoded) : notAllowed;
}

function elsewhere(handle: Handler): Route {
  return { endpoint: 'unknown', names: [], handle };
}

function notAllowed(): HttpAnswer {
  return frameworkText(405, 'not with this method');
}

function redirected(rawPath: string): Handler {
  return (_store, { origin, query }) => {
    const location = `${origin}${rawPath}/${query.size > 0 ? `?${query}` : ''}`;
    return frameworkText(308, 'elsewhere', { location });
  };
}
