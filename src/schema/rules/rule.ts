import type { Range, ServerBehaviour, Severity } from '../diagnostic.js';
import type { CheckContext } from './context.js';

/** A place in a definition. */
export interface Place {
  /** JSON pointer. */
  path: string;
  /** What of it is meant: its value, the key in front of it, or the mapping or element as a whole. Default: value. */
  at?: 'value' | 'key' | 'whole';
  /** Where no pointer leads. */
  range?: Range;
}

/** What a rule found. */
export interface Finding extends Place {
  message: string;
  help?: string;
  related?: (Place & { message: string })[];
}

/** A rule is data: what `validate` reports, what `explain` tells and what the server does. */
export interface Rule {
  /** Kebab-case. */
  id: string;
  severity: Severity;
  /** What the live server does with a definition that has this; `rejects` is the verdict. */
  server: ServerBehaviour;
  /** What it catches, one sentence. */
  summary: string;
  check(context: CheckContext): Iterable<Finding>;
}
