import { verdictOf } from '../../lint/verdict.js';
import { type ExpandedTrigger, expand } from '../../schema/expand.js';
import type { Definition } from '../../schema/model.js';
import { readDefinition } from './definition-files.js';
import { RejectedDefinition } from './rejected-definition.js';

export interface LoadedDefinition {
  path: string;
  definition: Definition;
  triggers: ExpandedTrigger[];
}

/**
 * Reads, checks and expands one definition: a file, a folder that has a `.jobserv.yml`, or `-`.
 *
 * @throws RejectedDefinition when the server would not take it; UsageError when it cannot be read
 */
export async function loadDefinition(name?: string): Promise<LoadedDefinition> {
  const { path, bytes } = await readDefinition(name);
  const { definition, rejections, text } = verdictOf(bytes);
  if (definition === undefined) throw new RejectedDefinition(path, text, rejections);
  return { path, definition, triggers: expand(definition) };
}
