import type { YamlValue } from '../python/yaml/load.js';
import { asObject, childPath } from '../schema/values.js';
import type { CheckContext } from './context.js';
import { locatedText } from './places.js';

/** The keys of a mapping that are written otherwise than they are called. */
export function* untexts(context: CheckContext, path: string, map: YamlValue | undefined) {
  for (const key in asObject(map)) {
    const raw = untextKey(context, path, key);
    if (raw !== undefined) yield { key, raw };
  }
}

/** How a key of the mapping at `path` is written that was no text to YAML; undefined for one that is what it says. */
export function untextKey({ document }: CheckContext, path: string, key: string): string | undefined {
  if (!UNTEXT.test(key)) return undefined;
  const range = document.locate(childPath(path, key))?.key;
  const raw = range && locatedText(document, range);
  return raw !== undefined && raw !== key && /^[\w.:+~-]+$/.test(raw) ? raw : undefined;
}

/** The key at the top that a name would be, were it in quotes; and what it is called instead. */
export function unquotedKey(context: CheckContext, list: 'scripts' | 'script-repos', name: string): string | undefined {
  for (const { key, raw } of untexts(context, `/${list}`, context.root?.[list])) if (raw === name) return key;
  return undefined;
}

/** What a key may be called that was no text to YAML. */
const UNTEXT = /^(?:true|false|null|NaN|-?Infinity|-?\d[\d.e+-]*)$/;
