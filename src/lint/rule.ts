import type { CheckContext } from './context.js';
import type { Edit, Range, ServerBehaviour, Severity } from './diagnostic.js';
import type { LintConfig } from './lint-config.js';

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
  /** Where one finding weighs otherwise than the rule does as a whole. */
  severity?: Severity;
  server?: ServerBehaviour;
  help?: string;
  related?: (Place & { message: string })[];
  /** A repair that cannot change what the definition was meant to say: for `--fix`. */
  fix?: Edit;
}

export type { Edit } from './diagnostic.js';

/** What `explain` shows of a rule; it stands in rules/<id>.md. Both examples are whole definitions, and tested. */
export interface Explained {
  /** What the rule catches, one sentence. */
  summary: string;
  explain: {
    /** Why it matters, and what the server does with it: a paragraph. */
    why: string;
    /** A definition in which the rule finds something, and no other rule does. */
    bad: string;
    /** The same, repaired: no rule finds anything. */
    good: string;
    /** What the configuration has to name for the rule to look at anything. */
    config?: Pick<LintConfig, 'hostTags' | 'secrets'>;
  };
}

/** What a rule looks for. */
export interface RuleCheck {
  /** Kebab-case, the name of the rule's files. */
  id: string;
  severity: Severity;
  /** What the live server does with a definition that has this; `rejects` is the verdict. */
  server: ServerBehaviour;
  /**
   * For what the server `fails`: a simulated run fails of it by itself, or passes although on a server this run, or
   * the whole build, fails whatever the script does. Without it, it depends on what else happens in the build.
   */
  simulation?: 'fails-itself' | 'fails-run' | 'fails-build';
  /**
   * Of what the server accepts, many findings of the rule in one file are reported as one: what that says for a
   * number of them. Their own messages stand at the related places.
   */
  together?(count: number): string;
  check(context: CheckContext): Iterable<Finding>;
}

export type Rule = RuleCheck & Explained;
