import type { RuleCheck } from '../rule.js';
import { problemFinding } from './yaml-syntax.js';

export const emptyDefinition: RuleCheck = {
  id: 'empty-definition',
  severity: 'error',
  server: 'rejects',
  *check({ document: { problem } }) {
    if (problem?.stage !== 'empty') return;
    yield { path: '', ...problemFinding(problem), help: 'A definition needs at least `timeout` and `triggers`.' };
  },
};
