import { invisibleHelp } from '../../python/index.js';
import { childPath, valueAt } from '../../schema/index.js';
import type { CheckContext } from '../context.js';
import type { Edit } from '../finding.js';
import { locatedText } from '../places.js';
import type { RuleCheck } from '../rule.js';
import { choiceHelp, nearest, plain } from '../suggest.js';

/* The facts: project-schema.yml of the server. */
export const unknownKey: RuleCheck = {
  id: 'unknown-key',
  severity: 'error',
  server: 'rejects',
  *check(context) {
    for (const fault of context.faults) {
      if (fault.kind !== 'unknown-key') continue;
      const { key, choices } = fault;
      const place = { path: childPath(fault.path, key), at: 'key' as const };
      if (fault.volumes) {
        const message = `\`${key}\` cannot be the name of a volume.`;
        yield { ...place, message, help: 'Use letters, digits, `_`, `.` and `-` only.' };
        continue;
      }
      const invisible = invisibleHelp(key);
      yield {
        ...place,
        message: `There is no key \`${key}\` here.`,
        ...choiceHelp(key, choices, 'Keys'),
        ...(invisible !== undefined && { help: invisible }),
        fix: otherSpelling(context, fault.path, key, choices),
      };
    }
  },
};

/** `hostTag` and `host_tag` can only be `host-tag`; other similar keys are for a person to judge. */
function otherSpelling({ document }: CheckContext, path: string, key: string, choices: string[]): Edit | undefined {
  const meant = nearest(key, choices);
  if (meant === undefined || plain(meant) !== plain(key)) return undefined;
  if (valueAt(document.value, childPath(path, meant)) !== undefined) return undefined;
  const range = document.locate(childPath(path, key))?.key;
  return range && locatedText(document, range) === key ? { range, text: meant } : undefined;
}
