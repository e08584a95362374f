import { type Category, childrenOf, type RegexNode, type SetNode } from './nodes.js';

/**
 * The characters that a pattern tells apart: ASCII one by one, what else it names, and one each that stands for the
 * rest of the letters, digits and blanks that there are. So a set is a list of yes and no.
 */
export type CharSet = Uint8Array;

const ASCII = 128;
/** A letter, a digit and a blank beyond ASCII, and something that is none of these. */
const REST = [0x4e00, 0x0661, 0x2003, 0x2192];

export class Alphabet {
  readonly #chars: number[];

  constructor(root: RegexNode) {
    const chars = new Set([...Array(ASCII).keys(), ...REST]);
    collect(root, chars);
    this.#chars = [...chars];
  }

  setOf(node: SetNode): CharSet {
    return Uint8Array.from(this.#chars, (code) => Number(holds(node, code) !== node.negated));
  }

  /** A set that shares no character with any other: for what stands between characters. */
  get none(): CharSet {
    return new Uint8Array(this.#chars.length);
  }
}

export function overlap(a: CharSet, b: CharSet): boolean {
  return a.some((yes, i) => yes === 1 && b[i] === 1);
}

function collect(node: RegexNode, chars: Set<number>): void {
  if (node.kind === 'set') {
    for (const item of node.items) if (typeof item !== 'string' && item.from >= ASCII) chars.add(item.from);
  }
  for (const child of childrenOf(node)) collect(child, chars);
}

function holds({ items, ignoreCase }: SetNode, code: number): boolean {
  const codes = ignoreCase ? cases(code) : [code];
  return codes.some((one) =>
    items.some((item) => (typeof item === 'string' ? inCategory(item, one) : one >= item.from && one <= item.to)),
  );
}

function cases(code: number): number[] {
  const char = String.fromCodePoint(code);
  return [...new Set([char, char.toLowerCase(), char.toUpperCase()])]
    .filter((one) => [...one].length === 1)
    .map((one) => one.codePointAt(0) as number);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: to Python the separators 1C to 1F are white space
const CATEGORIES = { d: /\p{Nd}/u, s: /[\s\x1c-\x1f\x85]/u, w: /[\p{L}\p{N}_]/u };

function inCategory(category: Category, code: number): boolean {
  const lower = category.toLowerCase() as 'd' | 's' | 'w';
  return CATEGORIES[lower].test(String.fromCodePoint(code)) === (category === lower);
}
