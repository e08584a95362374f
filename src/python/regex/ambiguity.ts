import { overlap } from './alphabet.js';
import { childrenOf, type RegexNode } from './nodes.js';
import { AS_GOOD_AS_ENDLESS, type Automaton, automatonOf } from './positions.js';

/**
 * Whether a matcher that backtracks, as Python's does, can take a time that doubles with each character: there is a
 * loop through which the same text leads in two ways, and something after it that can fail. Patterns that only take
 * the square of the length, `.*,.*`, do not count.
 *
 * False where it cannot be told: a pattern that is very large, or that is no regular expression in the strict sense.
 * Its own time is bounded by the limits on the automaton's size.
 */
export function isExponential(root: RegexNode): boolean {
  // Most patterns have none; the automaton is the better part of what it costs to check a definition.
  if (!hasLoopOfChoices(root)) return false;
  const automaton = automatonOf(root);
  if (automaton === undefined) return false;
  const components = componentsOf(automaton.sets.length, (state) => [...(automaton.steps[state]?.keys() ?? [])]);
  return components.some((states) => hasTwoWays(automaton, states) && canFailAfter(automaton, states));
}

/** A loop within which there is something to choose: without, each character leads to one place only. */
function hasLoopOfChoices(node: RegexNode): boolean {
  if (node.kind === 'repeat' && node.max >= AS_GOOD_AS_ENDLESS) return hasChoice(node.body);
  return childrenOf(node).some(hasLoopOfChoices);
}

function hasChoice(node: RegexNode): boolean {
  const { kind } = node;
  return kind === 'choice' || kind === 'condition' || kind === 'repeat' || childrenOf(node).some(hasChoice);
}

/** From one state of the loop back to it by two ways over the same text. */
function hasTwoWays({ sets, steps }: Automaton, loop: number[]): boolean {
  const within = new Map(loop.map((state, i) => [state, i]));
  const inside = loop.map((state) => [...(steps[state] ?? [])].filter(([next]) => within.has(next)));
  const live = (state: number) => sets[state]?.includes(1) === true;
  if (loop.some((_, i) => inside[i]?.some(([next, ways]) => ways > 1 && live(next)))) return true;
  const size = loop.length;
  // Two walkers at once over the same text: a pair of states is one state.
  const next = (pair: number): number[] => {
    const pairs: number[] = [];
    for (const [a] of inside[Math.floor(pair / size)] ?? []) {
      for (const [b] of inside[pair % size] ?? []) {
        if (a === b ? live(a) : overlap(sets[a] as Uint8Array, sets[b] as Uint8Array))
          pairs.push((within.get(a) as number) * size + (within.get(b) as number));
      }
    }
    return pairs;
  };
  return componentsOf(size * size, next).some((pairs) => {
    const together = pairs.filter((pair) => Math.floor(pair / size) === pair % size);
    return together.length > 0 && together.length < pairs.length;
  });
}

/** Out of the loop the matcher goes on to something that need not be there; where nothing follows it is content. */
function canFailAfter({ last }: Automaton, loop: number[]): boolean {
  return !loop.some((state) => last.has(state));
}

/** The strongly connected components with a loop in them, each once; Tarjan's way, without recursion. */
function componentsOf(size: number, next: (state: number) => number[]): number[][] {
  const index = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const waiting = new Uint8Array(size);
  const stack: number[] = [];
  const components: number[][] = [];
  let count = 0;
  for (let root = 0; root < size; root++) {
    if (index[root] !== -1) continue;
    const work: { state: number; next: number[]; at: number }[] = [];
    const enter = (state: number) => {
      index[state] = low[state] = count++;
      stack.push(state);
      waiting[state] = 1;
      work.push({ state, next: next(state), at: 0 });
    };
    enter(root);
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const { state } = frame;
      const child = frame.next[frame.at++];
      if (child !== undefined) {
        if (index[child] === -1) enter(child);
        else if (waiting[child]) low[state] = Math.min(low[state] as number, index[child] as number);
        continue;
      }
      work.pop();
      const above = work.at(-1);
      if (above) low[above.state] = Math.min(low[above.state] as number, low[state] as number);
      if (low[state] !== index[state]) continue;
      const component: number[] = [];
      for (let member = -1; member !== state; ) {
        member = stack.pop() as number;
        waiting[member] = 0;
        component.push(member);
      }
      if (component.length > 1 || frame.next.includes(state)) components.push(component);
    }
  }
  return components;
}
