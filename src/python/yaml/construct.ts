import { Merger } from './merge.js';
import {
  type Constructed,
  type DictData,
  type MappingNode,
  type Node,
  type Pair,
  PyFloat,
  type Scalar,
  type ScalarNode,
  type SequenceNode,
  TAG,
} from './nodes.js';
import { clip, nodeFault, type YamlFault } from './positions.js';
import { constructScalar, TOO_LONG } from './scalar-values.js';

/** A key that an earlier pair of the same mapping already had. */
export interface Repetition {
  mapping: MappingNode;
  key: string;
  first: Node;
  again: Node;
}

/**
 * Gives every node below `root` its value, as PyYAML's safe loader does, and in its order: containers are filled
 * breadth first, which decides what a merge sees. Not recursive, and each node is done once however often it is referred to.
 *
 * @throws YamlFault where PyYAML fails: an unknown tag, a value that its tag does not allow, a list or mapping as key
 */
export function construct(root: Node): Repetition[] {
  const work = new Constructor();
  work.visit(root);
  work.run();
  return work.repetitions;
}

class Constructor {
  readonly repetitions: Repetition[] = [];
  readonly #pending: Node[] = [];
  readonly #merger = new Merger();

  run(): void {
    for (let at = 0; at < this.#pending.length; at++) this.#fill(this.#pending[at] as Node);
  }

  /** Makes the node's value; a container stays empty until its turn comes. */
  visit(node: Node): Constructed {
    if (node.data !== undefined) return node.data;
    node.data = this.#make(node);
    if (node.data.kind !== 'scalar' && COLLECTION_TAGS.has(node.tag)) this.#pending.push(node);
    return node.data;
  }

  #make(node: Node): Constructed {
    switch (node.tag) {
      case TAG.seq:
        return { kind: 'list', items: [] };
      case TAG.map:
        return { kind: 'dict', entries: new Map(), badKey: undefined };
      case TAG.omap:
      case TAG.pairs:
        return { kind: 'tuples', items: [] };
      case TAG.set:
        return { kind: 'foreign', type: 'a set' };
      default:
        return makeScalar(node);
    }
  }

  #fill(node: Node): void {
    const { data } = node;
    if (data?.kind === 'list') {
      data.items = this.#expectSequence(node, 'a list').items;
      for (const item of data.items) this.visit(item);
    } else if (data?.kind === 'tuples') {
      for (const item of this.#expectSequence(node, 'a list of pairs').items) data.items.push(this.#tuple(item));
    } else this.#fillMapping(node, data);
  }

  #tuple(item: Node): Pair {
    const [pair, ...more] = item.kind === 'mapping' ? item.pairs : [];
    if (pair === undefined || more.length > 0)
      throw nodeFault(item, 'Each entry of this list must be a mapping with one key.');
    this.visit(pair.key);
    this.visit(pair.value);
    return pair;
  }

  #expectSequence(node: Node, what: string): SequenceNode {
    if (node.kind !== 'sequence') throw nodeFault(node, `The tag '${shortTag(node.tag)}' asks for ${what} here.`);
    return node;
  }

  #fillMapping(node: Node, data: Constructed | undefined): void {
    if (node.kind !== 'mapping') throw nodeFault(node, `The tag '${shortTag(node.tag)}' asks for a mapping here.`);
    this.#merger.resolve(node);
    const dict = new Dict();
    for (const [index, pair] of node.pairs.entries()) {
      const key = this.visit(pair.key);
      const isHashable = key.kind === 'scalar' || (key.kind === 'foreign' && key.type !== 'a set');
      if (!isHashable) throw nodeFault(pair.key, 'A list or a mapping cannot be a key.', UNHASHABLE_HELP);
      this.visit(pair.value);
      const first = dict.add(key, pair, index >= node.merged);
      if (first !== undefined)
        this.repetitions.push({ mapping: node, key: first.text, first: first.node, again: pair.key });
    }
    if (data?.kind === 'dict') Object.assign(data, dict.finish());
  }
}

const SCALAR_TAGS: ReadonlySet<string> = new Set([
  TAG.str,
  TAG.null,
  TAG.bool,
  TAG.int,
  TAG.float,
  TAG.timestamp,
  TAG.binary,
]);
const TYPE_WORDS: Record<string, string> = {
  [TAG.bool]: 'true or false',
  [TAG.int]: 'a whole number',
  [TAG.float]: 'a number',
  [TAG.timestamp]: 'a date that the calendar has',
  [TAG.binary]: 'base64',
};
const COLLECTION_TAGS: ReadonlySet<string> = new Set([TAG.seq, TAG.map, TAG.omap, TAG.pairs, TAG.set]);
const UNHASHABLE_HELP =
  "Text that begins with '{' or '[' is a mapping or a list: put it in quotes if it is meant as text.";

