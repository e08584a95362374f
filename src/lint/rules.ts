import { UsageError } from '../lib/index.js';
import explanations from './generated/explanations.json' with { type: 'json' };
import type { Explained, Rule, RuleCheck } from './rule.js';
import { badPlaceholder } from './rules/bad-placeholder.js';
import { containerAuthRegistry } from './rules/container-auth-registry.js';
import { dangerousCapability } from './rules/dangerous-capability.js';
import { dockerSocket } from './rules/docker-socket.js';
import { duplicateKey } from './rules/duplicate-key.js';
import { duplicateRunName } from './rules/duplicate-run-name.js';
import { duplicateTriggerName } from './rules/duplicate-trigger-name.js';
import { emptyDefinition } from './rules/empty-definition.js';
import { foldedScript } from './rules/folded-script.js';
import { hostTagShadowed } from './rules/host-tag-shadowed.js';
import { imageReference } from './rules/image-reference.js';
import { invalidParamName } from './rules/invalid-param-name.js';
import { invalidRegex } from './rules/invalid-regex.js';
import { loopEmpty } from './rules/loop-empty.js';
import { loopRepeatedParam } from './rules/loop-repeated-param.js';
import { loopSize } from './rules/loop-size.js';
import { missingHostTag } from './rules/missing-host-tag.js';
import { missingInterpreter } from './rules/missing-interpreter.js';
import { missingKey } from './rules/missing-key.js';
import { missingShebang } from './rules/missing-shebang.js';
import { mountPath } from './rules/mount-path.js';
import { nameLength } from './rules/name-length.js';
import { noRuns } from './rules/no-runs.js';
import { nullValue } from './rules/null-value.js';
import { plaintextSecret } from './rules/plaintext-secret.js';
import { pollerParams } from './rules/poller-params.js';
import { privileged } from './rules/privileged.js';
import { refPattern } from './rules/ref-pattern.js';
import { regexBacktracking } from './rules/regex-backtracking.js';
import { regexMissingGroup } from './rules/regex-missing-group.js';
import { regexSlow } from './rules/regex-slow.js';
import { reservedParam } from './rules/reserved-param.js';
import { runNameSlash } from './rules/run-name-slash.js';
import { scriptChoice } from './rules/script-choice.js';
import { secretName } from './rules/secret-name.js';
import { shellSyntax } from './rules/shell-syntax.js';
import { timeoutValue } from './rules/timeout-value.js';
import { triggerNeverFires } from './rules/trigger-never-fires.js';
import { triggerRecursion } from './rules/trigger-recursion.js';
import { triggeredRunCollision } from './rules/triggered-run-collision.js';
import { unknownCapability } from './rules/unknown-capability.js';
import { unknownHostTag } from './rules/unknown-host-tag.js';
import { unknownIgnore } from './rules/unknown-ignore.js';
import { unknownKey } from './rules/unknown-key.js';
import { unknownResultStatus } from './rules/unknown-result-status.js';
import { unknownScript } from './rules/unknown-script.js';
import { unknownScriptRepo } from './rules/unknown-script-repo.js';
import { unknownSecret } from './rules/unknown-secret.js';
import { unknownTrigger } from './rules/unknown-trigger.js';
import { unknownTriggerType } from './rules/unknown-trigger-type.js';
import { unreachableTrigger } from './rules/unreachable-trigger.js';
import { unusedIgnore } from './rules/unused-ignore.js';
import { unusedScript } from './rules/unused-script.js';
import { unusedScriptRepo } from './rules/unused-script-repo.js';
import { wrongType } from './rules/wrong-type.js';
import { xtraceSecret } from './rules/xtrace-secret.js';
import { yamlSyntax } from './rules/yaml-syntax.js';
import { yaml11Type } from './rules/yaml11-type.js';
import { nearest } from './suggest.js';

/** By family; `explain` and docs/rules.md list them in this order. */
const CHECKS: readonly RuleCheck[] = [
  yamlSyntax,
  emptyDefinition,
  duplicateKey,
  unknownKey,
  missingKey,
  nullValue,
  yaml11Type,
  wrongType,
  nameLength,
  unknownTriggerType,
  scriptChoice,
  unknownScript,
  unknownScriptRepo,
  missingHostTag,
  unknownTrigger,
  unusedScript,
  unusedScriptRepo,
  secretName,
  duplicateRunName,
  duplicateTriggerName,
  triggeredRunCollision,
  badPlaceholder,
  runNameSlash,
  loopSize,
  loopEmpty,
  loopRepeatedParam,
  hostTagShadowed,
  triggerRecursion,
  pollerParams,
  refPattern,
  unreachableTrigger,
  triggerNeverFires,
  noRuns,
  mountPath,
  invalidParamName,
  reservedParam,
  unknownCapability,
  imageReference,
  containerAuthRegistry,
  timeoutValue,
  missingShebang,
  foldedScript,
  missingInterpreter,
  shellSyntax,
  invalidRegex,
  regexMissingGroup,
  unknownResultStatus,
  regexSlow,
  regexBacktracking,
  plaintextSecret,
  xtraceSecret,
  privileged,
  dangerousCapability,
  dockerSocket,
  unknownHostTag,
  unknownSecret,
  unknownIgnore,
  unusedIgnore,
];

/** The texts of rules/<id>.md, by id. */
const TEXTS: Readonly<Record<string, Explained>> = explanations;

/** Every rule there is. */
export const RULES: readonly Rule[] = CHECKS.map((check) => ({ ...check, ...(TEXTS[check.id] as Explained) }));

/** Why a rule matters, and an example with its repair, as Markdown. */
export function explanationMarkdown({ explain }: Rule): string {
  const fenced = (example: string) => `\`\`\`yaml\n${example.trimEnd()}\n\`\`\``;
  return `${explain.why}\n\nFails:\n\n${fenced(explain.bad)}\n\nRepaired:\n\n${fenced(explain.good)}`;
}

/** Where docs/rules.md describes a rule. */
export function ruleUrl(homepage: string, id: string): string {
  return `${homepage.replace(/#.*$/, '')}/blob/main/docs/rules.md#${id}`;
}

/** How many rules a message suggests. */
const MOST_SUGGESTED = 5;

/**
 * The rule of an id.
 *
 * @param id with or without the brackets of a finding
 * @throws UsageError with the rules that were probably meant
 */
export function findRule(id: string): Rule {
  const rule = RULES.find((one) => one.id === id.replace(/^\[|\]$/g, ''));
  if (rule !== undefined) return rule;
  const meant = suggestions(id.toLowerCase()).map((one) => `"${one}"`);
  const last = meant.pop();
  const list = meant.length === 0 ? last : `${meant.join(', ')} or ${last}`;
  const hint = last === undefined ? '' : ` Did you mean ${list}?`;
  throw new UsageError(`There is no rule "${id}".${hint} Run \`jobserv explain\` for all of them.`);
}

/** The rules that it is a word or the beginning of, otherwise the one that it is a misspelling of. */
function suggestions(id: string): string[] {
  const ids = RULES.map((one) => one.id);
  const isBeginning = (one: string) => id.length > 2 && one.startsWith(id);
  const longer = ids.filter((one) => `-${one}-`.includes(`-${id}-`) || isBeginning(one));
  if (longer.length > 0) return longer.slice(0, MOST_SUGGESTED);
  const meant = nearest(id, ids);
  return meant === undefined ? [] : [meant];
}
