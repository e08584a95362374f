import { RegexFault } from '../../python/index.js';
import type { RuleCheck } from '../rule.js';
import { NEVER_COMPLETE, patterns } from '../runs.js';

export const invalidRegex: RuleCheck = {
  id: 'invalid-regex',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { path, key, parsed } of patterns(context)) {
      if (!(parsed instanceof RegexFault)) continue;
      const { message } = parsed;
      if (key === 'progress-pattern') yield { path, message, severity: 'warning', server: 'misbehaves' };
      else yield { path, message: `${message} Python refuses the pattern; ${NEVER_COMPLETE}` };
    }
  },
};
