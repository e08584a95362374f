import { bigintText } from './construct.js';
import { type Constructed, type Node, type PyFloat, TAG } from './nodes.js';
import { nodeFault, type YamlFault } from './positions.js';

/**
 * A loaded value as JSON has it. Whole numbers are `number`, or `bigint` beyond 2^53; every float is a `PyFloat`.
 * Objects have no prototype. Content that an alias repeats is shared, not copied: treat it as read-only.
 */
export type YamlValue = null | boolean | number | bigint | PyFloat | string | YamlValue[] | YamlObject;
export interface YamlObject {
  [key: string]: YamlValue;
}

/** Deeper JSON cannot be written and read by the reference client and server: Python's limit again. */
const MAX_DEPTH = 990;
/** Values that aliases may multiply a document to: far more than anyone can mean, few enough to be walked through. */
const MAX_VALUES = 1_000_000;

interface Done {
  value: YamlValue;
  /** How many values it is when written out, and how deep. */
  size: number;
  height: number;
}

/**
 * What `json.dumps` and the server's parser make of a constructed document, without writing it.
 *
 * @param nodes how many nodes the text holds: so many values are allowed without any alias
 * @param dates gets a fault for each value that is a date; its text takes its place, so the rest can be checked
 * @throws YamlFault where there is no JSON form: sets, bytes, cycles, keys of such kinds, or a bomb of aliases
 */
export function toValue(root: Node, nodes: number, dates: YamlFault[]): YamlValue {
  return new Converter(Math.max(MAX_VALUES, nodes), dates).convert(root, 0).value;
}

class Converter {
  readonly #limit: number;
  readonly #dates: YamlFault[];
  readonly #done = new Map<Node, Done | 'open'>();

  constructor(limit: number, dates: YamlFault[]) {
    this.#limit = limit;
    this.#dates = dates;
  }

  convert(node: Node, depth: number): Done {
    const { data } = node;
    if (data?.kind === 'scalar') return { value: scalarValue(node, data.value), size: 1, height: 0 };
    const known = this.#done.get(node);
    if (known === 'open')
      throw nodeFault(node, 'This contains itself through an alias.', 'Remove the alias that points back.');
    if (known !== undefined) {
      if (depth + known.height > MAX_DEPTH) throw tooDeep(node);
      return known;
    }
    if (depth > MAX_DEPTH) throw tooDeep(node);
    this.#done.set(node, 'open');
    const done = this.#container(node, data, depth);
    if (done.size > this.#limit) {
      const message = 'Its aliases multiply this to more than a million values.';
      throw nodeFault(node, message, 'Remove aliases that repeat content which itself is full of aliases.');
    }
    this.#done.set(node, done);
    return done;
  }

  #container(node: Node, data: Constructed | undefined, depth: number): Done {
    const done: Done = { value: null, size: 1, height: 0 };
    if (data?.kind === 'list') done.value = data.items.map((item) => this.#child(done, item, depth));
    else if (data?.kind === 'tuples') {
      done.value = data.items.map(({ key, value }) => [
        this.#child(done, key, depth + 1),
        this.#child(done, value, depth + 1),
      ]);
    } else if (data?.kind === 'dict') {
      if (data.badKey) throw noJson(data.badKey.node, data.badKey.type, 'a key');
      const object: YamlObject = Object.create(null);
      for (const [key, { value }] of data.entries) object[key] = this.#child(done, value, depth);
      done.value = object;
    } else if (data?.kind === 'foreign' && node.kind === 'scalar' && node.tag === TAG.timestamp) {
      this.#dates.push(noJson(node, data.type, 'a value'));
      done.value = node.value;
    } else throw noJson(node, data?.kind === 'foreign' ? data.type : 'nothing', 'a value');
    return done;
  }

  #child(parent: Done, node: Node, depth: number): YamlValue {
    const child = this.convert(node, depth + 1);
    parent.size += child.size;
    if (child.height >= parent.height) parent.height = child.height + 1;
    return child.value;
  }
}

function scalarValue(node: Node, value: YamlValue): YamlValue {
  if (typeof value === 'bigint' && bigintText(value) === undefined)
    throw noJson(node, 'a number of more than 4300 digits', 'a value');
  return value;
}

function noJson(node: Node, type: string, role: string): YamlFault {
  const message = `This is ${type} to YAML, which cannot be ${role} in a definition.`;
  return nodeFault(node, message, 'Put it in quotes if it is meant as text.');
}

function tooDeep(node: Node): YamlFault {
  return nodeFault(node, `This is nested more than ${MAX_DEPTH} levels deep.`, 'Flatten the structure.');
}
