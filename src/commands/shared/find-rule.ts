import { UsageError } from '../../lib/errors.js';
import type { Rule } from '../../lint/rule.js';
import { RULES } from '../../lint/rules.js';
import { nearest } from '../../lint/suggest.js';

/** More suggestions than this are no help. */
const MOST_SUGGESTED = 5;

/**
 * @param id also in the brackets in which a finding shows it
 * @throws UsageError with the rules that were probably meant
 */
export function findRule(id: string): Rule {
  const rule = RULES.find((one) => one.id === id.replace(/^\[|\]$/g, ''));
  if (rule !== undefined) return rule;
  const meant = suggestions(id.toLowerCase()).map((one) => `"${one}"`);
  const last = meant.pop();
  const list = meant.length === 0 ? last : `${meant.join(', ')} or ${last}`;
  const hint = last === undefined ? '' : ` Did you mean ${list}?`;
  throw new UsageError(`There is no rule "${id}".${hint} Run \`jobserv explain\` for all of them.`);
}

/** Those that it is a word or the beginning of, else the one that it is a misspelling of. */
function suggestions(id: string): string[] {
  const ids = RULES.map((one) => one.id);
  const isBeginning = (one: string) => id.length > 2 && one.startsWith(id);
  const longer = ids.filter((one) => `-${one}-`.includes(`-${id}-`) || isBeginning(one));
  if (longer.length > 0) return longer.slice(0, MOST_SUGGESTED);
  const meant = nearest(id, ids);
  return meant === undefined ? [] : [meant];
}
