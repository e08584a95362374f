import { type Modes, type RegexNode, type SetNode, type Width, widthOf } from './nodes.js';
import { anchor, literal, Reader, RegexFault, readEscape, readFlags, readSetEscape, setOf } from './reader.js';

/** Deeper than any pattern that means something; Python's own limit depends on its stack. */
const DEEPEST = 150;
const MOST_REPETITIONS = 4_294_967_295;

export interface ParsedRegex {
  root: RegexNode;
  /** Its named groups, and the number of each. */
  groups: ReadonlyMap<string, number>;
}

/** Inside of what a part of a pattern stands. */
interface Scope extends Modes {
  verbose: boolean;
  depth: number;
  /** In look-behind: the number of the first group that began in there. */
  behind: number | undefined;
}

/** `(?x)` at the beginning: the pattern is read again from the start. */
class VerboseAfterAll extends Error {}

/** The pattern is nested too deeply to be judged. */
export class TooDeep extends Error {}

/**
 * Reads a pattern as Python 3.11 does, which the server's image has: `re/_parser.py` of CPython.
 *
 * @throws RegexFault where Python would refuse it
 * @throws TooDeep where it is nested more deeply than anybody writes
 */
export function parseRegex(pattern: string): ParsedRegex {
  try {
    return new Parser(pattern, false).parse();
  } catch (error) {
    if (!(error instanceof VerboseAfterAll)) throw error;
    return new Parser(pattern, true).parse();
  }
}

class Parser {
  readonly #reader: Reader;
  readonly #verbose: boolean;
  readonly #names = new Map<string, number>();
  /** By number, from 1; undefined while a group is open. */
  readonly #widths: (Width | undefined)[] = [{ low: 0, high: 0 }];
  /** Conditions may ask for a group that comes later. */
  readonly #awaited: { group: number; fault: RegexFault }[] = [];

  constructor(pattern: string, verbose: boolean) {
    this.#reader = new Reader(pattern);
    this.#verbose = verbose;
  }

