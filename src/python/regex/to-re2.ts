import { classOf, NOTHING } from './character-sets.js';
import { type RegexNode, type RepeatNode, type SetNode, widthOf } from './nodes.js';
import type { ParsedRegex } from './parse.js';

/** More repetitions than this RE2 does not count. */
const MOST_REPETITIONS = 1000;
/** Characters of all sets as they are written; one as `\W` has 10,000 of them. */
const LONGEST_SETS = 4 * 1024 * 1024;
/** Each level writes what is within twice. */
const MOST_EMPTY_ROUNDS = 8;

/** A pattern of Python's in RE2's syntax. */
export interface Re2Pattern {
  source: string;
  /** The names of the groups, in the order of their parentheses; of two with one name the later one wins if it took part. */
  names: string[];
}

/** What no engine can do in linear time; `message` names it. */
export class NotLinear extends Error {
  override name = 'NotLinear';
}

/** The edge of a word of any script: to the linear-time engine only ASCII has words. */
class WordEdge extends NotLinear {}

/**
 * Writes a pattern anew, with nothing left to interpret: sets as ranges of code points, flags applied, only groups with
 * a name. It says the same of texts that have no newline but at their end.
 *
 * @throws NotLinear for look-around, references to groups, what is never given back, edges of words beyond ASCII, and
 * sets that become too long
 */
export function toRe2({ root }: Pick<ParsedRegex, 'root'>): Re2Pattern {
  const writer = new Writer();
  const source = writer.write(root);
  return { source, names: writer.names };
}

/** What of a pattern no engine can evaluate in linear time; undefined for nothing. Edges of words do not count: they cost no more. */
export function needsBacktracking(parsed: Pick<ParsedRegex, 'root'>): string | undefined {
  try {
    toRe2(parsed);
    return undefined;
  } catch (error) {
    if (!(error instanceof NotLinear)) throw error;
    return error instanceof WordEdge ? undefined : error.message;
  }
}

class Writer {
  readonly names: string[] = [];
  #emptyRounds = 0;
  #setsLength = 0;
  /** Only what takes no character can match. */
  #isEmpty = false;

  write(node: RegexNode): string {
    switch (node.kind) {
      case 'set':
        return this.#isEmpty ? NOTHING : this.#set(node);
      case 'sequence':
        return node.items.map((item) => this.write(item)).join('');
      case 'choice':
        return `(?:${node.branches.map((branch) => this.write(branch)).join('|')})`;
      case 'group':
        if (node.name === undefined) return `(?:${this.write(node.body)})`;
        this.names.push(node.name);
        return `(${this.write(node.body)})`;
      case 'repeat':
        return this.#repeat(node);
      case 'anchor':
        return this.#anchor(node.what, node.multiline, node.ascii);
      case 'atomic':
        throw new NotLinear('(?>…) (an atomic group)');
      case 'look':
        throw new NotLinear(`${node.behind ? '(?<=…) or (?<!…)' : '(?=…) or (?!…)'} (look-around)`);
      case 'backreference':
        throw new NotLinear('a reference to a group');
      case 'condition':
        throw new NotLinear('(?(…)…) (a condition)');
    }
  }

  #set(node: SetNode): string {
    const written = classOf(node);
    this.#setsLength += written.length;
    if (this.#setsLength > LONGEST_SETS) throw new NotLinear('too many sets of very many characters, such as `\\W`');
    return written;
  }

  #repeat({ body, min, max, mode }: RepeatNode): string {
    if (mode === 'possessive') throw new NotLinear('a possessive repetition, such as `a++`');
    if (min > MOST_REPETITIONS || (max !== Infinity && max > MOST_REPETITIONS)) {
      throw new NotLinear(`more than ${MOST_REPETITIONS} counted repetitions`);
    }
    const bounds = `{${min},${max === Infinity ? '' : max}}`;
    const loop = `(?:${this.write(body)})${bounds}${mode === 'lazy' ? '?' : ''}`;
    const isEndless = max === Infinity && mode === 'greedy' && !this.#isEmpty;
    return isEndless && widthOf(body).low === 0 && hasName(body) ? loop + this.#emptyRound(body) : loop;
  }

  /** Python tries what is repeated once more, and lets it match nothing: its groups then hold nothing. */
  #emptyRound(body: RegexNode): string {
    if (++this.#emptyRounds > MOST_EMPTY_ROUNDS) return '';
    this.#isEmpty = true;
    const round = `(?:${this.write(body)})?`;
    this.#isEmpty = false;
    return round;
  }

  #anchor(what: string, multiline: boolean, ascii: boolean): string {
    if (what === '\\Z') return '\\z';
    if (what === '^') return multiline ? '(?m:^)' : '\\A';
    // Before a newline or at the end: where the only newline ends the text, that is Python's `$` with and without `m`.
    if (what === '$') return '(?m:$)';
    if (what !== '\\A' && !ascii) throw new WordEdge('\\b or \\B');
    return what;
  }
}

function hasName(node: RegexNode): boolean {
  if (node.kind === 'group' && node.name !== undefined) return true;
  if (node.kind === 'sequence') return node.items.some(hasName);
  if (node.kind === 'choice') return node.branches.some(hasName);
  return (node.kind === 'group' || node.kind === 'repeat') && hasName(node.body);
}
