import { check } from '../schema/check.js';
import { type ExpandedTrigger, expand } from '../schema/expand.js';
import type { Definition } from '../schema/model.js';
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
  const { accepted, definition, diagnostics, document } = check(bytes);
  if (!accepted || !definition) {
    throw new RejectedDefinition(
      path,
      document.text,
      diagnostics.filter(({ server }) => server === 'rejects'),
    );
  }
  return { path, definition, triggers: expand(definition) };
}
