import { type LoadedYaml, loadYaml } from '../python/index.js';
import { asObject, childPath, type Definition, valueAt } from '../schema/index.js';
import { CheckContext } from './context.js';
import { type Diagnostic, type Finding, type LintConfig, NO_CONFIG, type Place, type Range } from './finding.js';
import { quieten } from './quiet.js';
import { suggestionOf } from './rename.js';
import type { Rule } from './rule.js';
import { RULES } from './rules.js';
import { type ShellChecker, shellNotes } from './shell.js';

export interface CheckResult {
  /** The live server's verdict, whatever is silenced. */
  accepted: boolean;
  /** In the order of the text; without what a comment silences, and with the severities of the configuration. */
  diagnostics: Diagnostic[];
  /** Also what a comment or the configuration silences, with the severities of the rules. */
  all: readonly Diagnostic[];
  /** Present if it is accepted. Read-only: what an alias repeats is shared. */
  definition?: Definition;
  document: LoadedYaml;
  /** What the rules looked at. */
  context: CheckContext;
}

/**
 * Checks a project definition: the server's verdict, and every finding at its place.
 *
 * @param input the file's text, or its bytes
 * @param config the repository's configuration
 * @param shell a linter for its scripts
 * @param previous the check of another version of this text: what did not change is not checked again
 */
export function check(
  input: string | Uint8Array,
  config: LintConfig = NO_CONFIG,
  shell?: ShellChecker,
  previous?: CheckResult,
): CheckResult {
  const document = loadYaml(input);
  const context = new CheckContext(document, config, previous?.context);
  const all = RULES.flatMap((rule) => findingsOf(rule, context));
  if (shell) all.push(...shellNotes(context, all, shell));
  all.sort((a, b) => a.line - b.line || a.column - b.column);
  const diagnostics = together(quieten(all, document, config, RULES));
  const accepted = !all.some(({ server }) => server === 'rejects');
  return {
    accepted,
    diagnostics,
    all,
    ...(accepted && { definition: document.value as unknown as Definition }),
    document,
    context,
  };
}

/** The findings of one rule; one finding for what an alias or a merge repeats. */
function findingsOf(rule: Rule, context: CheckContext): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const finding of rule.check(context)) {
    const diagnostic = diagnosticOf(rule, finding, context.document);
    const key = `${diagnostic.line}:${diagnostic.column} ${diagnostic.message}`;
    if (!found.has(key)) found.set(key, diagnostic);
  }
  return [...found.values()];
}

function diagnosticOf(rule: Rule, finding: Finding, document: LoadedYaml): Diagnostic {
  const { path, help, related, fix } = finding;
  const suggestion = fix === undefined ? suggestionOf(finding, document) : undefined;
  return {
    rule: rule.id,
    severity: finding.severity ?? rule.severity,
    server: finding.server ?? rule.server,
    message: withShortQuotes(finding.message),
    path,
    ...rangeOf(finding, document),
    ...(help !== undefined && { help: withShortQuotes(help) }),
    ...(related && { related: related.map((place) => ({ message: place.message, ...rangeOf(place, document) })) }),
    ...(fix && { fix }),
    ...(suggestion && { suggestion }),
  };
}

/** Characters between backticks; of longer quotes only the beginning is shown. */
const LONGEST_QUOTE = 300;
const SHOWN_QUOTE = 100;

function withShortQuotes(text: string): string {
  if (text.length <= LONGEST_QUOTE) return text;
  return text.replace(/`[^`]+`/g, (quote) =>
    quote.length > LONGEST_QUOTE ? `${quote.slice(0, SHOWN_QUOTE)}…\`` : quote,
  );
}

/** The token that a finding points at. */
function rangeOf({ path, at = 'value', range }: Place, document: LoadedYaml): Range {
  const place = document.locate(path);
  if (range !== undefined) return range;
  if (place === undefined) return { line: 1, column: 1, endLine: 1, endColumn: 1 };
  const { value, key } = place;
  if (at === 'whole') return wholeRange(path, document) ?? key ?? value;
  if (key === undefined) return value;
  // An empty value cannot be pointed at, and a long one is too much: the key says what is meant.
  const empty = value.line === value.endLine && value.column === value.endColumn;
  return at === 'key' || empty || value.endLine > value.line ? key : value;
}

/** The name of an element of a list, otherwise its first key; undefined for what has a key itself. */
function wholeRange(path: string, document: LoadedYaml): Range | undefined {
  const object = asObject(valueAt(document.value, path));
  if (object === undefined || document.locate(path)?.key !== undefined) return undefined;
  if (typeof object['name'] === 'string') return document.locate(`${path}/name`)?.value;
  const [first] = Object.keys(object);
  return first === undefined ? undefined : document.locate(childPath(path, first))?.key;
}

/** More related places help nobody. */
const MOST_RELATED = 20;

/** Makes one diagnostic of all that a rule with `together` finds in a file, at the place of the first. */
function together(diagnostics: Diagnostic[]): Diagnostic[] {
  const found = new Map<string, Diagnostic[]>();
  const kept = diagnostics.filter((diagnostic) => {
    if (diagnostic.server !== 'accepts' || !TOGETHER.has(diagnostic.rule)) return true;
    const all = found.get(diagnostic.rule);
    if (all === undefined) found.set(diagnostic.rule, [diagnostic]);
    else all.push(diagnostic);
    return all === undefined;
  });
  return kept.map((diagnostic) => {
    const all = found.get(diagnostic.rule) ?? [];
    if (all.length < 2 || all[0] !== diagnostic) return diagnostic;
    const related = all.slice(1, MOST_RELATED + 1).map(({ message, line, column, endLine, endColumn }) => ({
      ...{ message, line, column, endLine, endColumn },
    }));
    return { ...diagnostic, message: TOGETHER.get(diagnostic.rule)?.(all.length) ?? diagnostic.message, related };
  });
}

const TOGETHER = new Map(RULES.flatMap(({ id, together }) => (together ? [[id, together] as const] : [])));