function makeScalar(node: Node): Constructed {
  if (!SCALAR_TAGS.has(node.tag)) throw unknownTag(node);
  const scalar = scalarOf(node);
  if (scalar === undefined) throw nodeFault(node, `The tag '${shortTag(node.tag)}' asks for a single value here.`);
  // PyYAML takes the value of `=` for a mapping tagged as scalar, but forgets to for timestamps.
  const made = node.kind === 'mapping' && node.tag === TAG.timestamp ? undefined : constructScalar(node.tag, scalar);
  if (made !== undefined) return made;
  const what = scalar.value === '' ? 'An empty value' : `'${clip(scalar.value)}'`;
  throw nodeFault(node, `${what} is not ${TYPE_WORDS[node.tag]}.`, 'Put it in quotes if it is meant as text.');
}

/** The scalar itself, or what a mapping has under a bare `=`. */
function scalarOf(node: Node): ScalarNode | undefined {
  let current: Node | undefined = node;
  const seen = new Set<Node>();
  while (current?.kind === 'mapping' && !seen.has(current)) {
    seen.add(current);
    current = current.pairs.find((pair) => pair.key.tag === TAG.value)?.value;
  }
  return current?.kind === 'scalar' ? current : undefined;
}

function unknownTag(node: Node): YamlFault {
  if (node.tag === TAG.value || node.tag === TAG.merge || node.tag === TAG.yaml) {
    const text = node.kind === 'scalar' ? node.value : shortTag(node.tag);
    return nodeFault(node, `A bare '${text}' cannot be a value.`, 'Put it in quotes if it is meant as text.');
  }
  const help = "Remove the tag, or put the value in quotes if it is meant to begin with '!'.";
  return nodeFault(node, `The tag '${shortTag(node.tag)}' is unknown.`, help);
}

function shortTag(tag: string): string {
  return clip(tag.startsWith('tag:yaml.org,2002:') ? `!!${tag.slice(18)}` : tag);
}

interface Entry {
  pair: Pair;
  /** The key as JSON has it; undefined where JSON has none. */
  text: string | undefined;
  /** The first key node that stands in the mapping itself, not in something merged. */
  own: Node | undefined;
}

/** A Python dict on its way to a JSON object: keys by Python's equality first, then by their JSON form. */
class Dict {
  readonly #entries = new Map<unknown, Entry>();
  #badKey: DictData['badKey'];

  /**
   * Adds a pair, or replaces the value of an equal key: the first key keeps its name and place, the last value wins.
   *
   * @param own the pair stands in the mapping itself and was not merged
   * @returns the earlier key of the mapping itself, when there is one
   */
  add(key: Constructed, pair: Pair, own: boolean): { text: string; node: Node } | undefined {
    const text = key.kind === 'scalar' ? keyText(key.value) : undefined;
    if (text === undefined)
      this.#badKey ??= {
        node: pair.key,
        type: key.kind === 'foreign' ? key.type : 'a number of more than 4300 digits',
      };
    // A key that JSON does not have collides with nothing: the document fails anyway.
    const identity = key.kind === 'scalar' ? keyIdentity(key.value) : key;
    const known = this.#entries.get(identity);
    if (known === undefined) {
      this.#entries.set(identity, { pair, text, own: own ? pair.key : undefined });
      return undefined;
    }
    known.pair = pair;
    if (!own) return undefined;
    const first = known.own;
    known.own ??= pair.key;
    return first && { text: known.text ?? '', node: first };
  }

  finish(): DictData {
    const entries = new Map<string, Pair>();
    for (const { text, pair } of this.#entries.values()) if (text !== undefined) entries.set(text, pair);
    return { kind: 'dict', entries, badKey: this.#badKey };
  }
}

/** What Python compares keys by: `1`, `1.0` and `true` are the same key, `"1"` is another one. */
function keyIdentity(value: Scalar): unknown {
  if (typeof value === 'boolean') return Number(value);
  if (!(value instanceof PyFloat)) return value;
  const { value: number } = value;
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? BigInt(number) : number;
}

/** The name that JSON gives to a key; undefined for whole numbers that are too long to be written. */
function keyText(value: Scalar): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof PyFloat) return value.toJsonText();
  if (typeof value === 'bigint') return bigintText(value);
  return String(value);
}

/** A whole number in decimal; undefined when it has more digits than Python writes. */
export function bigintText(value: bigint): string | undefined {
  if (value >= TOO_LONG || value <= -TOO_LONG) return undefined;
  return value.toString();
}
