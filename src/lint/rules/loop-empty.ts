import type { RuleCheck } from '../rule.js';
import { loopsOf } from '../runs.js';

export const loopEmpty: RuleCheck = {
  id: 'loop-empty',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const view of context.runs) {
      const empty = loopsOf(context, view).find(({ values }) => values.length === 0);
      if (empty === undefined) continue;
      const message = 'This loop has no values, so the server makes no run of it.';
      yield { path: `${empty.at}/values`, message, help: 'Give it a value, or remove the run.' };
    }
  },
};
