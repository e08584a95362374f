import { asList, asText } from '../schema/values.js';
import type { CheckContext } from './context.js';

export const ALL = 'ALL';

interface Capability {
  path: string;
  key: 'cap-add' | 'cap-drop';
  /** As written. */
  name: string;
  /** In capitals and without `CAP_`. */
  plain: string;
  privileged: boolean;
}

export function* capabilities(context: CheckContext): Generator<Capability> {
  for (const { path, run } of context.runs) {
    for (const key of ['cap-add', 'cap-drop'] as const) {
      if (!context.isSound(`${path}/${key}`)) continue;
      for (const [i, value] of (asList(run[key]) ?? []).entries()) {
        const name = asText(value);
        if (name === undefined) continue;
        const plain = name.toUpperCase().replace(/^CAP_/, '');
        yield { path: `${path}/${key}/${i}`, key, name, plain, privileged: run['privileged'] === true };
      }
    }
  }
}
