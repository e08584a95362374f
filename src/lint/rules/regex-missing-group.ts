import { RegexFault } from '../../python/regex/reader.js';
import { NEEDED, NEVER_COMPLETE, parsedPattern, patterns } from '../patterns.js';
import type { RuleCheck } from '../rule.js';

export const regexMissingGroup: RuleCheck = {
  id: 'regex-missing-group',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { path, text, key } of patterns(context)) {
      const parsed = parsedPattern(context, text);
      if (parsed === undefined || parsed instanceof RegexFault) continue;
      const missing = NEEDED[key].filter((name) => !parsed.groups.has(name));
      if (missing.length === 0) continue;
      const names = missing.map((name) => `\`${name}\``).join(' and ');
      const groups = missing.length === 1 ? 'group' : 'groups';
      const help = `Name the parts of the pattern: ${missing.map((name) => `\`(?P<${name}>…)\``).join(', ')}.`;
      if (key === 'progress-pattern') {
        const message = `This pattern has no ${groups} ${names}; no progress can be shown.`;
        yield { path, message, help, severity: 'warning', server: 'misbehaves' };
      } else yield { path, message: `This pattern has no ${groups} ${names}; ${NEVER_COMPLETE}`, help };
    }
  },
};
