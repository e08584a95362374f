import { splitPointer } from '../python/index.js';
import definitionSchema from '../schema/definition.schema.json' with { type: 'json' };

/** The part of JSON Schema that the definition's schema uses. */
export interface SchemaNode {
  $ref?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: readonly string[];
  required?: readonly string[];
  properties?: Readonly<Record<string, SchemaNode>>;
  additionalProperties?: boolean | SchemaNode;
  items?: SchemaNode;
}

const ROOT: SchemaNode & { definitions: Record<string, SchemaNode> } = definitionSchema;

/** What the schema says of the value at a JSON pointer; undefined where it knows of none. */
export function schemaAt(path: string): SchemaNode | undefined {
  let node: SchemaNode | undefined = ROOT;
  for (const segment of splitPointer(path)) {
    const next: boolean | SchemaNode | undefined =
      /^\d+$/.test(segment) && node.items ? node.items : ownProperty(node, segment);
    if (typeof next !== 'object') return undefined;
    node = next.$ref === undefined ? next : ROOT.definitions[next.$ref.replace('#/definitions/', '')];
    if (node === undefined) return undefined;
  }
  return node;
}

function ownProperty(
  { properties = {}, additionalProperties }: SchemaNode,
  key: string,
): boolean | SchemaNode | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
}

export function typesOf({ type = [] }: SchemaNode): string[] {
  return [type].flat();
}
