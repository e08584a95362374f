import type { RuleCheck } from '../rule.js';

/** What it finds is known when all other rules have looked: see `quiet.ts`. */
export const unusedIgnore: RuleCheck = {
  id: 'unused-ignore',
  severity: 'info',
  server: 'accepts',
  check: () => [],
};
