import type { RuleCheck } from '../rule.js';
import { unknownChoices } from './script-choice.js';

export const unknownScriptRepo: RuleCheck = {
  id: 'unknown-script-repo',
  severity: 'error',
  server: 'rejects',
  check: (context) => unknownChoices(context, 'script-repos'),
};
