import type { Range, Related } from '../python/index.js';

export type { Range, Related } from '../python/index.js';

export type Severity = 'error' | 'warning' | 'info';

/**
 * What the live server does with a definition that has the finding: it rejects it, it fails the build or run, it
 * silently does something else than what the definition says, or it does what the definition says.
 */
export type ServerBehaviour = 'rejects' | 'fails' | 'misbehaves' | 'accepts';

/** Replaces the text of a range of the file. */
export interface Edit {
  range: Range;
  text: string;
}

/** One finding of `validate`, at one place. */
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
  /** A repair that cannot change what the author means; `--fix` makes it. */
  fix?: Edit;
  /** Puts the name that was probably meant in the place of the one that is there; `--fix --unsafe` does it. */
  suggestion?: Edit;
}

/** A place in a definition. */
export interface Place {
  /** JSON pointer. */
  path: string;
  /** The part that is meant: the value, its key, or the whole mapping or element. Default: value. */
  at?: 'value' | 'key' | 'whole';
  /** A more exact place, or one that no pointer leads to. */
  range?: Range | undefined;
}

/** What a rule found. `severity` and `server` are those of the rule unless the finding has its own. */
export interface Finding extends Place, Partial<Pick<Diagnostic, 'severity' | 'server'>> {
  message: string;
  help?: string | undefined;
  fix?: Edit | undefined;
  /** The name at this place, and the one that was probably meant. */
  meant?: { name: string; instead: string } | undefined;
  related?: (Place & { message: string })[];
}

/** A finding whose place the caller knows. */
export type Fault = Omit<Finding, 'path'>;

/** The configuration of a repository's linter: `.jobserv-lint.yml`. */
export interface LintConfig {
  /** The host-tags that the server's workers have; with them a rule finds one that no worker has. */
  hostTags?: readonly string[];
  /** The names of the secrets that the server has for this project. */
  secrets?: readonly string[];
  /** The severity of a rule's findings here, by the rule's id. */
  rules: ReadonlyMap<string, Severity | 'off'>;
}

/** The configuration of a repository without the file. */
export const NO_CONFIG: LintConfig = { rules: new Map() };
