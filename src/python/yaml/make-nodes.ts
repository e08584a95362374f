import { type MappingNode, type ScalarNode, type SequenceNode, TAG } from './nodes.js';
import { resolveScalar } from './resolver.js';
import type { Token } from './tokens.js';

/** Nodes made of tokens. `tag`: the node's explicit tag; `!` asks for the default one. */

export function scalarNode({ value, style, start, end, block }: Token, given?: string): ScalarNode {
  // `!` types a scalar by its text even when it is in quotes.
  const resolve = given === '!' || (given === undefined && style === 'plain');
  const tag = resolve ? resolveScalar(value) : (given ?? TAG.str);
  return { kind: 'scalar', tag, start, end, data: undefined, value, style, block };
}

/** A value that is not there. */
export function emptyScalar(at: number, given?: string): ScalarNode {
  const tag = given === undefined || given === '!' ? TAG.null : given;
  return { kind: 'scalar', tag, start: at, end: at, data: undefined, value: '', style: 'plain', block: undefined };
}

export function sequenceNode({ start, end }: Token, given?: string): SequenceNode {
  return { kind: 'sequence', tag: collectionTag(given, TAG.seq), start, end, data: undefined, items: [] };
}

export function mappingNode({ start, end }: Token, given?: string): MappingNode {
  return { kind: 'mapping', tag: collectionTag(given, TAG.map), start, end, data: undefined, pairs: [], merged: 0 };
}

function collectionTag(given: string | undefined, fallback: string): string {
  return given === undefined || given === '!' ? fallback : given;
}
