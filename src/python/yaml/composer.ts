import { DocumentNames } from './names.js';
import { type MappingNode, type Node, type Pair, type ScalarNode, type SequenceNode, TAG } from './nodes.js';
import { YamlFault } from './positions.js';
import { resolveScalar } from './scalar-values.js';
import { KIND, type Token, type TokenKind, TokenStream, tokenFault } from './tokens.js';

/**
 * So many collections inside one another the reference client can read, measured with its Python: with one more
 * it ends with a RecursionError. It also keeps the recursion here bounded.
 */
const MAX_DEPTH = 490;

/**
 * Builds the node graph of a single document.
 *
 * @returns undefined when the text holds no document
 * @throws YamlFault at the first thing that YAML's grammar, the aliases or PyYAML's limits do not allow
 */
export function compose(tokens: Token[]): Node | undefined {
  return new Composer(tokens).single();
}

class Composer {
  readonly #stream: TokenStream;
  readonly #names = new DocumentNames();
  /** Where the node read last ends; for an alias that is where the alias ends. */
  #lastEnd = 0;

  constructor(tokens: Token[]) {
    this.#stream = new TokenStream(tokens);
  }

  single(): Node | undefined {
    const first = this.#stream.peek().kind;
    let root: Node;
    if (first === KIND.directive || first === KIND.documentStart || first === KIND.streamEnd) {
      if (first === KIND.streamEnd) return undefined;
      this.#names.readDirectives(this.#stream);
      const start = this.#stream.peek();
      if (start.kind !== KIND.documentStart)
        throw tokenFault(start, "A directive ('%') must be followed by a line '---'.");
      this.#stream.take();
      root = this.#stream.isNext(KIND.directive, KIND.documentStart, KIND.documentEnd, KIND.streamEnd)
        ? emptyScalar(start.end)
        : this.#node(true, false, 0);
    } else root = this.#node(true, false, 0);
    this.#end();
    return root;
  }

  /** What may follow the document: its end marker, then nothing. */
  #end(): void {
    while (this.#stream.peek().kind === KIND.documentEnd) this.#stream.take();
    const next = this.#stream.peek();
    if (next.kind === KIND.streamEnd) return;
    if (next.kind === KIND.documentStart || next.kind === KIND.directive) {
      throw tokenFault(
        next,
        'A second document begins here; a file must hold exactly one.',
        "Remove the '---' line, or split the file.",
      );
    }
    throw tokenFault(next, 'The document is complete before this.', 'Check the indentation and the quotes around it.');
  }

