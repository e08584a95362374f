const MAX_STARS = 10;
/** A set of characters in brackets, and every other character that means something to a regular expression. */
const SPECIAL = /\[(!?)(\]?[^\]]*)\]|[.*+?^${}()|[\]\\/-]/gs;

/**
 * Python's `fnmatch.fnmatchcase`, which the server compares host-tags by: `*`, `?`, `[set]` and `[!set]`.
 *
 * @returns undefined for a pattern that no regular expression can be made of, or one that could take for ever
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
