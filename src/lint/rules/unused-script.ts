import type { RuleCheck } from '../rule.js';
import { unused } from '../unused.js';

export const unusedScript: RuleCheck = {
  id: 'unused-script',
  severity: 'warning',
  server: 'accepts',
  check: (context) => unused(context, 'scripts', 'script', (value) => value),
};
