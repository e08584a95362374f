import type { Hover, Position } from 'vscode-languageserver';
import { explanationMarkdown, RULES, type Rule } from '../lint/index.js';
import { splitPointer } from '../python/index.js';
import { type Analysis, contains } from './analysis.js';
import { schemaAt, typesOf } from './schema.js';

/** What a rule is about, at its findings and where a comment names it; what a key means, at the key. */
export function hoverAt(analysis: Analysis, position: Position): Hover | undefined {
  const found = analysis.result.diagnostics.filter((one) => contains(analysis.editorRange(one), position));
  const ids = new Set([...found.map(({ rule }) => rule), ...ruleInComment(analysis, position)]);
  const rules = RULES.filter(({ id }) => ids.has(id)).map(described);
  const key = keyAt(analysis, position);
  const parts = [...rules, ...(key === undefined ? [] : [key])];
  return parts.length === 0 ? undefined : { contents: { kind: 'markdown', value: parts.join('\n\n---\n\n') } };
}

function described(rule: Rule): string {
  return `**${rule.id}**: ${rule.summary}\n\n${explanationMarkdown(rule)}`;
}

/** Longer than the name of any rule: so much before the cursor is searched, as the time grows with the square. */
const LONGEST_RULE = 100;

/** The word under the cursor in `# jobserv: ignore[rule, rule]`. */
function ruleInComment({ text }: Analysis, { line, character }: Position): string[] {
  const written = text.split(/\r\n?|\n/)[line] ?? '';
  if (!/#[ \t]*jobserv:[ \t]*ignore\[/.test(written.slice(0, character))) return [];
  const [before = ''] = /[\w-]*$/.exec(written.slice(0, character).slice(-LONGEST_RULE)) ?? [];
  const [after = ''] = /^[\w-]*/.exec(written.slice(character)) ?? [];
  return [before + after];
}

function keyAt(analysis: Analysis, position: Position): string | undefined {
  const place = analysis.at(position);
  if (place?.part !== 'key') return undefined;
  const schema = schemaAt(place.path);
  if (schema?.description === undefined) return undefined;
  const name = splitPointer(place.path).at(-1) ?? '';
  const types = typesOf(schema).filter((type) => type !== 'null');
  return `**${name}** (${types.join(' or ')})\n\n${schema.description}`;
}
