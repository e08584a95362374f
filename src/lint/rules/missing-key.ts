import type { RuleCheck } from '../rule.js';

export const missingKey: RuleCheck = {
  id: 'missing-key',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    for (const fault of context.faults) {
      if (fault.kind !== 'missing-key' || context.isMisspelt(fault.path, fault.key)) continue;
      yield { path: fault.path, at: 'whole', message: `The key \`${fault.key}\` is missing here.` };
    }
  },
};
