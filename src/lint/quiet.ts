import { type LoadedYaml, splitLines } from '../python/index.js';
import { asObject, childPath } from '../schema/index.js';
import type { Diagnostic, LintConfig, Range } from './finding.js';
import type { Rule, RuleCheck } from './rule.js';
import { unknownIgnore } from './rules/unknown-ignore.js';
import { unusedIgnore } from './rules/unused-ignore.js';
import { SHELL_RULE } from './shell.js';
import { choiceHelp } from './suggest.js';

/** Which findings are reported: comments silence some, and the repository's configuration changes severities. */

/**
 * Silences findings and changes their severity. One that makes the server reject the definition stays as it is:
 * without it nobody could tell why.
 */
export function quieten(
  all: readonly Diagnostic[],
  document: LoadedYaml,
  config: LintConfig,
  rules: readonly Rule[],
): Diagnostic[] {
  const ignores = ignoresOf(document);
  const kept = ignores.length === 0 ? [...all] : withIgnores(all, document, ignores, rules, config);
  return kept.flatMap((diagnostic) => {
    const weight = config.rules.get(diagnostic.rule);
    if (weight === undefined || diagnostic.server === 'rejects') return [diagnostic];
    return weight === 'off' ? [] : [{ ...diagnostic, severity: weight }];
  });
}

/** Whether a rule finds here all it can: some need what a configuration says, or a program that not every machine has. */
function isActive({ id, explain }: Rule, { hostTags, secrets }: LintConfig): boolean {
  const needs = explain.config ?? {};
  return (
    id !== SHELL_RULE &&
    (needs.hostTags === undefined || hostTags !== undefined) &&
    (needs.secrets === undefined || secrets !== undefined)
  );
}

function withIgnores(
  all: readonly Diagnostic[],
  document: LoadedYaml,
  ignores: readonly Ignore[],
  rules: readonly Rule[],
  config: LintConfig,
): Diagnostic[] {
  const named = new Set(ignores.flatMap(({ line, rules: ones }) => ones.map(({ id }) => `${line} ${id}`)));
  const used = new Set<string>();
  const kept = all.filter((diagnostic) => {
    if (diagnostic.server === 'rejects') return true;
    const silencers = linesOf(diagnostic, document)
      .map((line) => `${line} ${diagnostic.rule}`)
      .filter((one) => named.has(one));
    for (const one of silencers) used.add(one);
    return silencers.length === 0;
  });
  const activeIds = rules.filter((rule) => isActive(rule, config)).map(({ id }) => id);
  // In a definition that the server rejects, some rules could not look; nobody knows what they would find.
  const complete = !all.some(({ server }) => server === 'rejects');
  for (const ignore of ignores) {
    const silences = (rule: RuleCheck) => ignore.rules.some(({ id }) => id === rule.id);
    if (!silences(unknownIgnore))
      kept.push(
        ...unknownOnes(
          ignore,
          rules.map(({ id }) => id),
        ),
      );
    if (complete && !silences(unusedIgnore)) kept.push(...unusedOnes(ignore, used, activeIds));
  }
  return kept.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The lines that a comment about a finding may be meant for: its own, and of what is inside of a script its key's. */
function linesOf({ line, path }: Diagnostic, document: LoadedYaml): number[] {
  const place = document.locate(path);
  if (place === undefined || document.layout(path)?.block === undefined) return [line];
  return [line, place.value.line, place.key?.line ?? line];
}

function* unknownOnes({ misspelt, rules, range }: Ignore, ids: readonly string[]): Generator<Diagnostic> {
  if (rules.length === 0) {
    const message =
      misspelt === undefined
        ? 'This comment does not name the rules to ignore.'
        : `\`${misspelt}\` is unknown in such a comment.`;
    yield { ...head(unknownIgnore), message, ...range, help: 'Write `# jobserv: ignore[rule, rule]`.' };
  }
  for (const { id, range } of rules) {
    if (ids.includes(id)) continue;
    const { help } = choiceHelp(id, ids, 'Rules');
    const message = `There is no rule \`${id}\`.`;
    yield { ...head(unknownIgnore), message, ...range, ...(help !== undefined && { help }) };
  }
}

function* unusedOnes(
  { rules, line }: Ignore,
  used: ReadonlySet<string>,
  ids: readonly string[],
): Generator<Diagnostic> {
  for (const entry of rules) {
    if (used.has(`${line} ${entry.id}`) || !ids.includes(entry.id)) continue;
    const message = `\`${entry.id}\` finds nothing on line ${line}, so there is nothing to ignore.`;
    yield { ...head(unusedIgnore), message, ...entry.range, help: 'Remove it.' };
  }
}

function head({ id, severity, server }: RuleCheck) {
  return { rule: id, severity, server, path: '' };
}

/** Finds `# jobserv: ignore[rule, rule]` in a definition: in its comments, and in those of its scripts. */

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
function ignoresOf(document: LoadedYaml): Ignore[] {
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
