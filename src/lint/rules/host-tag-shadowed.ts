import { asText } from '../../schema/values.js';
import { loopsOf } from '../all-params.js';
import type { RuleCheck } from '../rule.js';

export const hostTagShadowed: RuleCheck = {
  id: 'host-tag-shadowed',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const { path, run } of context.runs) {
      if (asText(run['host-tag']) === undefined) continue;
      const loop = loopsOf(context, path, run).find(({ param }) => param === 'host-tag');
      if (loop === undefined) continue;
      yield {
        path: `${path}/host-tag`,
        message: `The loop sets the host-tag of each of its runs; this one is never used.`,
        help: 'Remove it.',
        related: [{ path: `${loop.at}/param`, message: 'the loop' }],
      };
    }
  },
};
