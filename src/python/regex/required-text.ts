import type { RegexNode } from './nodes.js';

/** More texts than this are not quicker to look for than the pattern itself. */
const MOST = 8;

/**
 * Texts of which at least one stands in everything that a pattern matches, so that most lines need not be given to the
 * engine. The longest that can be found without looking far.
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
