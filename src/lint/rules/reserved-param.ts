import { PARAMS_OF_TRIGGER } from '../../schema/index.js';
import type { RuleCheck } from '../rule.js';
import { allParams } from '../runs.js';

/** Always the server's or the worker's own: project.py `get_run_definition`, api/worker.py, jobserv_worker.py. */
const ALWAYS: Readonly<Record<string, string>> = {
  H_PROJECT: 'the name of the project',
  H_BUILD: 'the number of the build',
  H_RUN: 'the name of the run',
  H_RUN_URL: 'the URL of the run',
  H_WORKER: 'the name of the worker',
};

/** What the trigger itself reads in its params. */
const READ_BY_TRIGGER: Readonly<Record<string, string>> = { git_poller: 'GIT_URL', github_pr: 'GH_BRANCH' };

export const reservedParam: RuleCheck = {
  id: 'reserved-param',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const { place, name, level, view } of allParams(context)) {
      if (Object.hasOwn(ALWAYS, name)) {
        const message = `\`${name}\` is always ${ALWAYS[name]}; what is written here is lost.`;
        yield { ...place, message, help: 'Choose another name; those that begin with `H_` belong to the server.' };
        continue;
      }
      const type = view?.trigger.type ?? '';
      if (!(Object.hasOwn(PARAMS_OF_TRIGGER, type) && PARAMS_OF_TRIGGER[type]?.includes(name))) continue;
      if (level === 'trigger' && READ_BY_TRIGGER[type] === name) continue;
      const message = `A ${type} trigger sets \`${name}\` itself; what is written here only counts in a build that somebody starts by hand.`;
      yield { ...place, message, ...(level === 'trigger' && { severity: 'info' as const }) };
    }
  },
};
