import { unreachableTrigger } from './reach.js';
import type { Rule } from './rule.js';
import { dangerousCapability, unknownCapability } from './rules/capabilities.js';
import { unknownIgnore, unusedIgnore } from './rules/ignores.js';
import { containerAuthRegistry, imageReference } from './rules/images.js';
import { unknownHostTag, unknownSecret } from './rules/known-names.js';
import { hostTagShadowed, loopEmpty, loopRepeatedParam, loopSize } from './rules/loops.js';
import { mountPath } from './rules/mount-path.js';
import { badPlaceholder, nameLength, runNameSlash } from './rules/names.js';
import { triggerNeverFires } from './rules/never-fires.js';
import { noRuns } from './rules/no-runs.js';
import { nullValue } from './rules/null-value.js';
import { invalidParamName, reservedParam } from './rules/params.js';
import { invalidRegex, regexMissingGroup, regexSlow } from './rules/patterns.js';
import { plaintextSecret } from './rules/plaintext-secret.js';
import { pollerParams, refPattern } from './rules/pollers.js';
import { dockerSocket, privileged } from './rules/privileges.js';
import { missingHostTag, unknownTriggerType } from './rules/references.js';
import { unknownResultStatus } from './rules/result-status.js';
import { duplicateRunName, triggeredRunCollision } from './rules/run-names.js';
import { scriptChoice, unknownScript, unknownScriptRepo } from './rules/script-references.js';
import { foldedScript, missingInterpreter, missingShebang } from './rules/scripts.js';
import { secretName } from './rules/secret-references.js';
import { missingKey, unknownKey } from './rules/shape.js';
import { shellSyntax } from './rules/shell-syntax.js';
import { timeoutValue } from './rules/timeout.js';
import { duplicateTriggerName, triggerRecursion, unknownTrigger } from './rules/triggers.js';
import { wrongType } from './rules/types.js';
import { unusedScript, unusedScriptRepo } from './rules/unused.js';
import { xtraceSecret } from './rules/xtrace-secret.js';
import { duplicateKey, emptyDefinition, yamlSyntax } from './rules/yaml.js';
import { yaml11Type } from './rules/yaml11.js';

/** Every rule there is, by family. */
export const RULES: readonly Rule[] = [
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
