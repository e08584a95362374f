import { childPath } from '../../schema/index.js';
import type { RuleCheck } from '../rule.js';
import { loopsOf } from '../runs.js';

export const loopRepeatedParam: RuleCheck = {
  id: 'loop-repeated-param',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const view of context.runs) {
      const { path, run } = view;
      const first = new Map<string, string>();
      for (const { param, at } of loopsOf(context, view)) {
        const other = first.get(param);
        if (other !== undefined) {
          const message = `A loop of this run sets \`${param}\` already; the values of that one never count.`;
          yield { path: `${at}/param`, message, related: [{ path: `${other}/param`, message: 'the first one' }] };
          continue;
        }
        first.set(param, at);
        if (param === 'host-tag' || !(param in (run.params ?? {}))) continue;
        const message = `The loop sets \`${param}\` in each of its runs; this value never counts.`;
        const related = [{ path: `${at}/param`, message: 'the loop' }];
        yield { path: childPath(`${path}/params`, param), message, help: 'Remove one of the two.', related };
      }
    }
  },
};
