import { namesCharacter } from '../../python/regex/pattern-facts.js';
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
      if (key === 'progress-pattern' || parsed instanceof RegexFault) continue;
      if (parsed === undefined || namesCharacter(text)) {
        const what = parsed === undefined ? 'is nested too deeply' : 'names a character (`\\N{…}`)';
        const message = `This pattern ${what}: a simulation cannot evaluate it, and fails the run.`;
        const help = parsed === undefined ? 'Nest it less.' : 'Write the character itself.';
        yield { path, message, help };
        continue;
      }
      const part = needsBacktracking(parsed);
      if (part === undefined) continue;
      const message = `This pattern uses ${part}: a simulation evaluates it with a bound on time, and fails the run beyond it.`;
      yield { path, message, help: 'Write it without, if you can.' };
    }
  },
};
