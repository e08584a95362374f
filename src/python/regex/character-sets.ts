import type { Category, CharRange, SetNode } from './nodes.js';

/** Which characters a set of Python's holds, and how RE2 says so. */

/** Above this no character is a letter, a digit or a blank, nor has cases. */
const END = 0x32400;
const LAST = 0x10ffff;
/** Python's blanks; its digits and word characters are the tables of Unicode. */
const BLANKS: readonly CharRange[] = [
  { from: 0x09, to: 0x0d },
  { from: 0x1c, to: 0x20 },
  { from: 0x85, to: 0x85 },
  { from: 0xa0, to: 0xa0 },
  { from: 0x1680, to: 0x1680 },
  { from: 0x2000, to: 0x200a },
  { from: 0x2028, to: 0x2029 },
  { from: 0x202f, to: 0x202f },
  { from: 0x205f, to: 0x205f },
  { from: 0x3000, to: 0x3000 },
];
const ASCII: Record<'d' | 's' | 'w', readonly CharRange[]> = {
  d: [{ from: 0x30, to: 0x39 }],
  s: [
    { from: 0x09, to: 0x0d },
    { from: 0x20, to: 0x20 },
  ],
  w: [
    { from: 0x30, to: 0x39 },
    { from: 0x41, to: 0x5a },
    { from: 0x5f, to: 0x5f },
    { from: 0x61, to: 0x7a },
  ],
};

/** RE2's class that no character is in. */
export const NOTHING = '[^\\x{0}-\\x{10ffff}]';

/** The set as a class in brackets of RE2's. */
export function classOf(node: SetNode): string {
  const { items, negated } = node;
  const parts = [...rangesOf(node).map(({ from, to }) => `${hex(from)}-${hex(to)}`)];
  for (const item of items) if (typeof item === 'string') parts.push(categoryClass(item, node.ascii));
  // A class must hold something.
  if (parts.length === 0) return negated ? '(?s:.)' : NOTHING;
  return `[${negated ? '^' : ''}${parts.join('')}]`;
}

/** Every character of the set, as ranges in order that do not touch; `negated` is not applied. */
export function allRanges(node: SetNode): CharRange[] {
  const categories = node.items.filter((item) => typeof item === 'string');
  const ranges = [...rangesOf(node), ...categories.flatMap((category) => rangesOfCategory(category, node.ascii))];
  const merged: CharRange[] = [];
  for (const { from, to } of ranges.sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** Whether a character is in both sets. */
export function overlap(a: SetNode, b: SetNode): boolean {
  const [ours, theirs] = [a, b].map((set) => (set.negated ? complement(allRanges(set)) : allRanges(set)));
  return ours?.some(({ from, to }) => theirs?.some((other) => other.from <= to && other.to >= from)) === true;
}

/** What `\b` divides. */
export function wordRanges(ascii: boolean): readonly CharRange[] {
  return ascii ? ASCII.w : tableOf('w');
}

/** From each character that has one to its lower case: what Python compares references to groups by. */
export function caseFolds(ascii: boolean): Map<number, number> {
  return new Map((ascii ? ASCII_CASES : unicodeCases()).lowers);
}

function rangesOf({ items, ignoreCase, ascii }: SetNode): CharRange[] {
  const ranges = items.filter((item) => typeof item !== 'string');
  return ignoreCase ? inAllCases(ranges, ascii) : ranges;
}

function categoryClass(category: Category, ascii: boolean): string {
  const lower = category.toLowerCase() as 'd' | 's' | 'w';
  if (!ascii && lower === 'd') return category === 'd' ? '\\p{Nd}' : '\\P{Nd}';
  if (!ascii && category === 'w') return '\\p{L}\\p{N}_';
  return rangesOfCategory(category, ascii)
    .map(({ from, to }) => `${hex(from)}-${hex(to)}`)
    .join('');
}

function rangesOfCategory(category: Category, ascii: boolean): readonly CharRange[] {
  const lower = category.toLowerCase() as 'd' | 's' | 'w';
  const ranges = ascii ? ASCII[lower] : tableOf(lower);
  return category === lower ? ranges : complement(ranges);
}

const tables = new Map<string, readonly CharRange[]>([['s', BLANKS]]);

function tableOf(category: 'd' | 's' | 'w'): readonly CharRange[] {
  const known = tables.get(category);
  if (known) return known;
  const found: CharRange[] = [];
  for (const { index, 0: run } of codePoints().matchAll(category === 'd' ? /\p{Nd}+/gu : /[\p{L}\p{N}_]+/gu)) {
    const from = codePoints().codePointAt(index) as number;
    found.push({ from, to: from + [...run].length - 1 });
  }
  tables.set(category, found);
  return found;
}

let all: string | undefined;

/** Every character up to END, in order. No run of word characters reaches a surrogate, which are left out. */
function codePoints(): string {
  if (all !== undefined) return all;
  all = '';
  for (let code = 0; code < END; code++) if (code < 0xd800 || code > 0xdfff) all += String.fromCodePoint(code);
  return all;
}

function complement(ranges: readonly CharRange[]): CharRange[] {
  const gaps: CharRange[] = [];
  let next = 0;
  for (const { from, to } of ranges) {
    if (from > next) gaps.push({ from: next, to: from - 1 });
    next = to + 1;
  }
  if (next <= LAST) gaps.push({ from: next, to: LAST });
  return gaps;
}

function has(ranges: readonly CharRange[], code: number): boolean {
  return ranges.some(({ from, to }) => code >= from && code <= to);
}

/**
 * What Python takes for the same when cases do not matter: two characters with one lower case, and lower cases with one
 * upper case, as s and ſ are (`_sre.unicode_tolower` and `re/_casefix.py` of CPython).
 */
function inAllCases(ranges: readonly CharRange[], ascii: boolean): CharRange[] {
  const { lowers, groups } = ascii ? ASCII_CASES : unicodeCases();
  const small = new Set<number>();
  for (const [upper, lower] of lowers) if (has(ranges, upper)) small.add(lower);
  for (const group of groups) {
    if (group.some((code) => small.has(code) || has(ranges, code))) for (const code of group) small.add(code);
  }
  const added = [...small];
  for (const [upper, lower] of lowers) if (small.has(lower) || has(ranges, lower)) added.push(upper);
  return [...ranges, ...added.map((code) => ({ from: code, to: code }))];
}

interface Cases {
  /** From a character to its lower case, where that is another one. */
  lowers: ReadonlyMap<number, number>;
  /** Lower cases that have one upper case. */
  groups: readonly number[][];
}

const ASCII_CASES: Cases = {
  lowers: new Map(Array.from({ length: 26 }, (_, i) => [0x41 + i, 0x61 + i])),
  groups: [],
};
let cases: Cases | undefined;

function unicodeCases(): Cases {
  if (cases) return cases;
  const lowers = new Map<number, number>();
  const byUpper = new Map<string, number[]>();
  for (const [char] of codePoints().matchAll(/\p{Changes_When_Casemapped}/gu)) {
    const code = char.codePointAt(0) as number;
    // The one that becomes two characters is the i with a dot; of these the first counts.
    const lower = char.toLowerCase().codePointAt(0) as number;
    const upper = char.toUpperCase();
    if (lower !== code) lowers.set(code, lower);
    else if (upper !== char) byUpper.set(upper, [...(byUpper.get(upper) ?? []), code]);
  }
  cases = { lowers, groups: [...byUpper.values()].filter(({ length }) => length > 1) };
  return cases;
}

function hex(code: number): string {
  return `\\x{${code.toString(16)}}`;
}
