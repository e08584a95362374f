import { PyFloat, splitPointer, type YamlObject, type YamlValue } from '../python/index.js';

export { joinPointer as childPath } from '../python/index.js';

/** Readers of values of any shape: each returns undefined for another kind of value. */

export function asText(value: YamlValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function asList(value: YamlValue | undefined): YamlValue[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

export function asObject(value: YamlValue | undefined): YamlObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof PyFloat) return undefined;
  return value;
}

/** The value at a JSON pointer. */
export function valueAt(root: YamlValue | undefined, pointer: string): YamlValue | undefined {
  let value = root;
  for (const key of splitPointer(pointer)) {
    value = Array.isArray(value) ? value[Number(key)] : asObject(value)?.[key];
  }
  return value;
}
