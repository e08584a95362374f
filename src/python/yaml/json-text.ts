import { type LoadedYaml, PyFloat, type YamlValue } from './load.js';

/**
 * What the reference client would post of a file: as Python's `json.dumps` writes it, but for blanks.
 *
 * @returns undefined where the client gets no further than reading the file
 */
export function jsonTextOf({ value, problem }: LoadedYaml): string | undefined {
  return value === undefined || (problem !== undefined && problem.stage !== 'empty') ? undefined : jsonText(value);
}

/** Nested no deeper than what `loadYaml` lets through. */
function jsonText(value: YamlValue): string {
  if (value instanceof PyFloat) return value.toJsonText();
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, child]) => `${JSON.stringify(key)}:${jsonText(child)}`)
    .join(',')}}`;
}
