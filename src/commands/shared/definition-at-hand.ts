import { check } from '../../lint/check.js';
import type { Check } from '../../simulator/host-tools/doctor.js';
import { DEFAULT_DEFINITION, findDefinition, readDefinition } from './definition-files.js';

/**
 * What `doctor` reports on the definition, and the images of its runs. Without one there is nothing wrong.
 *
 * @throws UsageError when the one that was named cannot be read
 */
export async function definitionAtHand(name?: string): Promise<{ check: Check; images: string[] }> {
  if (name === undefined && findDefinition() === undefined) {
    const repair = 'Write a first one with jobserv init.';
    return { check: { name: 'definition', state: 'note', found: `no ${DEFAULT_DEFINITION} here`, repair }, images: [] };
  }
  const { path, bytes } = await readDefinition(name);
  const { accepted, definition } = check(bytes);
  const images = (definition?.triggers ?? []).flatMap(({ runs }) => runs.map(({ container }) => container));
  if (accepted) {
    return { check: { name: 'definition', state: 'works', found: `${path}: the server would accept it` }, images };
  }
  const found = `${path}: the server would reject it`;
  return { check: { name: 'definition', state: 'broken', found, repair: `See jobserv validate ${path}.` }, images };
}
