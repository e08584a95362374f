import type { MatchStep, Program } from './match-program.js';

/** What a pattern found in a line: its named groups; null for one that took no part. */
export type Groups = Record<string, string | null>;

/**
 * Python's own way to match, which tries one possibility after the other and can take exponential time
 * (CPython 3.11, `_sre`: the rules for repetitions that match nothing are its rules).
 *
 * The thread is started with the text of this function, so it must not refer to anything outside of itself.
 */
export function backtrackingEngine() {
  type Next = (at: number) => boolean;
  /** How many steps are taken between two looks at the clock. */
  const STEPS = 20_000;

  function member(ranges: number[], negated: boolean): (code: number) => boolean {
    const search = (code: number): boolean => {
      let low = 0;
      let high = ranges.length / 2 - 1;
      while (low <= high) {
        const middle = (low + high) >> 1;
        if (code < (ranges[2 * middle] as number)) high = middle - 1;
        else if (code > (ranges[2 * middle + 1] as number)) low = middle + 1;
        else return !negated;
      }
      return negated;
    };
    const table = Array.from({ length: 256 }, (_, code) => search(code));
    return (code) => (code < 256 ? (table[code] as boolean) : search(code));
  }

  function compile({ root, names }: Program) {
    let codes: number[] = [];
    let steps = 0;
    let deadline = 0;
    /** Where groups begin and end, two places each; -1 for one that took no part. */
    let marks: number[] = [];
    const opened: number[] = [];

    function tick(): void {
      if (++steps < STEPS) return;
      steps = 0;
      if (performance.now() > deadline) throw new Error('time');
    }

    /** Matches alone, whatever follows: for what is never given back. */
    function alone(step: MatchStep): (at: number) => number {
      let end = -1;
      const run = build(step, (at) => {
        end = at;
        return true;
      });
      return (at) => (run(at) ? end : -1);
    }

    function build(step: MatchStep, next: Next): Next {
      switch (step.op) {
        case 'set': {
          const holds = member(step.ranges, step.negated);
          return (at) => at < codes.length && holds(codes[at] as number) && next(at + 1);
        }
        case 'sequence':
          return step.items.reduceRight<Next>((rest, item) => build(item, rest), next);
        case 'choice': {
          const branches = step.branches.map((branch) => build(branch, next));
          return (at) => {
            tick();
            return branches.some((branch) => branch(at));
          };
        }
        case 'group':
          return group(step.group, step.body, next);
        case 'repeat':
          if (step.body.op === 'set') return repeatSet(step, member(step.body.ranges, step.body.negated), next);
          return step.mode === 'possessive' ? repeatPossessively(step, next) : repeat(step, next);
        case 'atomic': {
          const body = alone(step.body);
          return (at) => {
            const kept = marks.slice();
            const end = body(at);
            if (end >= 0 && next(end)) return true;
            marks = kept;
            return false;
          };
        }
        case 'look': {
          const body = alone(step.body);
          return (at) => {
            const kept = marks.slice();
            const found = at >= step.back && body(at - step.back) >= 0;
            if (step.negated) marks = kept.slice();
            if (found !== step.negated && next(at)) return true;
            marks = kept;
            return false;
          };
        }
        case 'reference':
          return reference(step.group, step.folds, next);
        case 'condition': {
          const yes = build(step.yes, next);
          const no = build(step.no, next);
          return (at) => ((marks[2 * step.group] ?? -1) >= 0 ? yes(at) : no(at));
        }
        case 'begin':
          return (at) => (at === 0 || (step.multiline && codes[at - 1] === 10)) && next(at);
        case 'end':
          return (at) =>
            (at === codes.length || (codes[at] === 10 && (step.multiline || at === codes.length - 1))) && next(at);
        case 'textEnd':
          return (at) => at === codes.length && next(at);
        case 'edge': {
          const isWord = member(step.ranges, false);
          const word = (at: number) => at >= 0 && at < codes.length && isWord(codes[at] as number);
          return (at) => codes.length > 0 && (word(at - 1) !== word(at)) !== step.negated && next(at);
        }
      }
    }

    function group(number: number, body: MatchStep, next: Next): Next {
      const inner = build(body, (at) => {
        const [start, end] = [marks[2 * number] as number, marks[2 * number + 1] as number];
        marks[2 * number] = opened[number] as number;
        marks[2 * number + 1] = at;
        if (next(at)) return true;
        marks[2 * number] = start;
        marks[2 * number + 1] = end;
        return false;
      });
      return (at) => {
        const before = opened[number] as number;
        opened[number] = at;
        if (inner(at)) return true;
        opened[number] = before;
        return false;
      };
    }

    function reference(number: number, folds: Map<number, number> | undefined, next: Next): Next {
      const fold = (code: number) => folds?.get(code) ?? code;
      return (at) => {
        const start = marks[2 * number] ?? -1;
        if (start < 0) return false;
        const length = (marks[2 * number + 1] as number) - start;
        if (at + length > codes.length) return false;
        for (let i = 0; i < length; i++) {
          if (fold(codes[start + i] as number) !== fold(codes[at + i] as number)) return false;
        }
        return next(at + length);
      };
    }

    type Repeat = Extract<MatchStep, { op: 'repeat' }>;

    /** A repetition of one character: how many there are is counted first. */
    function repeatSet({ min, max, mode }: Repeat, holds: (code: number) => boolean, next: Next): Next {
      const run = (at: number, most: number): number => {
        const end = Math.min(codes.length, at + most);
        let to = at;
        while (to < end && holds(codes[to] as number)) {
          to++;
          tick();
        }
        return to;
      };
      if (mode === 'possessive') {
        return (at) => {
          const to = run(at, max);
          return to - at >= min && next(to);
        };
      }
      if (mode === 'greedy') {
        return (at) => {
          for (let to = run(at, max); to - at >= min; to--) {
            tick();
            if (next(to)) return true;
          }
          return false;
        };
      }
      return (at) => {
        let to = run(at, min);
        if (to - at < min) return false;
        for (;;) {
          tick();
          if (next(to)) return true;
          if (to - at >= max || to >= codes.length || !holds(codes[to] as number)) return false;
          to++;
        }
      };
    }

    function repeatPossessively({ body, min, max }: Repeat, next: Next): Next {
      const one = alone(body);
      return (begin) => {
        const kept = marks.slice();
        let at = begin;
        let count = 0;
        for (; count < min; count++) {
          at = one(at);
          if (at < 0) break;
        }
        while (at >= 0 && count < max) {
          tick();
          const before = marks.slice();
          const end = one(at);
          if (end < 0) {
            marks = before;
            break;
          }
          count++;
          if (end === at) break;
          at = end;
        }
        if (at >= 0 && next(at)) return true;
        marks = kept;
        return false;
      };
    }

    function repeat({ body, min, max, mode }: Repeat, next: Next): Next {
      /** Of the repetition that is going on: how often the body has matched, and where it last began. */
      let count = 0;
      let last = -1;
      const once = build(body, (at) => loop(at));
      const again = (at: number, from: number): boolean => {
        const [countBefore, lastBefore] = [count, last];
        count++;
        last = from;
        if (once(at)) return true;
        count = countBefore;
        last = lastBefore;
        return false;
      };
      const leave = (at: number): boolean => {
        const [countBefore, lastBefore] = [count, last];
        if (next(at)) return true;
        count = countBefore;
        last = lastBefore;
        return false;
      };
      const loop = (at: number): boolean => {
        tick();
        if (count < min) return again(at, last);
        const more = () => count < max && at !== last && again(at, at);
        return mode === 'greedy' ? more() || leave(at) : leave(at) || more();
      };
      return (at) => {
        const [countBefore, lastBefore] = [count, last];
        count = 0;
        last = -1;
        if (loop(at)) return true;
        count = countBefore;
        last = lastBefore;
        return false;
      };
    }

    const run = build(root, () => true);
    /**
     * `re.match`: at the beginning of the text.
     *
     * @param milliseconds the most that this may take
     * @throws Error with the message `time` when it takes longer, RangeError when it needs more stack than there is
     */
    return (text: string, milliseconds: number): Groups | undefined => {
      const characters = /[\ud800-\udfff]/.test(text) ? Array.from(text) : undefined;
      codes = characters
        ? characters.map((character) => character.codePointAt(0) as number)
        : Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
      steps = 0;
      deadline = performance.now() + milliseconds;
      marks = [];
      for (const number of names.values()) while (marks.length < 2 * number + 2) marks.push(-1);
      if (!run(0)) return undefined;
      const groups: Groups = Object.create(null);
      for (const [name, number] of names) {
        const [start, end] = [marks[2 * number] as number, marks[2 * number + 1] as number];
        if (start < 0) groups[name] = null;
        else groups[name] = characters ? characters.slice(start, end).join('') : text.slice(start, end);
      }
      return groups;
    };
  }

  return compile;
}
