import { hasNestedRepeat, RegexFault } from '../../python/index.js';
import type { RuleCheck } from '../rule.js';
import { patterns } from '../runs.js';

export const regexSlow: RuleCheck = {
  id: 'regex-slow',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    for (const { path, key, parsed } of patterns(context)) {
      if (key === 'progress-pattern' || parsed === undefined || parsed instanceof RegexFault) continue;
      if (!hasNestedRepeat(parsed.root)) continue;
      yield {
        path,
        message:
          'A line that almost matches can keep the server busy for ever: what is repeated here can match the same text in many ways.',
        help: 'Do not repeat a repetition, as in `(a+)+`; or put a character between the two that must be there.',
      };
    }
  },
};
