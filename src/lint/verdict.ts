/** The server's verdict alone, for whoever is not asked for more: the linter's other rules are not even loaded. */

import { loadYaml } from '../python/yaml/load.js';
import type { Definition } from '../schema/model.js';
import { CheckContext } from './context.js';
import type { Diagnostic } from './diagnostic.js';
import { byPlace, findingsOf, isRejection } from './findings.js';
import { VERDICT_RULES } from './rules/verdict.js';

export interface Verdict {
  accepted: boolean;
  /** Why it is rejected, in the order of the text. */
  rejections: Diagnostic[];
  /** There when it is accepted. Read-only: what an alias repeats is shared. */
  definition?: Definition;
  /** The definition as it was read. */
  text: string;
}

/** As `check`, for the verdict: the two agree on every definition. */
export function verdictOf(input: string | Uint8Array): Verdict {
  const document = loadYaml(input);
  const rejections = findingsOf(VERDICT_RULES, new CheckContext(document)).filter(isRejection).sort(byPlace);
  const accepted = rejections.length === 0;
  const definition = accepted ? (document.value as unknown as Definition) : undefined;
  return { accepted, rejections, ...(definition && { definition }), text: document.text };
}
