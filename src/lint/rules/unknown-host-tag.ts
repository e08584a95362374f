import type { LintedRun } from '../context.js';
import type { RuleCheck } from '../rule.js';
import { choiceHelp } from '../suggest.js';

/*
 * models.py `Run.pop_queued`: a worker gets a run when one of its tags, or its name, matches the run's host-tag by
 * `fnmatch`; project.py lowers the host-tag before. Nothing limits how long a run waits.
 */
export const unknownHostTag: RuleCheck = {
  id: 'unknown-host-tag',
  severity: 'warning',
  server: 'misbehaves',
  *check({ config, runs }) {
    const { hostTags } = config;
    if (hostTags === undefined) return;
    const known = new Map<string, boolean>();
    for (const { tag, at } of runs.flatMap(hostTagsOf)) {
      const lower = tag.toLowerCase();
      const is = known.get(lower) ?? isKnown(lower, hostTags);
      known.set(lower, is);
      if (is) continue;
      const message = `No worker has the host-tag \`${lower}\`; the run will wait in the queue.`;
      yield { path: at, message, ...choiceHelp(tag, hostTags, 'In the configuration') };
    }
  },
};

function isKnown(tag: string, known: readonly string[]): boolean {
  return known.includes(tag) || known.some(matcherOf(tag) ?? (() => true));
}

/** The host-tags that a run gets: its own, or the values of a loop over them. */
function hostTagsOf({ path, run }: LintedRun): { tag: string; at: string }[] {
  const loops = [...(run['loop-on'] ?? []).entries()].filter(([, loop]) => loop?.param === 'host-tag');
  if (loops.length === 0) return run['host-tag'] ? [{ tag: run['host-tag'], at: `${path}/host-tag` }] : [];
  return loops.flatMap(([i, loop]) =>
    (loop?.values ?? []).flatMap((tag, j) => (tag ? [{ tag, at: `${path}/loop-on/${i}/values/${j}` }] : [])),
  );
}

const MAX_STARS = 10;
/** A set of characters in brackets, and every other character with a meaning in a regular expression. */
const SPECIAL = /\[(!?)(\]?[^\]]*)\]|[.*+?^${}()|[\]\\/-]/gs;

/**
 * Python's `fnmatch.fnmatchcase`, which the server compares host-tags by: `*`, `?`, `[set]` and `[!set]`.
 *
 * @returns undefined for a pattern that cannot become a regular expression, or that could take for ever
 * @public
 */
export function matcherOf(pattern: string): ((text: string) => boolean) | undefined {
  // Several stars in a row are one; else they would be tried in every combination.
  if (pattern.split('*').length > MAX_STARS) return undefined;
  const source = pattern.replaceAll(/\*+/g, '*').replaceAll(SPECIAL, (sign, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replaceAll(/[\\[\]^]/g, '\\$&')}]`;
    if (sign === '*') return '.*';
    return sign === '?' ? '.' : `\\${sign}`;
  });
  try {
    const expression = new RegExp(`^(?:${source})$`, 's');
    return (text) => expression.test(text);
  } catch {
    return undefined;
  }
}
