import type { RuleCheck } from '../rule.js';
import { choices, names, unquoted } from '../script-choices.js';
import { reference } from '../suggest.js';

export const unknownScriptRepo: RuleCheck = {
  id: 'unknown-script-repo',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    const repositories = names(context, 'script-repos');
    if (repositories === undefined) return;
    for (const { path, script, repository } of choices(context)) {
      if (!repository || script || repositories.has(repository)) continue;
      const message = `There is no script-repo \`${repository}\`.`;
      const finding = reference(`${path}/script-repo/name`, message, repository, repositories, 'Script-repos');
      yield { ...finding, ...unquoted(context, 'script-repos', repository) };
    }
  },
};
