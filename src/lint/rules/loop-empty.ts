import { loopsOf } from '../all-params.js';
import type { RuleCheck } from '../rule.js';

export const loopEmpty: RuleCheck = {
  id: 'loop-empty',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const { path, run } of context.runs) {
      for (const { values, at } of loopsOf(context, path, run)) {
        if (values.length > 0) continue;
        const message = 'This loop has no values, so that the server makes no run of it.';
        yield { path: `${at}/values`, message, help: 'Give it a value, or remove the run.' };
        break;
      }
    }
  },
};
