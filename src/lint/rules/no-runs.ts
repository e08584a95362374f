import { asList } from '../../schema/values.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Rule } from '../rule.js';

/*
 * trigger.py `trigger_build` makes the build all the same; a build gets its status from its runs (models.py
 * `refresh_status`), so that this one stays queued.
 */
export const noRuns: Rule = {
  id: 'no-runs',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'There is nothing to build: a trigger has no runs, or there are no triggers.',
  explain: {
    why: 'The server accepts an empty list of runs. A build of that trigger is queued and stays so, because a build is complete when the last of its runs is. Without any trigger there is never a build.',
    bad: `timeout: 30
triggers:
  - name: nightly
    type: simple
    runs: []
`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
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
