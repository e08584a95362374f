import type { BlockLayout, ScalarStyle } from './tokens.js';

/** The composed document: a graph, because an alias is the very node that its anchor names. */

export const TAG = {
  null: 'tag:yaml.org,2002:null',
  bool: 'tag:yaml.org,2002:bool',
  int: 'tag:yaml.org,2002:int',
  float: 'tag:yaml.org,2002:float',
  str: 'tag:yaml.org,2002:str',
  binary: 'tag:yaml.org,2002:binary',
  timestamp: 'tag:yaml.org,2002:timestamp',
  merge: 'tag:yaml.org,2002:merge',
  value: 'tag:yaml.org,2002:value',
  yaml: 'tag:yaml.org,2002:yaml',
  seq: 'tag:yaml.org,2002:seq',
  map: 'tag:yaml.org,2002:map',
  set: 'tag:yaml.org,2002:set',
  omap: 'tag:yaml.org,2002:omap',
  pairs: 'tag:yaml.org,2002:pairs',
} as const;

interface NodeBase {
  tag: string;
  /** Offsets of the content, without anchor and tag; `end` exclusive and without trailing blank lines. */
  start: number;
  end: number;
  /** What the constructor made of it; undefined until it did. */
  data: Constructed | undefined;
}

export interface ScalarNode extends NodeBase {
  kind: 'scalar';
  value: string;
  style: ScalarStyle;
  block: BlockLayout | undefined;
}

export interface SequenceNode extends NodeBase {
  kind: 'sequence';
  items: Node[];
}

export interface Pair {
  key: Node;
  value: Node;
}

export interface MappingNode extends NodeBase {
  kind: 'mapping';
  /** In order; once merges are resolved, the merged ones come first. */
  pairs: Pair[];
  /** How many of `pairs` came from merges. */
  merged: number;
}

export type Node = ScalarNode | SequenceNode | MappingNode;

export type Scalar = null | boolean | number | bigint | string | PyFloat;

/** A mapping's pairs by their JSON keys. `badKey`: a key that JSON cannot have, and what it is. */
export interface DictData {
  kind: 'dict';
  entries: Map<string, Pair>;
  badKey: { node: Node; type: string } | undefined;
}

/** A Python object, as far as JSON needs it: containers refer to nodes, which keeps sharing and cycles. */
export type Constructed =
  | { kind: 'scalar'; value: Scalar }
  | { kind: 'list'; items: Node[] }
  /** A list of tuples: what `!!omap` and `!!pairs` make. */
  | { kind: 'tuples'; items: Pair[] }
  | DictData
  /** Something that JSON has no form for; `type` in plain words. */
  | { kind: 'foreign'; type: string };

/** A number that is a float to Python, `5.0` as well as `5.5`; whole numbers are plain `number` or `bigint`. */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  /** As Python's `str` writes it: `5.0`, `1e+16`, `nan`. */
  toString(): string {
    return floatText(this.value);
  }

  /** As Python's `json.dumps` writes it: `NaN` and `Infinity` where JSON has nothing. */
  toJsonText(): string {
    return Number.isFinite(this.value) ? floatText(this.value) : String(this.value);
  }

  toJSON(): number {
    return this.value;
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** The segments of a JSON pointer, unescaped; none for `''`. */
export function splitPointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The pointer to a child. */
export function joinPointer(parent: string, segment: string): string {
  return `${parent}/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The child that a segment names, as JSON has it: the last of repeated keys, merged ones included. */
export function childPlace(node: Node, segment: string): { node: Node; key: Node | undefined } | undefined {
  const { data } = node;
  if (data?.kind === 'dict') {
    const pair = data.entries.get(segment);
    return pair && { node: pair.value, key: pair.key };
  }
  const item =
    /^(?:0|[1-9][0-9]*)$/.test(segment) && node.kind === 'sequence' ? node.items[Number(segment)] : undefined;
  return item && { node: item, key: undefined };
}

/** What is written at an offset: the innermost value, or a key. An alias is not where its value is written. */
export function placeAt(root: Node, offset: number): { path: string; part: 'key' | 'value' } {
  const isAt = (node: Node) => node.start <= offset && offset <= node.end;
  let [node, path] = [root, ''];
  for (;;) {
    const inside: { segment: string; node: Node; key?: Node }[] =
      node.data?.kind === 'dict'
        ? Array.from(node.data.entries, ([segment, pair]) => ({ segment, node: pair.value, key: pair.key }))
        : node.kind === 'sequence'
          ? node.items.map((item, index) => ({ segment: String(index), node: item }))
          : [];
    const found = inside.find((child) => isAt(child.node) || (child.key !== undefined && isAt(child.key)));
    if (found === undefined) return { path, part: 'value' };
    path = joinPointer(path, found.segment);
    if (found.key !== undefined && isAt(found.key)) return { path, part: 'key' };
    // A value may contain itself by an alias.
    if (found.node.end - found.node.start >= node.end - node.start) return { path, part: 'value' };
    node = found.node;
  }
}

/** The JSON pointer to each mapping, the shortest where aliases give several; those that a repeated key hides are there too. */
export function mappingPointers(root: Node): Map<Node, string> {
  const seen = new Set<Node>([root]);
  const pointers = new Map<Node, string>();
  const queue: { node: Node; path: string }[] = [{ node: root, path: '' }];
  for (const { node, path } of queue) {
    if (node.kind === 'mapping') pointers.set(node, path);
    for (const child of children(node)) {
      if (seen.has(child.node)) continue;
      seen.add(child.node);
      queue.push({ node: child.node, path: joinPointer(path, child.segment) });
    }
  }
  return pointers;
}

function children(node: Node): { node: Node; segment: string }[] {
  if (node.kind === 'sequence') return node.items.map((item, index) => ({ node: item, segment: String(index) }));
  if (node.kind === 'scalar') return [];
  return node.pairs.map(({ key, value }) => ({ node: value, segment: key.kind === 'scalar' ? key.value : '' }));
}
