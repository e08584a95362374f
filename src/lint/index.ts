/** The linter: checks, rules, repairs. Other folders import what is named here, and nothing else of this one. */

export { type CheckResult, check } from './check.js';
export { ConfigText } from './config-text.js';
export { CheckContext, type TriggerView } from './context.js';
export {
  type Diagnostic,
  type Edit,
  type LintConfig,
  NO_CONFIG,
  type Range,
  type Related,
  type ServerBehaviour,
  type Severity,
} from './finding.js';
export { applyEdits, changedBy, fix } from './fix.js';
export { lintConfigText, parseLintConfig, readLintConfig } from './lint-config.js';
export { locatedText } from './places.js';
export { renameEdit, scalarText } from './rename.js';
export type { Rule } from './rule.js';
export { secretReferences } from './rules/secret-name.js';
export { explanationMarkdown, findRule, RULES, ruleUrl } from './rules.js';
export { type FailuresOfRun, serverFailures } from './server-failures.js';
export type { ShellChecker, ShellNote } from './shell.js';
export { choiceHelp, nearest } from './suggest.js';
export { allReferences } from './triggers.js';

// For tests of this folder; no other folder uses them.

export { quieten } from './quiet.js';
export type { Explained } from './rule.js';
export { matcherOf } from './rules/unknown-host-tag.js';
export { SHELL_RULE, shellNotes } from './shell.js';
