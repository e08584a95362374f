import { type LoadedYaml, loadYaml } from '../python/yaml/load.js';
import type { Definition } from '../schema/model.js';
import { CheckContext } from './context.js';
import type { Diagnostic } from './diagnostic.js';
import { byPlace, findingsOf, isRejection } from './findings.js';
import { type LintConfig, NO_CONFIG } from './lint-config.js';
import { quieten } from './quiet.js';
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
