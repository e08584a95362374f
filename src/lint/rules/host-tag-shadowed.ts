import type { RuleCheck } from '../rule.js';
import { loopsOf } from '../runs.js';

export const hostTagShadowed: RuleCheck = {
  id: 'host-tag-shadowed',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const view of context.runs) {
      const loop = loopsOf(context, view).find(({ param }) => param === 'host-tag');
      if (view.run['host-tag'] == null || loop === undefined) continue;
      yield {
        path: `${view.path}/host-tag`,
        message: `The loop sets the host-tag of each of its runs; this one is never used.`,
        help: 'Remove it.',
        related: [{ path: `${loop.at}/param`, message: 'the loop' }],
      };
    }
  },
};
