import type { Range, Related } from '../python/yaml/positions.js';

export type { Range, Related } from '../python/yaml/positions.js';

/** What `validate` says of a file: one finding, at one place. */

export type Severity = 'error' | 'warning' | 'info';

/** What the live server does with what was found: refuses the definition, fails the build or run, does the wrong thing silently, or is content. */
export type ServerBehaviour = 'rejects' | 'fails' | 'misbehaves' | 'accepts';

/** Replaces what stands in a range of the file. */
export interface Edit {
  range: Range;
  text: string;
}

export interface Diagnostic extends Range {
  /** The rule's id, kebab-case: `unknown-key`. */
  rule: string;
  severity: Severity;
  server: ServerBehaviour;
  message: string;
  /** JSON pointer into the definition. */
  path: string;
  help?: string;
  related?: Related[];
  /** A repair that cannot change what the definition was meant to say: `--fix` makes it. */
  fix?: Edit;
}
