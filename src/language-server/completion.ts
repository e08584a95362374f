import { type CompletionItem, CompletionItemKind, type Position, type Range } from 'vscode-languageserver';
import { scalarText, secretReferences } from '../lint/index.js';
import { type LoadedYaml, loadYaml, type YamlValue } from '../python/index.js';
import { asObject, childPath, valueAt } from '../schema/index.js';
import type { Analysis } from './analysis.js';
import { namesIn } from './names.js';
import { schemaAt, typesOf } from './schema.js';

/** Stands in the text where the cursor is, to find out where that is in the definition. */
const MARK = 'jobserv-completes-this';
const WORD = /[\w./+@-]*/;
/** So much of a line is searched for the word that ends at the cursor: the time grows with the square. */
const LONGEST_WORD = 500;

/** The word at the cursor, and what surrounds it. */
interface Cursor {
  text: string;
  offset: number;
  /** Offsets of the word. */
  start: number;
  end: number;
  /** The line before and behind the word. */
  before: string;
  after: string;
}

/**
 * What can stand at a position: the keys that the schema has there, or the values that the definition and the
 * configuration know.
 *
 * @param names the last version of the document that could be read, for the names in it
 */
export function completionsAt(text: string, position: Position, names: Analysis | undefined): CompletionItem[] {
  const cursor = cursorAt(text, position);
  const range: Range = {
    start: { line: position.line, character: position.character - (cursor.offset - cursor.start) },
    end: { line: position.line, character: position.character + (cursor.end - cursor.offset) },
  };
  const marked = findMark(cursor);
  if (marked === undefined) return [];
  const items =
    marked.part === 'key'
      ? keys(marked, cursor)
      : [...values(marked.path, cursor, names), ...keysOfNewMapping(marked, cursor)];
  return items.map(({ newText, ...item }) => ({ ...item, filterText: item.label, textEdit: { range, newText } }));
}

type Item = Omit<CompletionItem, 'textEdit'> & { newText: string };

function cursorAt(text: string, { line, character }: Position): Cursor {
  const lines = text.split(/(?<=\r\n|\r(?!\n)|\n)/);
  const lineStart = lines.slice(0, line).reduce((sum, { length }) => sum + length, 0);
  const written = (lines[line] ?? '').replace(/[\r\n]/g, '');
  const [left, right] = [written.slice(0, character), written.slice(character)];
  const [wordLeft = ''] = new RegExp(`${WORD.source}$`).exec(left.slice(-LONGEST_WORD)) ?? [];
  const [wordRight = ''] = WORD.exec(right) ?? [];
  const offset = lineStart + left.length;
  return {
    text,
    offset,
    start: offset - wordLeft.length,
    end: offset + wordRight.length,
    before: left.slice(0, left.length - wordLeft.length),
    after: right.slice(wordRight.length),
  };
}

interface Marked {
  /** Of the value, or of the mapping that the key is in. */
  path: string;
  part: 'key' | 'value';
  document: LoadedYaml;
}

