import { childrenOf, RegexFault, type RegexNode } from '../../python/index.js';
import { childPath, RESULT_STATUSES, UNFINISHED_STATUSES } from '../../schema/index.js';
import type { CheckContext } from '../context.js';
import type { Fault } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { NEVER_COMPLETE, parsedPattern } from '../runs.js';
import { choiceHelp } from '../suggest.js';

/** How many words a message lists. */
const MOST_SHOWN = 10;

/** A pattern with more words than this is not a list of words. */
const MOST_WORDS = 50;

/*
 * api/run.py `_failed_tests` makes a status of what the group `result` holds, after fixupdict; the setter in models.py
 * looks it up among the names of `BuildStatus`, and raises KeyError for any other word.
 */
export const unknownResultStatus: RuleCheck = {
  id: 'unknown-result-status',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  *check(context) {
    for (const { path, run } of context.runs) {
      const base = `${path}/test-grepping`;
      const block = run['test-grepping'];
      if (!block || !context.isSound(base)) continue;
      const fixups = block.fixupdict ?? {};
      for (const [word, status] of Object.entries(fixups)) {
        const fault = status == null ? undefined : statusFault(status);
        if (fault) yield { path: childPath(`${base}/fixupdict`, word), ...fault };
      }
      const known = new Set([...RESULT_STATUSES, ...UNFINISHED_STATUSES, ...Object.keys(fixups)]);
      const words = resultWords(context, block['result-pattern'] ?? '').filter((word) => !known.has(word));
      if (words.length > 0) yield { path: `${base}/result-pattern`, ...wordsFault(words) };
    }
  },
};

function statusFault(status: string): Fault | undefined {
  if (RESULT_STATUSES.includes(status)) return undefined;
  if (UNFINISHED_STATUSES.includes(status)) {
    const message = `A test that is \`${status}\` never ends; the server shows it as in progress.`;
    return { message, help: `Results: ${RESULT_STATUSES.join(', ')}.`, severity: 'warning', server: 'misbehaves' };
  }
  const message = `\`${status}\` is not a result of a test; ${NEVER_COMPLETE}`;
  return { message, ...choiceHelp(status, RESULT_STATUSES, 'Results') };
}

function wordsFault(words: string[]): Fault {
  const shown = words.slice(0, MOST_SHOWN);
  const more = words.length - shown.length;
  const list = shown.map((word) => `\`${word}\``).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const one = words.length === 1;
  const message = `${list} ${one ? 'is not a result' : 'are not results'} of a test, and \`fixupdict\` does not translate ${one ? 'it' : 'them'}; where a line says so, the run never becomes complete.`;
  const entries = shown.map((word) => `\`${word}: …\``).join(', ');
  const help = `Add ${entries}${more > 0 ? ', …' : ''} to \`fixupdict\`; results: ${RESULT_STATUSES.join(', ')}.`;
  return { message, help, severity: 'warning' };
}

/** What the group `result` can be, where that is a list of words. */
function resultWords(context: CheckContext, pattern: string): string[] {
  const parsed = parsedPattern(context, pattern);
  if (parsed === undefined || parsed instanceof RegexFault) return [];
  const group = findGroup(parsed.root, 'result');
  return (group && words(group)) ?? [];
}

function findGroup(node: RegexNode, name: string): RegexNode | undefined {
  if (node.kind === 'group' && node.name === name) return node.body;
  for (const child of childrenOf(node)) {
    const found = findGroup(child, name);
    if (found) return found;
  }
  return undefined;
}

function words(node: RegexNode): string[] | undefined {
  switch (node.kind) {
    case 'set': {
      const [item, ...more] = node.items;
      const single = item !== undefined && typeof item !== 'string' && item.from === item.to && more.length === 0;
      return single && !node.negated && !node.ignoreCase ? [String.fromCodePoint(item.from)] : undefined;
    }
    case 'group':
      return words(node.body);
    case 'choice':
      return all(node.branches)?.flat();
    case 'sequence': {
      let joined: string[] | undefined = [''];
      for (const part of node.items.map(words)) {
        joined = part && joined?.flatMap((begin) => part.map((end) => begin + end));
        if (joined === undefined || joined.length > MOST_WORDS) return undefined;
      }
      return joined;
    }
    default:
      return undefined;
  }
}

function all(nodes: RegexNode[]): string[][] | undefined {
  const lists = nodes.map(words);
  return lists.every((list) => list !== undefined) ? lists : undefined;
}
