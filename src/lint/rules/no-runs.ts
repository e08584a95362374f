import type { RuleCheck } from '../rule.js';

/*
 * trigger.py `trigger_build` makes the build all the same; a build gets its status from its runs (models.py
 * `refresh_status`), so this one stays queued.
 */
export const noRuns: RuleCheck = {
  id: 'no-runs',
  severity: 'warning',
  server: 'misbehaves',
  *check({ root, triggers }) {
    if (root?.triggers?.length === 0) {
      yield { path: '/triggers', message: 'There is no trigger, so the server never builds anything.' };
    }
    for (const { path, trigger } of triggers) {
      if (trigger.runs?.length !== 0) continue;
      yield { path: `${path}/runs`, message: 'This trigger has no runs; a build of it stays queued for ever.' };
    }
  },
};
