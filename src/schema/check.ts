import type { Diagnostic, Range } from './diagnostic.js';
import { type LintConfig, NO_CONFIG } from './lint-config.js';
import type { Definition } from './model.js';
import { quieten } from './quiet.js';
import { CheckContext } from './rules/context.js';
import { unknownIgnore, unusedIgnore } from './rules/ignores.js';
import { RULES } from './rules/index.js';
import type { Finding, Place, Rule } from './rules/rule.js';
import { type ShellChecker, shellNotes } from './shell-notes.js';
import { asObject, childPath, valueAt } from './values.js';
import { type LoadedYaml, loadYaml } from './yaml/load.js';

export interface CheckResult {
  /** The live server's verdict, whatever is silenced. */
  accepted: boolean;
  /** In the order of the text; without what a comment silences, weighed as the configuration says. */
  diagnostics: Diagnostic[];
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
  const all = RULES.flatMap((rule) => {
    // What an alias or a merge repeats is told once.
    const found = new Map<string, Diagnostic>();
    for (const finding of rule.check(context)) {
      const diagnostic = diagnosticOf(rule, finding, document);
      const key = `${diagnostic.line}:${diagnostic.column} ${diagnostic.message}`;
      if (!found.has(key)) found.set(key, diagnostic);
    }
    return [...found.values()];
  });
  if (shell) all.push(...shellNotes(context, all, shell));
  all.sort((a, b) => a.line - b.line || a.column - b.column);
  const diagnostics = quieten(all, document, config, { rules: RULES, unknownIgnore, unusedIgnore });
  const accepted = !all.some(({ server }) => server === 'rejects');
  const definition = accepted ? (document.value as unknown as Definition) : undefined;
  return { accepted, diagnostics, ...(definition && { definition }), document };
}

function diagnosticOf(rule: Rule, finding: Finding, document: LoadedYaml): Diagnostic {
  const { path, message, help, related, fix } = finding;
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
