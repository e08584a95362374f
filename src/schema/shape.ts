import { PyFloat, type YamlValue } from '../python/index.js';
import validateDefinition from './generated/validate-definition.js';
import { valueAt } from './values.js';

/** What the generated validators look like. */

/** One complaint of a validator, as ajv reports it. */
export interface ShapeError {
  keyword: string;
  /** JSON pointer into the data. */
  instancePath: string;
  params: { additionalProperty?: string; missingProperty?: string; limit?: number; allowedValues?: unknown[] };
  /** The schema that holds the keyword. */
  parentSchema: { properties?: object; patternProperties?: object; type?: string | string[] };
}

export interface Validator {
  (data: unknown): boolean;
  /** Of the last call; null when it had none. */
  errors: ShapeError[] | null;
}

/** What is wrong with the shape of a definition: keys and types. `path` is a JSON pointer. */
export type ShapeFault =
  /** `path` is the mapping. `choices`: the keys that it may have; `volumes`: its keys are names of volumes. */
  | { kind: 'unknown-key'; path: string; key: string; choices: string[]; volumes: boolean }
  /** `path` is the mapping. */
  | { kind: 'missing-key'; path: string; key: string }
  | { kind: 'wrong-type'; path: string; expected: string[]; value: YamlValue }
  | { kind: 'too-long'; path: string; limit: number };

/** Every fault in the shape of a definition; none means that the server finds the shape good. */
export function shapeFaults(definition: YamlValue): ShapeFault[] {
  if (validateDefinition(definition)) return [];
  const faults = new Map<string, ShapeFault>();
  for (const error of validateDefinition.errors ?? []) {
    const fault = faultOf(error, definition);
    if (fault === undefined) continue;
    const key = 'key' in fault ? `${fault.path} ${fault.key}` : fault.path;
    faults.set(`${fault.kind} ${key}`, fault);
  }
  return [...faults.values()];
}

function faultOf(error: ShapeError, root: YamlValue): ShapeFault | undefined {
  const { instancePath: path, params, parentSchema } = error;
  const float = floatFault(error, root);
  if (float !== undefined) return float;
  switch (error.keyword) {
    case 'additionalProperties': {
      const volumes = parentSchema.patternProperties !== undefined;
      const choices = volumes ? [] : Object.keys(parentSchema.properties ?? {});
      return { kind: 'unknown-key', path, key: params.additionalProperty ?? '', choices, volumes };
    }
    case 'required':
      return { kind: 'missing-key', path, key: params.missingProperty ?? '' };
    case 'maxLength':
      return { kind: 'too-long', path, limit: params.limit ?? 0 };
    default: {
      const value = valueAt(root, path) ?? null;
      const expected = [parentSchema.type ?? []].flat();
      // A number beyond 2^53 is a whole number to the server.
      if (typeof value === 'bigint' && expected.includes('integer')) return undefined;
      return { kind: 'wrong-type', path, expected, value };
    }
  }
}

/** To the validator a float is an object; to the server it is not a mapping. */
function floatFault(error: ShapeError, root: YamlValue): ShapeFault | undefined {
  const { keyword, instancePath } = error;
  const path = keyword === 'type' ? instancePath.slice(0, instancePath.lastIndexOf('/')) : instancePath;
  const value = valueAt(root, path);
  return value instanceof PyFloat ? { kind: 'wrong-type', path, expected: ['object'], value } : undefined;
}
