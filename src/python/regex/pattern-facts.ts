import { overlap } from './character-sets.js';
import { childrenOf, type RegexNode, type RepeatNode, type SetNode, widthOf } from './nodes.js';

/** What is repeated so often can take as long as without an end. */
const AS_GOOD_AS_ENDLESS = 16;

/**
 * Whether a repetition stands in another one and the same text can be divided between the two in many ways,
 * `(\w+\s?)+`, and something that can fail follows: for a matcher that backtracks the ways double with each character.
 */
export function hasNestedRepeat(node: RegexNode, isFollowed = false): boolean {
  switch (node.kind) {
    case 'sequence': {
      const last = node.items.findLastIndex(canFail);
      return node.items.some((item, index) => hasNestedRepeat(item, isFollowed || index < last));
    }
    case 'repeat':
      if (node.mode === 'possessive') return false;
      if (isFollowed && node.max >= AS_GOOD_AS_ENDLESS && alternatives(node.body).some(isDivisible)) return true;
      return hasNestedRepeat(node.body, isFollowed);
    case 'atomic':
      return false;
    default:
      return childrenOf(node).some((child) => hasNestedRepeat(child, isFollowed));
  }
}

function canFail(node: RegexNode): boolean {
  return node.kind === 'anchor' || node.kind === 'look' || widthOf(node).low > 0;
}

/** What a body can be, one by one: its branches, each as the items that stand after one another. */
function alternatives(body: RegexNode): RegexNode[][] {
  if (body.kind === 'group') return alternatives(body.body);
  if (body.kind === 'choice') return body.branches.flatMap(alternatives);
  if (body.kind !== 'sequence') return [[body]];
  const [only, ...more] = body.items;
  return only !== undefined && more.length === 0 ? alternatives(only) : [body.items];
}

/** One of the items varies in length, and nothing that has to stand between two rounds separates them. */
function isDivisible(items: RegexNode[]): boolean {
  return items.some((item) => {
    const inner = repeatIn(item);
    if (inner === undefined || inner.mode === 'possessive' || inner.max === inner.min) return false;
    const others = items.filter((other) => other !== item);
    if (others.length === 0) return inner.max > 1;
    return !others.some((other) => widthOf(other).low > 0 && areApart(inner, other));
  });
}

function repeatIn(node: RegexNode): RepeatNode | undefined {
  if (node.kind === 'repeat') return node;
  if (node.kind !== 'group' && node.kind !== 'sequence') return undefined;
  const [only, ...more] = childrenOf(node);
  return only === undefined || more.length > 0 ? undefined : repeatIn(only);
}

function areApart(a: RegexNode, b: RegexNode): boolean {
  const theirs = setsOf(b);
  return setsOf(a).every((set) => !theirs.some((other) => overlap(set, other)));
}

function setsOf(node: RegexNode): SetNode[] {
  return node.kind === 'set' ? [node] : childrenOf(node).flatMap(setsOf);
}

/** More texts than this are not quicker to look for than the pattern itself. */
const MOST = 8;

/**
 * Texts of which at least one stands in everything that a pattern matches, which spares the engine
 * most lines. The longest that can be found without looking far.
 *
 * @returns undefined where no such text is known
 */
export function requiredTexts(root: RegexNode): string[] | undefined {
  switch (root.kind) {
    case 'group':
    case 'atomic':
      return requiredTexts(root.body);
    case 'repeat':
      return root.min > 0 ? requiredTexts(root.body) : undefined;
    case 'choice':
      return together(root.branches.map(requiredTexts));
    case 'set': {
      const text = exactText(root);
      return text === undefined ? undefined : [text];
    }
    case 'sequence':
      return best(root.items);
    default:
      return undefined;
  }
}

function best(items: readonly RegexNode[]): string[] | undefined {
  const found: (string[] | undefined)[] = [];
  let run = '';
  for (const item of items) {
    const text = exactText(item);
    if (text !== undefined) {
      run += text;
      continue;
    }
    found.push([run], requiredTexts(item));
    run = '';
  }
  found.push([run]);
  const usable = found.filter((texts) => texts !== undefined && shortest(texts) > 0) as string[][];
  return usable.sort((a, b) => shortest(b) - shortest(a))[0];
}

function together(branches: (string[] | undefined)[]): string[] | undefined {
  const all: string[] = [];
  for (const texts of branches) {
    if (texts === undefined) return undefined;
    all.push(...texts);
  }
  return all.length <= MOST ? all : undefined;
}

const shortest = (texts: readonly string[]) => Math.min(...texts.map(({ length }) => length));

/** The only text that a node matches; a newline may be cut off the line that is searched. */
function exactText(node: RegexNode): string | undefined {
  if (node.kind === 'group') return exactText(node.body);
  if (node.kind === 'sequence') {
    const texts = node.items.map(exactText);
    return texts.every((text) => text !== undefined) ? texts.join('') : undefined;
  }
  if (node.kind !== 'set' || node.negated || node.ignoreCase) return undefined;
  const [item, ...more] = node.items;
  if (item === undefined || typeof item === 'string' || more.length > 0 || item.from !== item.to) return undefined;
  return item.from === 10 ? undefined : String.fromCodePoint(item.from);
}

/** Whether it has `\N{…}`: there is no table of these names here. */
export const namesCharacter = (pattern: string) => /(?<!\\)(?:\\\\)*\\N\{/.test(pattern);
