import { RegexFault } from '../../python/index.js';
import type { RuleCheck } from '../rule.js';
import { NEVER_COMPLETE, patterns } from '../runs.js';

const NEEDED = {
  'test-pattern': ['name'],
  'result-pattern': ['name', 'result'],
  'progress-pattern': ['current', 'total'],
};

export const regexMissingGroup: RuleCheck = {
  id: 'regex-missing-group',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { path, key, parsed } of patterns(context)) {
      if (parsed === undefined || parsed instanceof RegexFault) continue;
      const missing = NEEDED[key].filter((name) => !parsed.groups.has(name));
      if (missing.length === 0) continue;
      const names = missing.map((name) => `\`${name}\``).join(' and ');
      const message = `This pattern has no ${missing.length === 1 ? 'group' : 'groups'} ${names}`;
      const help = `Name the parts of the pattern: ${missing.map((name) => `\`(?P<${name}>…)\``).join(', ')}.`;
      if (key !== 'progress-pattern') yield { path, message: `${message}; ${NEVER_COMPLETE}`, help };
      else
        yield {
          path,
          message: `${message}; no progress can be shown.`,
          help,
          severity: 'warning',
          server: 'misbehaves',
        };
    }
  },
};
