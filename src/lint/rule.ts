import type { CheckContext } from './context.js';
import type { Finding, LintConfig, ServerBehaviour, Severity } from './finding.js';

/** What `explain` shows of a rule, from rules/<id>.md. Both examples are whole definitions, and tested. */
export interface Explained {
  /** What the rule catches, one sentence. */
  summary: string;
  explain: {
    /** Why it matters, and what the server does: a paragraph. */
    why: string;
    /** A definition in which this rule finds something, and no other rule does. */
    bad: string;
    /** The same, repaired: no rule finds anything. */
    good: string;
    /** What the configuration must list for the rule to find anything. */
    config?: Pick<LintConfig, 'hostTags' | 'secrets'>;
  };
}

export interface RuleCheck {
  /** Kebab-case, the name of the rule's files. */
  id: string;
  severity: Severity;
  /** What the live server does with a definition that has this; `rejects` is the verdict. */
  server: ServerBehaviour;
  /**
   * For findings that the server `fails`: the simulated run fails as well (`fails-itself`), or it may pass although on
   * a server this run, or the whole build, fails whatever the script does. Without it, the rest of the build decides.
   */
  simulation?: 'fails-itself' | 'fails-run' | 'fails-build';
  /**
   * Makes one diagnostic of all findings of a file that the server accepts: its message for their number. Their own
   * messages become related places.
   */
  together?(count: number): string;
  check(context: CheckContext): Iterable<Finding>;
}

export type Rule = RuleCheck & Explained;