  /** A node. `block`: block collections may begin here; `indentless`: so may a list at the column of its key. */
  #node(block: boolean, indentless: boolean, depth: number): Node {
    const next = this.#stream.peek();
    if (next.kind === KIND.alias) {
      this.#stream.take();
      this.#lastEnd = next.end;
      return this.#names.lookUp(next);
    }
    const node = this.#content(block, indentless, depth);
    this.#lastEnd = node.end;
    return node;
  }

  #content(block: boolean, indentless: boolean, depth: number): Node {
    const properties = this.#names.readProperties(this.#stream);
    const { anchor, tag } = properties ?? {};
    const start = this.#stream.peek();
    if (depth >= MAX_DEPTH && start.kind !== KIND.scalar) {
      throw tokenFault(start, `This is nested more than ${MAX_DEPTH} levels deep.`, 'Flatten the structure.');
    }
    switch (start.kind) {
      case KIND.scalar:
        this.#stream.take();
        return this.#names.define(anchor, scalarNode(start, tag));
      case KIND.flowSequenceStart:
        return this.#flowSequence(this.#names.define(anchor, sequenceNode(start, tag)), depth);
      case KIND.flowMappingStart:
        return this.#flowMapping(this.#names.define(anchor, mappingNode(start, tag)), depth);
      case KIND.blockSequenceStart:
        if (block) return this.#blockSequence(this.#names.define(anchor, sequenceNode(start, tag)), depth);
        break;
      case KIND.blockMappingStart:
        if (block) return this.#blockMapping(this.#names.define(anchor, mappingNode(start, tag)), depth);
        break;
      case KIND.blockEntry:
        if (indentless) return this.#indentlessSequence(this.#names.define(anchor, sequenceNode(start, tag)), depth);
        break;
    }
    if (properties !== undefined) return this.#names.define(anchor, emptyScalar(properties.end, tag));
    throw tokenFault(start, 'A value is missing before this.', 'Put the value in quotes if this belongs to it.');
  }

  /** A value that is not there: null, at the place where it could stand. */
  #empty(at: number): ScalarNode {
    this.#lastEnd = at;
    return emptyScalar(at);
  }

  #blockSequence(node: SequenceNode, depth: number): SequenceNode {
    this.#stream.take();
    this.#entries(node, depth, KIND.blockEntry, KIND.blockEnd);
    this.#closeBlock(node);
    return node;
  }

  #indentlessSequence(node: SequenceNode, depth: number): SequenceNode {
    this.#entries(node, depth, KIND.blockEntry, KIND.key, KIND.value, KIND.blockEnd);
    return node;
  }

  /** The `- …` of a list; `empty`: the tokens that say that an entry has no value. */
  #entries(node: SequenceNode, depth: number, ...empty: TokenKind[]): void {
    for (let entry = this.#stream.peek(); entry.kind === KIND.blockEntry; entry = this.#stream.peek()) {
      this.#stream.take();
      const item = empty.includes(this.#stream.peek().kind)
        ? this.#empty(entry.end)
        : this.#node(true, false, depth + 1);
      node.items.push(item);
      node.end = this.#lastEnd;
    }
  }

  #blockMapping(node: MappingNode, depth: number): MappingNode {
    this.#stream.take();
    for (let mark = this.#stream.peek(); mark.kind === KIND.key; mark = this.#stream.peek()) {
      this.#stream.take();
      const key = this.#blockPart(mark, depth);
      const colon = this.#stream.peek();
      let value: Node;
      if (colon.kind === KIND.value) {
        this.#stream.take();
        value = this.#blockPart(colon, depth);
      } else value = this.#empty(this.#lastEnd);
      node.pairs.push({ key, value });
      node.end = this.#lastEnd;
    }
    this.#closeBlock(node);
    return node;
  }

  /** The key after `?`, or the value after `:`. */
  #blockPart(mark: Token, depth: number): Node {
    if (this.#stream.isNext(KIND.key, KIND.value, KIND.blockEnd)) return this.#empty(mark.end);
    return this.#node(true, true, depth + 1);
  }

  #closeBlock(node: MappingNode | SequenceNode): void {
    const next = this.#stream.peek();
    if (next.kind === KIND.blockEnd) {
      this.#stream.take();
      return;
    }
    const [what, entry] = node.kind === 'mapping' ? ['mapping', 'a key'] : ['list', "an entry ('- ')"];
    const help = 'Check the indentation of this line, and for quotes or aliases that end too early.';
    throw tokenFault(
      next,
      `The ${what} that contains this continues with ${entry}, and this is not one.`,
      help,
    ).because(`The ${what} begins here.`, { start: node.start, end: node.start + 1 });
  }

  #flowSequence(node: SequenceNode, depth: number): SequenceNode {
    this.#flow(node, KIND.flowSequenceEnd, "']'", () => {
      if (this.#stream.peek().kind !== KIND.key) {
        node.items.push(this.#node(false, false, depth + 1));
        return;
      }
      const mark = this.#stream.peek();
      const pair = this.#flowPair(KIND.flowSequenceEnd, depth + 1);
      node.items.push({ ...mappingNode(mark), end: this.#lastEnd, pairs: [pair] });
    });
    return node;
  }

  #flowMapping(node: MappingNode, depth: number): MappingNode {
    this.#flow(node, KIND.flowMappingEnd, "'}'", () => {
      if (this.#stream.peek().kind === KIND.key) node.pairs.push(this.#flowPair(KIND.flowMappingEnd, depth));
      else {
        const key = this.#node(false, false, depth + 1);
        node.pairs.push({ key, value: this.#empty(this.#lastEnd) });
      }
    });
    return node;
  }

  /** The entries between brackets, with their commas; one comma may trail. */
  #flow(node: Node, close: TokenKind, bracket: string, entry: () => void): void {
    this.#stream.take();
    let first = true;
    while (this.#stream.peek().kind !== close) {
      if (!first) {
        const comma = this.#stream.peek();
        if (comma.kind !== KIND.flowEntry) throw this.#unclosed(comma, node, bracket);
        this.#stream.take();
        if (this.#stream.peek().kind === close) break;
      }
      first = false;
      entry();
    }
    node.end = this.#stream.peek().end;
    this.#stream.take();
  }

  #unclosed(next: Token, node: Node, bracket: string): YamlFault {
    const opening = { start: node.start, end: node.start + 1 };
    if (next.kind === KIND.streamEnd) {
      const help = `Close it with ${bracket}, or put the value in quotes.`;
      return new YamlFault('The bracket that opens here is never closed.', opening.start, opening.end, help);
    }
    const help = 'Put the value in quotes if the bracket belongs to it.';
    return tokenFault(next, `Expected ',' or ${bracket} before this.`, help).because(
      'The bracket opens here.',
      opening,
    );
  }

  #flowPair(close: TokenKind, depth: number): Pair {
    const mark = this.#stream.peek();
    this.#stream.take();
    const key = this.#stream.isNext(KIND.value, KIND.flowEntry, close)
      ? this.#empty(mark.end)
      : this.#node(false, false, depth + 1);
    const colon = this.#stream.peek();
    if (colon.kind !== KIND.value) return { key, value: this.#empty(this.#lastEnd) };
    this.#stream.take();
    const empty = this.#stream.isNext(KIND.flowEntry, close);
    return { key, value: empty ? this.#empty(colon.end) : this.#node(false, false, depth + 1) };
  }
}

/** Nodes made of tokens. `tag`: the node's explicit tag; `!` asks for the default one. */

function scalarNode({ value, style, start, end, block }: Token, given?: string): ScalarNode {
  // `!` types a scalar by its text even when it is in quotes.
  const resolve = given === '!' || (given === undefined && style === 'plain');
  const tag = resolve ? resolveScalar(value) : (given ?? TAG.str);
  return { kind: 'scalar', tag, start, end, data: undefined, value, style, block };
}

/** A value that is not there. */
function emptyScalar(at: number, given?: string): ScalarNode {
  const tag = given === undefined || given === '!' ? TAG.null : given;
  return { kind: 'scalar', tag, start: at, end: at, data: undefined, value: '', style: 'plain', block: undefined };
}

function sequenceNode({ start, end }: Token, given?: string): SequenceNode {
  return { kind: 'sequence', tag: collectionTag(given, TAG.seq), start, end, data: undefined, items: [] };
}

function mappingNode({ start, end }: Token, given?: string): MappingNode {
  return { kind: 'mapping', tag: collectionTag(given, TAG.map), start, end, data: undefined, pairs: [], merged: 0 };
}

function collectionTag(given: string | undefined, fallback: string): string {
  return given === undefined || given === '!' ? fallback : given;
}
