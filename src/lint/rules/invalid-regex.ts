import { RegexFault } from '../../python/regex/reader.js';
import { NEVER_COMPLETE, parsedPattern, patterns } from '../patterns.js';
import { placeInScalar } from '../places.js';
import type { RuleCheck } from '../rule.js';

export const invalidRegex: RuleCheck = {
  id: 'invalid-regex',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { path, text, key } of patterns(context)) {
      const parsed = parsedPattern(context, text);
      if (!(parsed instanceof RegexFault)) continue;
      const range = placeInScalar(context, path, text, parsed.at, parsed.end);
      const place = { path, ...(range && { range }) };
      if (key === 'progress-pattern')
        yield { ...place, message: parsed.message, severity: 'warning', server: 'misbehaves' };
      else yield { ...place, message: `${parsed.message} Python refuses the pattern; ${NEVER_COMPLETE}` };
    }
  },
};
