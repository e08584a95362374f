import { type MappingNode, type Node, type Pair, TAG } from './nodes.js';
import { nodeFault } from './positions.js';

/** Pairs that all merges of a text may bring together: far more than anyone can mean, few enough to be quick. */
const MAX_MERGED = 1_000_000;
/** Mappings that merge one another in a chain; here PyYAML ends with a RecursionError. */
const MAX_CHAIN = 988;

/** How far the resolution of a mapping is: pairs before `write` are its own, those from `read` on are still to be looked at. */
interface Progress {
  read: number;
  write: number;
}

/** Resolves merge keys (`<<`), one instance for one document. */
export class Merger {
  #brought = 0;
  readonly #active = new Map<MappingNode, Progress>();

  /**
   * Replaces the merge keys of a mapping by the pairs they bring, in front of its own pairs, so that its own win;
   * of several mappings in a list the earlier one wins. A key `=` becomes text. A mapping already resolved stays as it is.
   *
   * Works in place, like PyYAML: a mapping that merges itself sees what is left of it at that moment.
   *
   * @throws YamlFault for the merge of something else than a mapping, or too many merged pairs
   */
  resolve(mapping: MappingNode, chain = 0): void {
    const outer = this.#active.get(mapping);
    if (outer !== undefined) closeGap(mapping, outer);
    if (outer === undefined && !needsWork(mapping)) return;
    if (chain > MAX_CHAIN) throw nodeFault(mapping, `More than ${MAX_CHAIN} mappings merge one another in a chain.`);
    const progress = { read: 0, write: 0 };
    this.#active.set(mapping, progress);
    const merged = this.#takeMerges(mapping, progress, chain);
    closeGap(mapping, progress);
    if (outer === undefined) this.#active.delete(mapping);
    else this.#active.set(mapping, outer);
    if (merged.length === 0) return;
    mapping.merged += merged.length;
    mapping.pairs = merged.concat(mapping.pairs);
  }

  #takeMerges(mapping: MappingNode, progress: Progress, chain: number): Pair[] {
    const merged: Pair[] = [];
    while (progress.read < mapping.pairs.length) {
      const pair = mapping.pairs[progress.read++] as Pair;
      if (pair.key.tag === TAG.merge) {
        const brought = sources(pair.value).map((source) => {
          this.resolve(source, chain + 1);
          return source;
        });
        for (const source of brought.reverse()) this.#bring(source, merged);
      } else {
        if (pair.key.tag === TAG.value) pair.key.tag = TAG.str;
        mapping.pairs[progress.write++] = pair;
      }
    }
    return merged;
  }

  #bring(source: MappingNode, merged: Pair[]): void {
    this.#brought += source.pairs.length;
    if (this.#brought > MAX_MERGED) throw nodeFault(source, "The merges ('<<') of this file grow beyond all bounds.");
    for (const pair of source.pairs) merged.push(pair);
  }
}

function needsWork(mapping: MappingNode): boolean {
  return mapping.pairs.some(({ key }) => key.tag === TAG.merge || key.tag === TAG.value);
}

/** Removes the resolved merge keys: `pairs` is then what PyYAML has at this moment. */
function closeGap(mapping: MappingNode, progress: Progress): void {
  if (progress.read > progress.write) mapping.pairs.splice(progress.write, progress.read - progress.write);
  progress.read = progress.write;
}

function sources(value: Node): MappingNode[] {
  if (value.kind === 'mapping') return [value];
  if (value.kind !== 'sequence') throw notMergeable(value);
  return value.items.map((item) => {
    if (item.kind !== 'mapping') throw notMergeable(item);
    return item;
  });
}

function notMergeable(node: Node) {
  const help = "Write '<<: *name' with the anchor of a mapping, or '<<: [*one, *two]'.";
  return nodeFault(node, "'<<' merges mappings, and this is none.", help);
}