/** Reads the text with a word at the cursor: as a value, as a key; and where that fails, without what follows. */
function findMark({ text, start, end, before, after }: Cursor): Marked | undefined {
  const quote = /["']$/.exec(before)?.[0] ?? '';
  const closing = after.startsWith(quote) ? '' : quote;
  const lineEnd = end + after.length;
  const brackets = closing + openBrackets(before);
  const below = text.slice(lineEnd);
  for (const rest of [closing + text.slice(end), closing + below, closing + after, brackets + below, brackets]) {
    for (const word of [MARK, `${MARK}: `]) {
      const document = loadYaml(text.slice(0, start) + word + rest);
      const found = document.value === undefined ? undefined : search(document.value, '');
      if (found !== undefined) return { ...found, document };
    }
  }
  return undefined;
}

/** What closes the brackets that a line has opened so far. */
function openBrackets(line: string): string {
  const open: string[] = [];
  for (const [sign] of line.matchAll(/[[\]{}]/g)) {
    if (sign === '[' || sign === '{') open.push(sign === '[' ? ']' : '}');
    else open.pop();
  }
  return open.reverse().join('');
}

function search(value: YamlValue, path: string): Omit<Marked, 'document'> | undefined {
  if (value === MARK) return { path, part: 'value' };
  const entries = Array.isArray(value) ? value.entries() : Object.entries(asObject(value) ?? {});
  for (const [key, item] of entries) {
    if (key === MARK) return { path, part: 'key' };
    if (typeof item === 'string' && item !== MARK) continue;
    const found = search(item, childPath(path, String(key)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The keys that a mapping may have and does not have yet; those that it needs come first. */
function keys({ path, document }: Pick<Marked, 'path' | 'document'>, { after }: Cursor): Item[] {
  const { properties = {}, required = [] } = schemaAt(path) ?? {};
  const present = Object.keys(asObject(valueAt(document.value, path)) ?? {});
  return Object.entries(properties)
    .filter(([key]) => !present.includes(key))
    .map(([key, schema]) => ({
      label: key,
      kind: CompletionItemKind.Property,
      ...(schema.description !== undefined && { documentation: schema.description }),
      sortText: `${required.includes(key) ? 0 : 1}${key}`,
      newText: /^["']?\s*:/.test(after) ? key : `${key}: `,
    }));
}

/** `- na`, or the first word of a file: a mapping that begins with a key. */
function keysOfNewMapping({ path, document }: Marked, cursor: Cursor): Item[] {
  const schema = schemaAt(path);
  const isStart = path === '' || /^\s*(?:-\s+)+$/.test(cursor.before);
  return isStart && schema?.properties !== undefined ? keys({ path, document }, cursor) : [];
}

const TRIGGER_REFERENCE = /^\/triggers\/\d+(?:\/runs\/\d+)?\/triggers\/\d+\/name$/;

function values(path: string, { before }: Cursor, names: Analysis | undefined): Item[] {
  const isQuoted = /["']$/.test(before);
  const item = (label: string, kind: CompletionItemKind): Item => ({
    label,
    kind,
    newText: isQuoted ? label : scalarText(label),
  });
  const schema = schemaAt(path);
  const choices = schema?.enum ?? (schema && typesOf(schema).includes('boolean') ? ['true', 'false'] : []);
  const literal = choices.map((label): Item => ({ ...item(label, CompletionItemKind.EnumMember), newText: label }));
  return names === undefined
    ? literal
    : [...literal, ...namesFor(path, names).map((name) => item(name, CompletionItemKind.Reference))];
}

/** The names that may stand at a place, each once. */
function namesFor(path: string, { config, result: { context } }: Analysis): string[] {
  const named = (kind: string) => namesIn(context).flatMap((one) => (one.kind === kind ? [one.name] : []));
  const key = path.slice(path.lastIndexOf('/') + 1);
  if (TRIGGER_REFERENCE.test(path)) return named('trigger');
  if (/^\/triggers\/\d+\/runs\/\d+\/script$/.test(path)) return named('script');
  if (path.endsWith('/script-repo/name')) return named('script-repo');
  if (key === 'container-auth' || key === 'secret_name' || /^\/script-repos\/[^/]+\/token$/.test(path)) {
    return unique([...(config.secrets ?? []), ...Array.from(secretReferences(context), ({ name }) => name)]);
  }
  const loop = /^(.*\/loop-on\/\d+)\/values\/\d+$/.exec(path)?.[1];
  const isHostTag = key === 'host-tag' || (loop && valueAt(context.document.value, `${loop}/param`) === 'host-tag');
  if (!isHostTag) return [];
  return unique([...(config.hostTags ?? []), ...context.runs.flatMap(({ run }) => run['host-tag'] ?? [])]);
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== MARK);
}
