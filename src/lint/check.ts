import { type LoadedYaml, loadYaml } from '../python/yaml/load.js';
import type { Definition } from '../schema/model.js';
import { asObject, childPath, valueAt } from '../schema/values.js';
import { CheckContext } from './context.js';
import type { Diagnostic, Range } from './diagnostic.js';
import { type LintConfig, NO_CONFIG } from './lint-config.js';
import { quieten } from './quiet.js';
import type { Finding, Place, Rule } from './rule.js';
import { unknownIgnore } from './rules/unknown-ignore.js';
import { unusedIgnore } from './rules/unused-ignore.js';
import { RULES } from './rules.js';
import { type ShellChecker, shellNotes } from './shell-notes.js';

export interface CheckResult {
  /** The live server's verdict, whatever is silenced. */
  accepted: boolean;
  /** In the order of the text; without what a comment silences, weighed as the configuration says. */
  diagnostics: Diagnostic[];
  /** Also what a comment or the configuration silences, with the weight that the rules give. */
  all: readonly Diagnostic[];
  /** There when it is accepted. Read-only: what an alias repeats is shared. */
  definition?: Definition;
  document: LoadedYaml;
}

/**
 * Checks a project definition: what the server would say of it, and every complaint at its place.
 *
 * @param input the file's text, or its bytes
 * @param config what the repository says of its server, and of the rules
 * @param shell a linter for its scripts
 */
export function check(input: string | Uint8Array, config: LintConfig = NO_CONFIG, shell?: ShellChecker): CheckResult {
  const document = loadYaml(input);
  const context = new CheckContext(document, config);
  const all = findingsOf(RULES, context);
  if (shell) all.push(...shellNotes(context, all, shell));
  all.sort(byPlace);
  const diagnostics = together(quieten(all, document, config, { rules: RULES, unknownIgnore, unusedIgnore }));
  const accepted = !all.some(isRejection);
  const definition = accepted ? (document.value as unknown as Definition) : undefined;
  return { accepted, diagnostics, all, ...(definition && { definition }), document };
}

/** More places than this help nobody. */
const MOST_RELATED = 20;

/** One diagnostic a file for the rules that ask for it. It stays where the first one was. */
function together(diagnostics: Diagnostic[]): Diagnostic[] {
  const first = new Map<string, Diagnostic[]>();
  const kept = diagnostics.filter((diagnostic) => {
    if (diagnostic.server !== 'accepts' || !TOGETHER.has(diagnostic.rule)) return true;
    const others = first.get(diagnostic.rule);
    if (others) others.push(diagnostic);
    else first.set(diagnostic.rule, [diagnostic]);
    return others === undefined;
  });
  return kept.map((diagnostic) => {
    const all = first.get(diagnostic.rule) ?? [];
    if (all.length < 2 || all[0] !== diagnostic) return diagnostic;
    const related = all.slice(1, MOST_RELATED + 1).map(({ message, line, column, endLine, endColumn }) => ({
      ...{ message, line, column, endLine, endColumn },
    }));
    return { ...diagnostic, message: TOGETHER.get(diagnostic.rule)?.(all.length) ?? diagnostic.message, related };
  });
}

const TOGETHER = new Map(RULES.flatMap(({ id, together }) => (together ? [[id, together] as const] : [])));

/** What rules find in a definition, each at its place. */

/** Of one rule after the other; what an alias or a merge repeats is told once. */
function findingsOf(rules: readonly Rule[], context: CheckContext): Diagnostic[] {
  return rules.flatMap((rule) => {
    const found = new Map<string, Diagnostic>();
    for (const finding of rule.check(context)) {
      const diagnostic = diagnosticOf(rule, finding, context.document);
      const key = `${diagnostic.line}:${diagnostic.column} ${diagnostic.message}`;
      if (!found.has(key)) found.set(key, diagnostic);
    }
    return [...found.values()];
  });
}

const isRejection = ({ server }: Diagnostic): boolean => server === 'rejects';

const byPlace = (a: Range, b: Range): number => a.line - b.line || a.column - b.column;

function diagnosticOf(rule: Rule, finding: Finding, document: LoadedYaml): Diagnostic {
  const { path, related, fix } = finding;
  const message = withShortQuotes(finding.message);
  const help = finding.help === undefined ? undefined : withShortQuotes(finding.help);
  return {
    rule: rule.id,
    severity: finding.severity ?? rule.severity,
    server: finding.server ?? rule.server,
    message,
    path,
    ...(finding.range ?? rangeOf(finding, document)),
    ...(help !== undefined && { help }),
    ...(related && {
      related: related.map((place) => ({ message: place.message, ...(place.range ?? rangeOf(place, document)) })),
    }),
    ...(fix && { fix }),
  };
}

/** Characters between backticks; of longer ones the beginning is shown. */
const LONGEST_QUOTE = 300;
const SHOWN_QUOTE = 100;

/** Nobody reads a megabyte that stands where a name should. */
function withShortQuotes(text: string): string {
  if (text.length <= LONGEST_QUOTE) return text;
  return text.replace(/`[^`]+`/g, (quote) =>
    quote.length > LONGEST_QUOTE ? `${quote.slice(0, SHOWN_QUOTE)}…\`` : quote,
  );
}

/** The token that a complaint stands under. */
function rangeOf({ path, at = 'value' }: Place, document: LoadedYaml): Range {
  const place = document.locate(path);
  if (place === undefined) return { line: 1, column: 1, endLine: 1, endColumn: 1 };
  const { value, key } = place;
  if (at === 'whole') return wholeRange(path, document) ?? key ?? value;
  if (key === undefined) return value;
  // Where there is no text to point at, or too much of it, the key says what is meant.
  const empty = value.line === value.endLine && value.column === value.endColumn;
  return at === 'key' || empty || value.endLine > value.line ? key : value;
}

/** An element of a list is known by its name, else by its first key; a mapping below a key by that key. */
function wholeRange(path: string, document: LoadedYaml): Range | undefined {
  const object = asObject(valueAt(document.value, path));
  const element = document.locate(path)?.key === undefined;
  if (object === undefined || !element) return undefined;
  const [first] = Object.keys(object);
  if (typeof object['name'] === 'string') return document.locate(`${path}/name`)?.value;
  return first === undefined ? undefined : document.locate(childPath(path, first))?.key;
}
