import type { RuleCheck } from '../rule.js';
import { choices, names, unquoted } from '../script-choices.js';
import { reference } from '../suggest.js';

export const unknownScript: RuleCheck = {
  id: 'unknown-script',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    const scripts = names(context, 'scripts');
    if (scripts === undefined) return;
    for (const { path, script, repository } of choices(context)) {
      if (!script || repository || scripts.has(script)) continue;
      const finding = reference(`${path}/script`, `There is no script \`${script}\`.`, script, scripts, 'Scripts');
      yield { ...finding, ...unquoted(context, 'scripts', script) };
    }
  },
};
