import type { Node } from './nodes.js';

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
