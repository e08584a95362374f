/** Puts another text in the place of a name in a definition. */
import { type LoadedYaml, loadYaml, splitPointer } from '../python/index.js';
import { asObject, valueAt } from '../schema/index.js';
import type { Edit, Finding } from './finding.js';
import { locatedText } from './places.js';

/**
 * The edit that gives a scalar another text. Quotes stay as they are, and come where the new text needs them.
 *
 * @param part the key in front of the pointer's value, or the value
 * @returns undefined where there is no scalar, or where an author would have to look at it: over several lines
 */
export function renameEdit(document: LoadedYaml, path: string, part: 'key' | 'value', text: string): Edit | undefined {
  const range = document.locate(path)?.[part];
  if (range === undefined || (part === 'value' && document.layout(path) === undefined)) return undefined;
  const old = locatedText(document, range);
  return old === undefined ? undefined : { range, text: scalarText(text, old) };
}

/** The suggestion that a finding makes, where the name stands in the file as the finding has it. */
export function suggestionOf({ path, at, meant }: Finding, document: LoadedYaml): Edit | undefined {
  if (meant === undefined) return undefined;
  const { name, instead } = meant;
  if (at !== 'key') {
    return valueAt(document.value, path) === name ? renameEdit(document, path, 'value', instead) : undefined;
  }
  const key = splitPointer(path).at(-1);
  const siblings = asObject(valueAt(document.value, path.slice(0, path.lastIndexOf('/'))));
  return key === name && siblings?.[instead] === undefined ? renameEdit(document, path, 'key', instead) : undefined;
}

/** A text as a scalar that takes the place of another one, in quotes where that has them or the text needs them. */
export function scalarText(text: string, old = ''): string {
  if (old.startsWith("'")) return `'${text.replaceAll("'", "''")}'`;
  return old.startsWith('"') || !isPlain(text) ? JSON.stringify(text) : text;
}

/** Whether a text without quotes is the same text to YAML 1.1, inside of brackets too. */
function isPlain(text: string): boolean {
  return /^[\w./+-]+(?: [\w./+-]+)*$/.test(text) && asObject(loadYaml(`{a: ${text}}`).value)?.['a'] === text;
}
