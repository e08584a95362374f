import { TRIGGER_TYPES } from '../../schema/model.js';
import { asList, asObject, asText } from '../../schema/values.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import { reference } from '../reference.js';
import type { Rule } from '../rule.js';

/** Rules about what a trigger or a run needs to be found: a type, a tag. The facts: `validate_data` in the server's project.py. */

export const unknownTriggerType: Rule = {
  id: 'unknown-trigger-type',
  severity: 'error',
  server: 'rejects',
  summary: 'A trigger has a type that the server does not know.',
  explain: {
    why: 'The type says what starts a build of the trigger, and what its runs find when they begin: a clone of the repository or nothing. There are four of them, and the server refuses any other.',
    bad: `timeout: 30
triggers:
  - name: nightly
    type: cron
    runs:
      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
    good: `timeout: 30
triggers:
  - name: nightly
    type: simple
    runs:
      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check({ triggers }) {
    for (const { path, trigger } of triggers) {
      const type = asText(trigger['type']);
      if (type === undefined || (TRIGGER_TYPES as readonly string[]).includes(type)) continue;
      yield reference(`${path}/type`, `There is no trigger type \`${type}\`.`, type, TRIGGER_TYPES, 'Types');
    }
  },
};

export const missingHostTag: Rule = {
  id: 'missing-host-tag',
  severity: 'error',
  server: 'rejects',
  summary: 'A run has neither a host-tag nor a loop over `host-tag`.',
  explain: {
    why: 'Each run needs a tag by which the server finds a worker for it: `host-tag`, or a loop over the param `host-tag`, which makes one run for each tag. The server refuses a run with neither.',
    bad: `${ONE_RUN}      - name: build
        container: alpine:3.20
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { path, run } of context.runs) {
      if (!context.lacks(path, run, 'host-tag') || context.isMisspelt(path, 'loop-on')) continue;
      if (!context.isSound(`${path}/loop-on`)) continue;
      if (asList(run['loop-on'])?.some((loop) => asObject(loop)?.['param'] === 'host-tag')) continue;
      const message = 'This run does not say which workers may take it: `host-tag` is missing.';
      yield { path, at: 'whole', message, help: 'Add `host-tag`, or a `loop-on` with the param `host-tag`.' };
    }
  },
};
