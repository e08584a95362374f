/** Finds `# jobserv: ignore[rule, rule]` in a definition: in its comments, and in those of its scripts. */

import type { LoadedYaml } from '../python/yaml/load.js';
import { splitLines } from '../python/yaml/positions.js';
import { asObject, childPath } from '../schema/values.js';
import type { Range } from './diagnostic.js';

export interface Ignore {
  /** Another word than `ignore`, in front of brackets: it silences nothing. */
  misspelt?: string;
  /** What stands between the brackets; empty when there are none. */
  rules: { id: string; range: Range }[];
  /** The whole comment. */
  range: Range;
  /** The line that it is about. */
  line: number;
}

const WORDS = /^#[ \t]*jobserv:[ \t]*([\w-]+)[ \t]*(?:\[([^\]]*)\])?/;
const ANYWHERE = /(?<![^ \t])#[ \t]*jobserv:/;

/** In the order of the text. */
export function ignoresOf(document: LoadedYaml): Ignore[] {
  // Comments cost something to place, and few definitions have such ones.
  if (!document.text.includes('jobserv:')) return [];
  const lines = splitLines(document.text);
  const next = nextContents(lines);
  const found = [...document.comments, ...scriptComments(document, lines)].flatMap(
    (comment) => ignoreOf(comment, lines, next) ?? [],
  );
  return found.sort((a, b) => a.range.line - b.range.line);
}

function ignoreOf(
  { text, range }: { text: string; range: Range },
  lines: readonly string[],
  next: readonly number[],
): Ignore | undefined {
  const words = WORDS.exec(text);
  if (words === null) return undefined;
  const [whole, word = '', list] = words;
  // Without brackets it may be a sentence about this very tool.
  if (word !== 'ignore') return list === undefined ? undefined : { misspelt: word, rules: [], range, line: range.line };
  const alone = (lines[range.line - 1] ?? '').slice(0, range.column - 1).trim() === '';
  const rules: Ignore['rules'] = [];
  const start = range.column + whole.length - 1 - (list ?? '').length;
  for (const { 0: id, index } of (list ?? '').matchAll(/[^\s,](?:[^,]*[^\s,])?/g)) {
    const column = start + index;
    rules.push({ id, range: { line: range.line, column, endLine: range.line, endColumn: column + id.length } });
  }
  return { rules, range, line: (alone ? next[range.line] : undefined) ?? range.line };
}

/** For each line, counted from 1, the first one behind it that holds more than blanks or a comment. */
function nextContents(lines: readonly string[]): number[] {
  const next: number[] = [];
  let content = lines.length;
  for (let line = lines.length; line > 0; line--) {
    next[line] = content;
    if (!/^[ \t]*(?:#|$)/.test(lines[line - 1] ?? '')) content = line;
  }
  return next;
}

/** Comments of this kind in the scripts that stand in the definition line by line. */
function* scriptComments(document: LoadedYaml, lines: readonly string[]): Generator<{ text: string; range: Range }> {
  for (const name of Object.keys(asObject(asObject(document.value)?.['scripts']) ?? {})) {
    const layout = document.layout(childPath('/scripts', name));
    if (layout?.block === undefined) continue;
    for (let line = layout.block.line; line <= layout.range.endLine; line++) {
      const text = lines[line - 1] ?? '';
      const at = text.search(ANYWHERE);
      if (at < 0) continue;
      yield { text: text.slice(at), range: { line, column: at + 1, endLine: line, endColumn: text.length + 1 } };
    }
  }
}
