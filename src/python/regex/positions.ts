import { Alphabet, type CharSet } from './alphabet.js';
import type { RegexNode } from './nodes.js';

/**
 * A pattern as an automaton without empty steps (Glushkov's): a state for each place in the pattern where a character
 * is taken. A step that the pattern allows in two ways is counted twice: (a+)+ goes from a to a by either plus.
 */
export interface Automaton {
  sets: CharSet[];
  /** How many ways lead from one state to another in one step. */
  steps: Map<number, number>[];
  /** Nothing needs to follow once the matcher is in one of these. */
  last: ReadonlySet<number>;
}

/** Repeated so often, what repeats within can take as long as without an end. */
export const AS_GOOD_AS_ENDLESS = 16;
/** Patterns are far smaller; the time to look for loops grows with the square. */
const MOST_STATES = 120;
const MOST_STEPS = 600;

interface Part {
  first: number[];
  last: number[];
  /** Can be passed without a character. */
  nullable: boolean;
}

class TooLarge extends Error {}

/** @returns undefined for a pattern that is too large, or has parts that no automaton can say */
export function automatonOf(root: RegexNode): Automaton | undefined {
  const builder = new Builder(root);
  try {
    const { last } = builder.part(root);
    return { sets: builder.sets, steps: builder.steps, last: new Set(last) };
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

class Builder {
  readonly sets: CharSet[] = [];
  readonly steps: Map<number, number>[] = [];
  readonly #alphabet: Alphabet;
  #count = 0;

  constructor(root: RegexNode) {
    this.#alphabet = new Alphabet(root);
  }

  part(node: RegexNode): Part {
    switch (node.kind) {
      case 'set':
        return this.#state(this.#alphabet.setOf(node));
      case 'sequence':
        return this.#sequence(node.items.map((item) => this.part(item)));
      case 'choice':
        return union(node.branches.map((branch) => this.part(branch)));
      case 'condition':
        return union([this.part(node.yes), this.part(node.no)]);
      case 'group':
        return this.part(node.body);
      case 'repeat':
        // What is taken for good is never given back: no way through it is tried a second time.
        return node.mode === 'possessive' ? this.#sealed() : this.#repeat(this.part(node.body), node.min, node.max);
      case 'atomic':
      case 'backreference':
        return this.#sealed();
      default:
        // It takes no character, but it can fail: a state that no character leads to.
        return this.#sealed();
    }
  }

  #sealed(): Part {
    return this.#state(this.#alphabet.none);
  }

  #state(set: CharSet): Part {
    if (this.sets.length >= MOST_STATES) throw new TooLarge();
    const state = this.sets.push(set) - 1;
    this.steps.push(new Map());
    return { first: [state], last: [state], nullable: false };
  }

  #sequence(parts: Part[]): Part {
    const whole: Part = { first: [], last: [], nullable: true };
    for (const part of parts) {
      this.#connect(whole.last, part.first);
      if (whole.nullable) whole.first.push(...part.first);
      whole.last = part.nullable ? [...whole.last, ...part.last] : part.last;
      whole.nullable &&= part.nullable;
    }
    return whole;
  }

  #repeat(body: Part, min: number, max: number): Part {
    if (max >= AS_GOOD_AS_ENDLESS) this.#connect(body.last, body.first);
    return { ...body, nullable: body.nullable || min === 0 };
  }

  #connect(from: number[], to: number[]): void {
    this.#count += from.length * to.length;
    if (this.#count > MOST_STEPS) throw new TooLarge();
    for (const state of from) {
      const steps = this.steps[state] as Map<number, number>;
      for (const next of to) steps.set(next, (steps.get(next) ?? 0) + 1);
    }
  }
}

function union(parts: Part[]): Part {
  return {
    first: parts.flatMap(({ first }) => first),
    last: parts.flatMap(({ last }) => last),
    nullable: parts.some(({ nullable }) => nullable),
  };
}
