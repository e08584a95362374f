import { PyFloat, type YamlObject, type YamlValue } from '../python/yaml/load.js';

/** Looks into values that may be of any shape: each answers undefined where the value is something else. */

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
  for (const segment of pointer.split('/').slice(1)) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    value = Array.isArray(value) ? value[Number(key)] : asObject(value)?.[key];
  }
  return value;
}

/** The pointer to a child. */
export function childPath(parent: string, key: string): string {
  return `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
