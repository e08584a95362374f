import { RegexFault } from '../../python/regex/reader.js';
import { needsBacktracking } from '../../python/regex/to-re2.js';
import { parsedPattern, patterns } from '../patterns.js';
import type { RuleCheck } from '../rule.js';

export const regexBacktracking: RuleCheck = {
  id: 'regex-backtracking',
  severity: 'warning',
  server: 'accepts',
  *check(context) {
    for (const { path, text, key } of patterns(context)) {
      const parsed = parsedPattern(context, text);
      if (key === 'progress-pattern' || parsed === undefined || parsed instanceof RegexFault) continue;
      const part = needsBacktracking(parsed);
      if (part === undefined) continue;
      const message = `This pattern uses ${part}: a simulation evaluates it with a bound on time, and fails the run beyond it.`;
      yield { path, message, help: 'Write it without, if you can.' };
    }
  },
};
