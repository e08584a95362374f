import { TRIGGER_TYPES } from '../../schema/model.js';
import { asText } from '../../schema/values.js';
import type { RuleCheck } from '../rule.js';
import { reference } from '../suggest.js';

export const unknownTriggerType: RuleCheck = {
  id: 'unknown-trigger-type',
  severity: 'error',
  server: 'rejects',
  *check({ triggers }) {
    for (const { path, trigger } of triggers) {
      const type = asText(trigger['type']);
      if (type === undefined || (TRIGGER_TYPES as readonly string[]).includes(type)) continue;
      yield reference(`${path}/type`, `There is no trigger type \`${type}\`.`, type, TRIGGER_TYPES, 'Types');
    }
  },
};
