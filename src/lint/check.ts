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
  const diagnostics = quieten(all, document, config, { rules: RULES, unknownIgnore, unusedIgnore });
  const accepted = !all.some(isRejection);
  const definition = accepted ? (document.value as unknown as Definition) : undefined;
  return { accepted, diagnostics, all, ...(definition && { definition }), document };
}
