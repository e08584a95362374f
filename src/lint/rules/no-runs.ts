import { asList } from '../../schema/values.js';
import type { RuleCheck } from '../rule.js';

/*
 * trigger.py `trigger_build` makes the build all the same; a build gets its status from its runs (models.py
 * `refresh_status`), so that this one stays queued.
 */
export const noRuns: RuleCheck = {
  id: 'no-runs',
  severity: 'warning',
  server: 'misbehaves',
  *check({ root, triggers }) {
    if (asList(root?.['triggers'])?.length === 0) {
      yield { path: '/triggers', message: 'There is no trigger, so that the server never builds anything.' };
    }
    for (const { path, trigger } of triggers) {
      if (asList(trigger['runs'])?.length !== 0) continue;
      yield { path: `${path}/runs`, message: 'This trigger has no runs; a build of it stays queued for ever.' };
    }
  },
};
