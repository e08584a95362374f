import type { RuleCheck } from '../rule.js';
import { unknownChoices } from './script-choice.js';

export const unknownScript: RuleCheck = {
  id: 'unknown-script',
  severity: 'error',
  server: 'rejects',
  check: (context) => unknownChoices(context, 'scripts'),
};
