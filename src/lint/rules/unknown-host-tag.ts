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

/** What a part of a pattern matches: any text, or one character. */
type Part = '*' | ((character: string) => boolean);

/**
 * Python's `fnmatch.fnmatchcase`, which the server compares host-tags by: `*`, `?`, `[set]` and `[!set]`. The time is at
 * most the product of both lengths.
 *
 * @returns undefined for a pattern with a range from a later to an earlier character
 * @public
 */
export function matcherOf(pattern: string): ((text: string) => boolean) | undefined {
  let parts: Part[];
  try {
    parts = partsOf(pattern);
  } catch {
    return undefined;
  }
  const shortest = parts.filter((part) => part !== '*').length;
  return (text) => {
    const characters = [...text];
    return characters.length >= shortest && matches(parts, characters);
  };
}

/** @throws SyntaxError for a range from a later to an earlier character */
function partsOf(pattern: string): Part[] {
  // Behind the last closing bracket no set begins; to look for its end there would read the rest once for each `[`.
  const end = pattern.lastIndexOf(']') + 1;
  const signs = [
    ...(pattern.slice(0, end).match(/\[!?\][^\]]*\]|\[(?:![^\]]|[^\]!])[^\]]*\]|./gsu) ?? []),
    ...pattern.slice(end),
  ];
  return signs.flatMap((sign, i): Part[] => {
    if (sign === '*') return signs[i - 1] === '*' ? [] : ['*'];
    if (sign === '?') return [() => true];
    if (sign.length < 3) return [(character) => character === sign];
    const [, not, set = ''] = /^\[(!?)(.*)\]$/s.exec(sign) ?? [];
    const expression = new RegExp(`[${not ? '^' : ''}${set.replaceAll(/[\\[\]^]/g, '\\$&')}]`, 'u');
    return [(character) => expression.test(character)];
  });
}

/** Where the text does not go on as the pattern does, the last `*` takes one character more. */
function matches(parts: readonly Part[], characters: readonly string[]): boolean {
  let [part, star, resume] = [0, -1, 0];
  let at = 0;
  while (at < characters.length) {
    const wanted = parts[part];
    if (wanted === '*') [star, resume, part] = [part, at, part + 1];
    else if (wanted?.(characters[at] as string)) [part, at] = [part + 1, at + 1];
    else if (star >= 0) [part, at, resume] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  return parts.slice(part).every((rest) => rest === '*');
}
