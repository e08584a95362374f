import { badPlaceholder, loopSize } from './names.js';
import { missingHostTag, scriptChoice, unknownScript, unknownScriptRepo, unknownTriggerType } from './references.js';
import type { Rule } from './rule.js';
import { missingKey, nameLength, nullValue, unknownKey, wrongType, yaml11Type } from './shape.js';
import { triggerRecursion } from './triggers.js';
import { duplicateKey, emptyDefinition, yamlSyntax } from './yaml.js';

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
  triggerRecursion,
  badPlaceholder,
  loopSize,
];
