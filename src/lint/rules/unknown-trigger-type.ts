import { TRIGGER_TYPES } from '../../schema/index.js';
import type { RuleCheck } from '../rule.js';
import { reference } from '../suggest.js';

export const unknownTriggerType: RuleCheck = {
  id: 'unknown-trigger-type',
  severity: 'error',
  server: 'rejects',
  *check({ triggers }) {
    for (const {
      path,
      trigger: { type },
    } of triggers) {
      if (type == null || TRIGGER_TYPES.includes(type)) continue;
      yield reference(`${path}/type`, `There is no trigger type \`${type}\`.`, type, TRIGGER_TYPES, 'Types');
    }
  },
};
