/** A pattern of Python's `re`, as a tree. */

/** Code points, both ends included. */
export interface CharRange {
  from: number;
  to: number;
}

export type Category = 'd' | 'D' | 's' | 'S' | 'w' | 'W';

/** One character. */
export interface SetNode {
  kind: 'set';
  items: (CharRange | Category)[];
  negated: boolean;
  ignoreCase: boolean;
  /** Its categories, and what is one letter in two cases, are ASCII's only. */
  ascii: boolean;
}

export interface GroupNode {
  kind: 'group';
  body: RegexNode;
  /** From 1; none for one that captures nothing. */
  index?: number;
  name?: string;
  /** `(?i:…)` and the like. */
  hasFlags: boolean;
}

export interface RepeatNode {
  kind: 'repeat';
  body: RegexNode;
  min: number;
  max: number;
  mode: 'greedy' | 'lazy' | 'possessive';
}

/** How a part of a pattern is to be understood. */
export interface Modes {
  ignoreCase: boolean;
  dotAll: boolean;
  multiline: boolean;
  ascii: boolean;
}

export type RegexNode =
  | SetNode
  | GroupNode
  | RepeatNode
  | { kind: 'sequence'; items: RegexNode[] }
  | { kind: 'choice'; branches: RegexNode[] }
  | { kind: 'atomic'; body: RegexNode }
  /** A place between characters: `^`, `$`, `\b`, … */
  | { kind: 'anchor'; what: string; multiline: boolean; ascii: boolean }
  | { kind: 'look'; body: RegexNode; behind: boolean; negated: boolean }
  | { kind: 'backreference'; group: number; width: Width; ignoreCase: boolean; ascii: boolean }
  | { kind: 'condition'; group: number; yes: RegexNode; no: RegexNode };

/** The nodes right below. */
export function childrenOf(node: RegexNode): readonly RegexNode[] {
  switch (node.kind) {
    case 'sequence':
      return node.items;
    case 'choice':
      return node.branches;
    case 'condition':
      return [node.yes, node.no];
    default:
      return 'body' in node ? [node.body] : [];
  }
}

/** The fewest and the most characters that a node takes. */
export interface Width {
  low: number;
  high: number;
}

export function widthOf(node: RegexNode): Width {
  switch (node.kind) {
    case 'set':
      return { low: 1, high: 1 };
    case 'sequence':
      return node.items.map(widthOf).reduce((sum, { low, high }) => ({ low: sum.low + low, high: sum.high + high }), {
        low: 0,
        high: 0,
      });
    case 'choice':
      return either(node.branches);
    case 'condition':
      return either([node.yes, node.no]);
    case 'group':
    case 'atomic':
      return widthOf(node.body);
    case 'repeat': {
      const { low, high } = widthOf(node.body);
      return { low: low * node.min, high: high === 0 ? 0 : high * node.max };
    }
    case 'backreference':
      return node.width;
    default:
      return { low: 0, high: 0 };
  }
}

function either(branches: RegexNode[]): Width {
  const widths = branches.map(widthOf);
  return { low: Math.min(...widths.map(({ low }) => low)), high: Math.max(...widths.map(({ high }) => high)) };
}
