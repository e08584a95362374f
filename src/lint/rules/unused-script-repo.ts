import type { RuleCheck } from '../rule.js';
import { unused } from './unused-script.js';

export const unusedScriptRepo: RuleCheck = {
  id: 'unused-script-repo',
  severity: 'warning',
  server: 'accepts',
  check: (context) => unused(context, 'script-repos', 'script-repo', ({ run }) => run['script-repo']?.name),
};
