import { check } from '../../lint/check.js';
import { type FailuresOfRun, serverFailures } from '../../lint/server-failures.js';
import { type ExpandedTrigger, expand } from '../../schema/expand.js';
import type { Definition } from '../../schema/model.js';
import { readDefinition } from './definition-files.js';
import { RejectedDefinition } from './rejected-definition.js';

export interface DefinitionAndText {
  path: string;
  definition: Definition;
  triggers: ExpandedTrigger[];
  /** What a run would fail of on a server, and not here. */
  failures: FailuresOfRun;
}

/**
 * Reads, checks and expands one definition: a file, a folder that has a `.jobserv.yml`, or `-`.
 *
 * @throws RejectedDefinition when the server would not take it; UsageError when it cannot be read
 */
export async function loadDefinition(name?: string): Promise<DefinitionAndText> {
  const { path, bytes } = await readDefinition(name);
  const { definition, all, document } = check(bytes);
  if (definition === undefined) {
    const rejections = all.filter(({ server }) => server === 'rejects');
    throw new RejectedDefinition(path, document.text, rejections);
  }
  return { path, definition, triggers: expand(definition), failures: serverFailures(definition, all) };
}
