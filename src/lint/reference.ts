import type { Finding } from './rule.js';
import { helpWithChoices } from './suggest.js';

/** A finding about a name that nothing has, with the names that there are. */
export function reference(path: string, message: string, name: string, known: Iterable<string>, what: string): Finding {
  const help = helpWithChoices(name, known, what);
  return { path, message, ...(help !== undefined && { help }) };
}
