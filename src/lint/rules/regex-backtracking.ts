import { namesCharacter, needsBacktracking, RegexFault } from '../../python/index.js';
import type { RuleCheck } from '../rule.js';
import { patterns } from '../runs.js';

export const regexBacktracking: RuleCheck = {
  id: 'regex-backtracking',
  severity: 'warning',
  server: 'accepts',
  *check(context) {
    for (const { path, key, text, parsed } of patterns(context)) {
      if (key === 'progress-pattern' || parsed instanceof RegexFault) continue;
      if (parsed === undefined || namesCharacter(text)) {
        const what = parsed === undefined ? 'is nested too deeply' : 'names a character (`\\N{…}`)';
        const message = `This pattern ${what}: a simulation cannot evaluate it, and fails the run.`;
        yield { path, message, help: parsed === undefined ? 'Nest it less.' : 'Write the character itself.' };
        continue;
      }
      const part = needsBacktracking(parsed);
      if (part === undefined) continue;
      const message = `This pattern uses ${part}: a simulation evaluates it with a bound on time, and fails the run beyond it.`;
      yield { path, message, help: 'Write it without, if you can.' };
    }
  },
};
