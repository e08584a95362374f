import type { Rule } from '../rule.js';
import { loopSize } from './loops.js';
import { badPlaceholder, nameLength } from './names.js';
import { nullValue } from './null-value.js';
import { missingHostTag, unknownTriggerType } from './references.js';
import { scriptChoice, unknownScript, unknownScriptRepo } from './script-references.js';
import { missingKey, unknownKey } from './shape.js';
import { triggerRecursion, unknownTrigger } from './triggers.js';
import { wrongType } from './types.js';
import { emptyDefinition, yamlSyntax } from './yaml.js';
import { yaml11Type } from './yaml11.js';

/** The rules for whose findings the server can reject a definition; a test holds the list to that. */
export const VERDICT_RULES: readonly Rule[] = [
  yamlSyntax,
  emptyDefinition,
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
  badPlaceholder,
  loopSize,
  triggerRecursion,
];
