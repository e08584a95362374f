import type { YamlObject } from '../../python/yaml/load.js';
import { asList, asObject, childPath } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import type { Finding, RuleCheck } from '../rule.js';
import { wanted } from './wrong-type.js';

export const nullValue: RuleCheck = {
  id: 'null-value',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    const { faults, problems } = context;
    for (const fault of faults) {
      if (fault.kind !== 'wrong-type' || fault.value !== null) continue;
      const { path, expected } = fault;
      yield {
        path,
        message: `There is no value here; ${wanted(expected)} is needed.`,
        help: 'Give a value or remove it.',
      };
    }
    for (const { kind, path, message } of problems) if (kind === 'null-value') yield { path, message };
    yield* acceptedNulls(context);
  },
};

/*
 * project.py `get_run_definition` writes `str(value)` of each param and lowers the host-tag; api/github.py splits
 * GH_BRANCH. Params that the poller needs are told by the rule about them.
 */
function* acceptedNulls({ root, triggers, runs }: CheckContext): Generator<Finding> {
  const scripts = asObject(root?.['scripts']);
  for (const key in scripts) {
    if (scripts[key] !== null) continue;
    const message = 'This script is nothing; a run of it has nothing to execute, and fails.';
    yield { path: childPath('/scripts', key), message, server: 'fails' };
  }
  yield* nullParams('', root);
  for (const { path, trigger } of triggers) yield* nullParams(path, trigger);
  for (const { path, run } of runs) {
    yield* nullParams(path, run);
    if (run['host-tag'] !== null || asList(run['loop-on'])?.some((loop) => asObject(loop)?.['param'] === 'host-tag'))
      continue;
    const message = 'There is no host-tag here; the server accepts that, and fails each build of the trigger.';
    yield { path: `${path}/host-tag`, message, help: 'Give a value.', server: 'fails' };
  }
}

function* nullParams(path: string, owner: YamlObject | undefined): Generator<Finding> {
  const params = asObject(owner?.['params']);
  for (const key in params) {
    if (params[key] !== null || (owner?.['type'] === 'git_poller' && ['GIT_URL', 'GIT_POLL_REFS'].includes(key)))
      continue;
    const place = { path: childPath(`${path}/params`, key) };
    if (key === 'GH_BRANCH' && owner?.['type'] === 'github_pr') {
      const message = 'There are no branches here; the server stumbles over that at each pull request.';
      yield { ...place, message, help: 'Name branches, or remove it to build them all.', server: 'fails' };
    } else {
      const message = `There is no value here; the script gets the text \`None\`.`;
      yield {
        ...place,
        message,
        help: 'Write `""` for an empty text, or remove it.',
        severity: 'warning',
        server: 'misbehaves',
      };
    }
  }
}
