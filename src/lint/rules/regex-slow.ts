import { hasNestedRepeat } from '../../python/regex/pattern-facts.js';
import { RegexFault } from '../../python/regex/reader.js';
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
        message: 'A line that nearly fits can take the server for ever: this repeats what can be divided in many ways.',
        help: 'Let only one of two repetitions inside each other be open, or put something between them that must be there.',
      };
    }
  },
};
