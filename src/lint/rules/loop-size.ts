import type { RuleCheck } from '../rule.js';

export const loopSize: RuleCheck = {
  id: 'loop-size',
  severity: 'error',
  server: 'rejects',
  *check({ problems }) {
    for (const { kind, path, message } of problems) {
      if (kind === 'loop-size') yield { path, at: 'key', message, help: 'Loop over fewer values.' };
    }
  },
};
