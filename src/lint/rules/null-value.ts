import type { YamlObject } from '../../python/yaml/load.js';
import { asList, asObject, childPath } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Finding, Rule } from '../rule.js';
import { wanted } from './types.js';

/** A rule about keys with nothing behind them. */

export const nullValue: Rule = {
  id: 'null-value',
  severity: 'error',
  server: 'rejects',
  summary: 'A key has no value where the server needs one.',
  explain: {
    why: 'A key with nothing behind it has the value null. For most optional texts, lists and flags the server takes that as if the key were not there; for a mapping, or for anything that it needs, it refuses the definition. Some nulls it accepts and stumbles over later: a host-tag, a script; and a param becomes the text `None`.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
        params:
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
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
