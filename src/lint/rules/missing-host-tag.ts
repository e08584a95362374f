import { asList, asObject } from '../../schema/values.js';
import type { RuleCheck } from '../rule.js';

/* The facts: `validate_data` in the server's project.py. */
export const missingHostTag: RuleCheck = {
  id: 'missing-host-tag',
  severity: 'error',
  server: 'rejects',
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
