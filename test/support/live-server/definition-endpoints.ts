/** Checking a definition (SPEC 5), and the build that runs are of. */
import { check } from '../../../src/lint/check.js';
import { type Answer, failure, noObject, Refusal, success } from './answers.js';
import { type Asked, jsonOf } from './asked.js';
import { summary } from './run-endpoints.js';
import type { Store } from './store.js';
import { cumulative } from './test-endpoints.js';

/** Its verdict is that of the schema's rules, which the conformance files hold to the server's. */
export function validate(_store: Store, asked: Asked): Answer {
  const definition = jsonOf(asked);
  const empty = definition === undefined || Object.keys(Object(definition)).length === 0;
  if (empty) return failure(400, 'a definition, please');
  const { accepted, diagnostics } = check(JSON.stringify(definition));
  if (accepted) return success({});
  return failure(400, diagnostics.find(({ server }) => server === 'rejects')?.message ?? 'rejected');
}

export function readBuild(store: Store, asked: Asked): Answer {
  const { runs, project, build } = buildOf(store, asked);
  const url = `${asked.origin}/projects/${project}/builds/${build}/`;
  const detail = { runs_url: `${url}runs/`, runs: runs.map((run) => summary(run, asked)) };
  return success({ build: { build_id: build, url, status: cumulative(runs.map(({ status }) => status)), ...detail } });
}

export function readRuns(store: Store, asked: Asked): Answer {
  return success({ runs: buildOf(store, asked).runs.map((run) => summary(run, asked)) });
}

function buildOf(store: Store, { names, path }: Asked) {
  const [project = '', text = ''] = names;
  const runs = store.ofBuild(project, Number(text));
  if (runs.length === 0) throw new Refusal(noObject(decodeURIComponent(path)));
  return { runs, project, build: Number(text) };
}