  parse(): ParsedRegex {
    const modes = { ignoreCase: false, dotAll: false, multiline: false, ascii: false };
    const scope = { ...modes, verbose: this.#verbose, depth: 0, behind: undefined };
    const root = this.#choice(scope);
    const reader = this.#reader;
    if (reader.next !== undefined) throw new RegexFault('This parenthesis closes nothing.');
    const missing = this.#awaited.find(({ group }) => group >= this.#widths.length);
    if (missing) throw missing.fault;
    return { root, groups: this.#names };
  }

  #choice(scope: Scope): RegexNode {
    if (scope.depth > DEEPEST) throw new TooDeep();
    const branches: RegexNode[] = [];
    do branches.push(this.#sequence(scope, scope.depth === 0 && branches.length === 0));
    while (this.#reader.skip('|'));
    return branches.length === 1 ? (branches[0] as RegexNode) : { kind: 'choice', branches };
  }

  #sequence(scope: Scope, first: boolean): RegexNode {
    const reader = this.#reader;
    const items: RegexNode[] = [];
    for (;;) {
      const piece = reader.next;
      if (piece === undefined || piece === '|' || piece === ')') return { kind: 'sequence', items };
      const begin = reader.at;
      reader.take();
      if (scope.verbose && this.#isSpacing(piece)) continue;
      if (/^[*+?{]$/.test(piece) && this.#repeat(piece, begin, items)) continue;
      const node = this.#item(piece, scope, first && items.length === 0);
      if (node) items.push(node);
    }
  }

  /** In a verbose pattern blanks mean nothing, and comments go to the end of the line. */
  #isSpacing(piece: string): boolean {
    if (piece === '#')
      for (let next = this.#reader.take(); next !== undefined && next !== '\n'; ) next = this.#reader.take();
    return /^[ \t\n\r\v\f#]$/.test(piece);
  }

  #item(piece: string, scope: Scope, first: boolean): RegexNode | undefined {
    if (piece === '(') return this.#parenthesis(scope, first);
    if (piece === '[') return this.#set(scope);
    if (piece === '^' || piece === '$') return anchor(piece, scope);
    if (piece === '.') {
      return { ...setOf(scope.dotAll ? [] : [{ from: 10, to: 10 }], scope), negated: true };
    }
    if (piece.startsWith('\\')) {
      const reference = (group: number) => this.#reference(group, scope);
      return readEscape(this.#reader, piece.slice(1), scope, reference);
    }
    return literal(piece.codePointAt(0) as number, scope);
  }

  /** @returns false where a brace is only a brace */
  #repeat(piece: string, begin: number, items: RegexNode[]): boolean {
    const reader = this.#reader;
    const bounds = piece === '{' ? this.#braces() : BOUNDS[piece as keyof typeof BOUNDS];
    if (bounds === undefined) return false;
    const item = items.at(-1);
    if (item === undefined || item.kind === 'anchor')
      throw new RegexFault(`There is nothing that \`${piece}\` could repeat.`);
    if (item.kind === 'repeat')
      throw new RegexFault(`\`${reader.text.slice(begin, reader.at)}\` repeats what is repeated already.`);
    const mode = reader.skip('?') ? 'lazy' : reader.skip('+') ? 'possessive' : 'greedy';
    items[items.length - 1] = { kind: 'repeat', body: item, ...bounds, mode };
    return true;
  }

  #braces(): { min: number; max: number } | undefined {
    const reader = this.#reader;
    if (reader.next === '}') return undefined;
    const after = reader.at;
    const low = reader.takeWhile(/[0-9]/, Infinity);
    const high = reader.skip(',') ? reader.takeWhile(/[0-9]/, Infinity) : low;
    if (!reader.skip('}')) {
      reader.at = after;
      return undefined;
    }
    const min = Number(low);
    const max = high === '' ? Infinity : Number(high);
    if (min >= MOST_REPETITIONS || (high !== '' && max >= MOST_REPETITIONS))
      throw new RegexFault('This is more often than Python can count.');
    if (max < min) throw new RegexFault('The most is less than the least.');
    return { min, max };
  }

  #set(modes: Modes): RegexNode {
    const reader = this.#reader;
    const negated = reader.skip('^');
    const items: SetNode['items'] = [];
    for (;;) {
      const at = reader.at;
      const piece = this.#inSet();
      if (piece === ']' && items.length > 0) return { ...setOf(items, modes), negated };
      const low = this.#setItem(piece);
      if (!reader.skip('-')) {
        items.push(low);
        continue;
      }
      const end = this.#inSet();
      if (end === ']') return { ...setOf([...items, low, { from: 0x2d, to: 0x2d }], modes), negated };
      const high = this.#setItem(end);
      if (typeof low === 'string' || typeof high === 'string' || high.from < low.from)
        throw new RegexFault(`\`${reader.text.slice(at, reader.at)}\` is not a range of characters.`);
      items.push({ from: low.from, to: high.from });
    }
  }

  #inSet(): string {
    const piece = this.#reader.take();
    if (piece === undefined) throw new RegexFault('This bracket is never closed.');
    return piece;
  }

  #setItem(piece: string) {
    if (piece.startsWith('\\')) return readSetEscape(this.#reader, piece.slice(1));
    const code = piece.codePointAt(0) as number;
    return { from: code, to: code };
  }

  #parenthesis(scope: Scope, first: boolean): RegexNode | undefined {
    const reader = this.#reader;
    if (!reader.skip('?')) return this.#group(scope, undefined);
    const char = reader.take();
    if (char === undefined) throw new RegexFault('The pattern ends in the middle of a group.');
    if (char === ':') return { kind: 'group', body: this.#body(scope), hasFlags: false };
    if (char === '>') return { kind: 'atomic', body: this.#body(scope) };
    if (char === 'P') return this.#pythonGroup(scope);
    if (char === '#') {
      for (let piece = reader.take(); piece !== ')'; piece = reader.take())
        if (piece === undefined) throw new RegexFault('This comment is never closed.');
      return undefined;
    }
    if (char === '(') return this.#condition(scope);
    if (char === '=' || char === '!' || char === '<') return this.#look(char, scope);
    const flags = readFlags(reader, char);
    if (flags.scoped) {
      const within = { ...scope };
      for (const key of MODES) within[key] = flags.on(key) ?? within[key];
      return { kind: 'group', body: this.#body(within), hasFlags: true };
    }
    if (!first) throw new RegexFault('Flags for the whole pattern must stand at its beginning.');
    if (flags.on('verbose') && !this.#verbose) throw new VerboseAfterAll();
    // Nothing stands before them but other flags: this is the scope of all that follows.
    for (const key of MODES) scope[key] = flags.on(key) ?? scope[key];
    return undefined;
  }

  #body(scope: Scope): RegexNode {
    const body = this.#choice({ ...scope, depth: scope.depth + 1 });
    if (!this.#reader.skip(')')) throw new RegexFault('This parenthesis is never closed.');
    return body;
  }

  #group(scope: Scope, name: string | undefined): RegexNode {
    const index = this.#widths.push(undefined) - 1;
    if (name !== undefined) {
      if (this.#names.has(name)) throw new RegexFault(`There is a group \`${name}\` already.`);
      this.#names.set(name, index);
    }
    const body = this.#body(scope);
    this.#widths[index] = widthOf(body);
    return { kind: 'group', body, index, hasFlags: false, ...(name !== undefined && { name }) };
  }

  #pythonGroup(scope: Scope): RegexNode {
    const reader = this.#reader;
    if (reader.skip('<')) {
      return this.#group(scope, this.#checkedName(reader.takeUntil('>', 'name of the group')));
    }
    if (!reader.skip('=')) throw new RegexFault('After `(?P` comes `<name>` or `=name`.');
    const name = this.#checkedName(reader.takeUntil(')', 'name of the group'));
    const group = this.#names.get(name);
    if (group === undefined) throw new RegexFault(`There is no group \`${name}\` before this.`);
    return this.#reference(group, scope);
  }

  #checkedName(name: string): string {
    if (/^[\p{XIDS}_]\p{XIDC}*$/u.test(name.normalize('NFKC'))) return name;
    const message = `\`${name}\` cannot be the name of a group: letters, digits and \`_\` only, no digit first.`;
    throw new RegexFault(message);
  }

  #reference(group: number, { behind, ignoreCase, ascii }: Scope): RegexNode {
    if (group >= this.#widths.length) throw new RegexFault(`There is no group ${group} before this.`);
    const width = this.#widths[group];
    if (width === undefined) throw new RegexFault(`Group ${group} is not complete yet here.`);
    this.#checkBehind(group, behind);
    return { kind: 'backreference', group, width, ignoreCase, ascii };
  }

  #checkBehind(group: number, behind: number | undefined): void {
    if (behind !== undefined && group >= behind)
      throw new RegexFault('A look-behind cannot refer to a group of its own.');
  }

  #condition(scope: Scope): RegexNode {
    const reader = this.#reader;
    const name = reader.takeUntil(')', 'group');
    const fault = new RegexFault(`There is no group \`${name}\`.`);
    const number = /^ *\+?[0-9]+(?:_[0-9]+)* *$/.test(name) ? Number(name.replaceAll('_', '')) : undefined;
    const group = number ?? this.#names.get(this.#checkedName(name));
    if (group === undefined || group === 0) throw fault;
    this.#awaited.push({ group, fault });
    this.#checkBehind(group, scope.behind);
    const inner = { ...scope, depth: scope.depth + 1 };
    if (inner.depth > DEEPEST) throw new TooDeep();
    const yes = this.#sequence(inner, false);
    const no: RegexNode = reader.skip('|') ? this.#sequence(inner, false) : { kind: 'sequence', items: [] };
    if (reader.next === '|') throw new RegexFault('A condition has two branches at most.');
    if (!reader.skip(')')) throw new RegexFault('This parenthesis is never closed.');
    return { kind: 'condition', group, yes, no };
  }

  #look(char: string, scope: Scope): RegexNode {
    const reader = this.#reader;
    const behind = char === '<';
    const sign = behind ? reader.take() : char;
    if (sign === undefined) throw new RegexFault('The pattern ends in the middle of a group.');
    if (sign !== '=' && sign !== '!') {
      const message = `Python knows no \`(?<${sign}\`; the name of a group is written \`(?P<name>…)\`.`;
      throw new RegexFault(message);
    }
    const first = behind ? (scope.behind ?? this.#widths.length) : scope.behind;
    const body = this.#body({ ...scope, behind: first });
    const { low, high } = behind ? widthOf(body) : { low: 0, high: 0 };
    if (low !== high) throw new RegexFault('What a look-behind looks for must have one fixed length.');
    return { kind: 'look', body, behind, negated: sign === '!' };
  }
}

const MODES = ['ignoreCase', 'verbose', 'dotAll', 'multiline', 'ascii'] as const;
const BOUNDS = { '?': { min: 0, max: 1 }, '*': { min: 0, max: Infinity }, '+': { min: 1, max: Infinity } } as const;
