import type { RuleCheck } from '../rule.js';

/** `quiet.ts` makes its findings, after all other rules. */
export const unknownIgnore: RuleCheck = {
  id: 'unknown-ignore',
  severity: 'warning',
  server: 'accepts',
  check: () => [],
};
