import type { RuleCheck } from '../rule.js';

/** What it finds is known when all other rules have looked: see `quiet.ts`. */
export const unknownIgnore: RuleCheck = {
  id: 'unknown-ignore',
  severity: 'warning',
  server: 'accepts',
  check: () => [],
};
