import { asObject, childPath } from '../../schema/values.js';
import { loopsOf } from '../all-params.js';
import type { RuleCheck } from '../rule.js';

export const loopRepeatedParam: RuleCheck = {
  id: 'loop-repeated-param',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const { path, run } of context.runs) {
      const first = new Map<string, string>();
      const params = asObject(run['params']);
      for (const { param, at } of loopsOf(context, path, run)) {
        const other = first.get(param);
        if (other !== undefined) {
          const message = `A loop of this run sets \`${param}\` already; the values of that one never count.`;
          yield { path: `${at}/param`, message, related: [{ path: `${other}/param`, message: 'the first one' }] };
        } else if (params && param !== 'host-tag' && param in params) {
          const message = `The loop sets \`${param}\` in each of its runs; this value never counts.`;
          const related = [{ path: `${at}/param`, message: 'the loop' }];
          yield { path: childPath(`${path}/params`, param), message, help: 'Remove one of the two.', related };
        }
        if (other === undefined) first.set(param, at);
      }
    }
  },
};
