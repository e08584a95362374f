/** Checking a definition (SPEC 5), and the build that runs are of. */
import { check } from '../../../src/lint/index.js';
import {
  cumulativeStatus,
  failure,
  type HttpAnswer,
  isComplete,
  noObject,
  Refusal,
  success,
} from '../../../src/simulator/index.js';
import { type Asked, jsonOf } from './asked.js';
import { summary } from './run-endpoints.js';
import type { Store } from './store.js';

/** Its verdict is that of the schema's rules, which the conformance files hold to the server's. */
export function validate(_store: Store, asked: Asked): HttpAnswer {
  const definition = jsonOf(asked);
  const empty = definition === undefined || Object.keys(Object(definition)).length === 0;
  if (empty) return failure(400, 'a definition, please');
  const { accepted, diagnostics } = check(JSON.stringify(definition));
  if (accepted) return success({});
  return failure(400, diagnostics.find(({ server }) => server === 'rejects')?.message ?? 'rejected');
}

export function readBuild(store: Store, asked: Asked): HttpAnswer {
  const { runs, project, build } = buildOf(store, asked);
  const url = `${asked.origin}/projects/${project}/builds/${build}/`;
  const status = cumulativeStatus(runs.map((run) => run.status));
  const times = runs.flatMap(({ events }) => events.map(({ time }) => time)).sort();
  const events = [{ time: times[0], status: 'QUEUED' }, ...(times.length > 0 ? [{ time: times.at(-1), status }] : [])];
  return success({
    build: {
      build_id: build,
      url,
      status,
      runs: runs.map((run) => summary(run, asked)),
      created: times[0],
      ...(isComplete({ status }) ? { completed: times.at(-1) } : {}),
      status_events: events,
      runs_url: `${url}runs/`,
      reason: null,
      annotation: null,
    },
  });
}

export function readRuns(store: Store, asked: Asked): HttpAnswer {
  return success({ runs: buildOf(store, asked).runs.map((run) => summary(run, asked)) });
}

function buildOf(store: Store, { names, path }: Asked) {
  const [project = '', text = ''] = names;
  const runs = store.ofBuild(project, Number(text));
  if (runs.length === 0) throw new Refusal(noObject(decodeURIComponent(path)));
  return { runs, project, build: Number(text) };
}
