import { dangerousCapability, unknownCapability } from './capabilities.js';
import { unknownIgnore, unusedIgnore } from './ignores.js';
import { containerAuthRegistry, imageReference } from './images.js';
import { unknownHostTag, unknownSecret } from './known-names.js';
import { hostTagShadowed, loopEmpty, loopRepeatedParam, loopSize } from './loops.js';
import { mountPath } from './mount-path.js';
import { badPlaceholder, nameLength, runNameSlash } from './names.js';
import { triggerNeverFires } from './never-fires.js';
import { noRuns } from './no-runs.js';
import { nullValue } from './null-value.js';
import { invalidParamName, reservedParam } from './params.js';
import { invalidRegex, regexMissingGroup, regexSlow } from './patterns.js';
import { plaintextSecret } from './plaintext-secret.js';
import { pollerParams, refPattern } from './pollers.js';
import { dockerSocket, privileged } from './privileges.js';
import { unreachableTrigger } from './reach.js';
import { missingHostTag, unknownTriggerType } from './references.js';
import { unknownResultStatus } from './result-status.js';
import type { Rule } from './rule.js';
import { duplicateRunName, triggeredRunCollision } from './run-names.js';
import { scriptChoice, unknownScript, unknownScriptRepo } from './script-references.js';
import { foldedScript, missingInterpreter, missingShebang } from './scripts.js';
import { secretName } from './secret-references.js';
import { missingKey, unknownKey } from './shape.js';
import { shellSyntax } from './shell-syntax.js';
import { timeoutValue } from './timeout.js';
import { duplicateTriggerName, triggerRecursion, unknownTrigger } from './triggers.js';
import { wrongType } from './types.js';
import { unusedScript, unusedScriptRepo } from './unused.js';
import { xtraceSecret } from './xtrace-secret.js';
import { duplicateKey, emptyDefinition, yamlSyntax } from './yaml.js';
import { yaml11Type } from './yaml11.js';

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
