import { allRanges, caseFolds, wordRanges } from './character-sets.js';
import { type RegexNode, type SetNode, widthOf } from './nodes.js';
import type { ParsedRegex } from './parse.js';

/**
 * A pattern as plain data, for the engine that backtracks: it runs in a thread of its own, which shares no code with
 * this one. Sets are sorted lists of code points, `[from, to, from, to, …]`.
 */
export type MatchStep =
  | { op: 'set'; ranges: number[]; negated: boolean }
  | { op: 'sequence'; items: MatchStep[] }
  | { op: 'choice'; branches: MatchStep[] }
  | { op: 'group'; group: number; body: MatchStep }
  | { op: 'repeat'; body: MatchStep; min: number; max: number; mode: 'greedy' | 'lazy' | 'possessive' }
  | { op: 'atomic'; body: MatchStep }
  | { op: 'begin'; multiline: boolean }
  | { op: 'end'; multiline: boolean }
  | { op: 'textEnd' }
  | { op: 'edge'; ranges: number[]; negated: boolean }
  /** `back`: how many characters before this place the body begins. */
  | { op: 'look'; body: MatchStep; back: number; negated: boolean }
  | { op: 'reference'; group: number; folds: Map<number, number> | undefined }
  | { op: 'condition'; group: number; yes: MatchStep; no: MatchStep };

export interface Program {
  root: MatchStep;
  /** The number of each named group. */
  names: Map<string, number>;
}

export function programOf({ root, groups }: ParsedRegex): Program {
  return { root: stepOf(root), names: new Map(groups) };
}

function stepOf(node: RegexNode): MatchStep {
  switch (node.kind) {
    case 'set':
      return setStep(node);
    case 'sequence':
      // One item alone is itself: a repetition of one character is far quicker than one of a sequence.
      return node.items.length === 1
        ? stepOf(node.items[0] as RegexNode)
        : { op: 'sequence', items: node.items.map(stepOf) };
    case 'choice':
      return { op: 'choice', branches: node.branches.map(stepOf) };
    case 'group': {
      const body = stepOf(node.body);
      return node.index === undefined ? body : { op: 'group', group: node.index, body };
    }
    case 'repeat':
      return { op: 'repeat', body: stepOf(node.body), min: node.min, max: node.max, mode: node.mode };
    case 'atomic':
      return { op: 'atomic', body: stepOf(node.body) };
    case 'look': {
      const back = node.behind ? widthOf(node.body).low : 0;
      return { op: 'look', body: stepOf(node.body), back, negated: node.negated };
    }
    case 'backreference':
      return { op: 'reference', group: node.group, folds: node.ignoreCase ? caseFolds(node.ascii) : undefined };
    case 'condition':
      return { op: 'condition', group: node.group, yes: stepOf(node.yes), no: stepOf(node.no) };
    case 'anchor':
      return anchorStep(node);
  }
}

function setStep(node: SetNode): MatchStep {
  return { op: 'set', ranges: allRanges(node).flatMap(({ from, to }) => [from, to]), negated: node.negated };
}

function anchorStep({ what, multiline, ascii }: Extract<RegexNode, { kind: 'anchor' }>): MatchStep {
  switch (what) {
    case '^':
      return { op: 'begin', multiline };
    case '\\A':
      return { op: 'begin', multiline: false };
    case '$':
      return { op: 'end', multiline };
    case '\\Z':
      return { op: 'textEnd' };
    default: {
      const ranges = wordRanges(ascii).flatMap(({ from, to }) => [from, to]);
      return { op: 'edge', ranges, negated: what === '\\B' };
    }
  }
}
