import { childPath } from '../../schema/index.js';
import type { CheckContext, Loose } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { wanted } from './wrong-type.js';

const FAILS = { server: 'fails' } as const;
const MISBEHAVES = { severity: 'warning', server: 'misbehaves' } as const;

export const nullValue: RuleCheck = {
  id: 'null-value',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    for (const fault of context.faults) {
      if (fault.kind !== 'wrong-type' || fault.value !== null) continue;
      const message = `There is no value here; ${wanted(fault.expected)} is needed.`;
      yield { path: fault.path, message, help: 'Give a value or remove it.' };
    }
    for (const { kind, path, message } of context.problems) if (kind === 'null-value') yield { path, message };
    yield* acceptedNulls(context);
  },
};

/*
 * project.py `get_run_definition` writes `str(value)` of each param and lowers the host-tag; api/github.py splits
 * GH_BRANCH. Another rule reports params that the poller needs.
 */
function* acceptedNulls({ root, triggers, runs }: CheckContext): Generator<Finding> {
  for (const [name, script] of Object.entries(root?.scripts ?? {})) {
    const message = 'This script has no text; a run of it has nothing to execute, and fails.';
    if (script === null) yield { path: childPath('/scripts', name), message, ...FAILS };
  }
  if (root) yield* nullParams('', root);
  for (const { path, trigger } of triggers) yield* nullParams(path, trigger);
  for (const { path, run } of runs) {
    yield* nullParams(path, run);
    if (run['host-tag'] !== null || run['loop-on']?.some((loop) => loop?.param === 'host-tag')) continue;
    const message = 'There is no host-tag here; the server accepts that, and fails each build of the trigger.';
    yield { path: `${path}/host-tag`, message, help: 'Give a value.', ...FAILS };
  }
}

function* nullParams(
  path: string,
  owner: { type?: string | null; params?: Loose<Record<string, string>> },
): Generator<Finding> {
  for (const [key, value] of Object.entries(owner.params ?? {})) {
    if (value !== null || (owner.type === 'git_poller' && ['GIT_URL', 'GIT_POLL_REFS'].includes(key))) continue;
    const place = childPath(`${path}/params`, key);
    if (key === 'GH_BRANCH' && owner.type === 'github_pr') {
      const message = 'There are no branches here; the server fails at that for each pull request.';
      yield { path: place, message, help: 'Name branches, or remove it to build them all.', ...FAILS };
    } else {
      const message = `There is no value here; the script gets the text \`None\`.`;
      yield { path: place, message, help: 'Write `""` for an empty text, or remove it.', ...MISBEHAVES };
    }
  }
}
