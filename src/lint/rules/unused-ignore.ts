import type { RuleCheck } from '../rule.js';

/** `quiet.ts` makes its findings, after all other rules. */
export const unusedIgnore: RuleCheck = {
  id: 'unused-ignore',
  severity: 'info',
  server: 'accepts',
  check: () => [],
};
