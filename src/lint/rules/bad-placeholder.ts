import type { CheckContext } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { allReferences, nameBy } from '../triggers.js';

const LOOP_HELP = 'Write `{loop}` for the values of the loop.';
const BRACE_HELP = 'A brace as such is `{{` or `}}`.';

export const badPlaceholder: RuleCheck = {
  id: 'bad-placeholder',
  severity: 'error',
  server: 'rejects',
  simulation: 'fails-run',
  *check(context) {
    for (const { kind, path, message } of context.problems) {
      if (kind === 'placeholder') yield { path, message, help: `${LOOP_HELP} ${BRACE_HELP}` };
    }
    yield* loopless(context);
    yield* unfilledRunNames(context);
  },
};

/** project.py `_expand_run_loops`: without a loop the name is used as it is written. */
function* loopless(context: CheckContext): Generator<Finding> {
  for (const { path, run } of context.runs) {
    if (!run.name?.includes('{loop}') || run['loop-on']?.length) continue;
    if (!context.isSound(`${path}/loop-on`) || context.isMisspelt(path, 'loop-on')) continue;
    yield {
      path: `${path}/name`,
      severity: 'warning',
      server: 'misbehaves',
      message: `This run has no loop; it will be called \`${run.name}\`, braces and all.`,
      help: 'Add `loop-on`, or remove `{loop}`.',
    };
  }
}

/** trigger.py `trigger_runs` fills in `{name}` when the runs are started, and fails where it cannot. */
function* unfilledRunNames(context: CheckContext): Generator<Finding> {
  for (const reference of allReferences(context)) {
    if (nameBy(reference, 'name') !== undefined) continue;
    yield {
      path: `${reference.path}/run-names`,
      server: 'fails',
      message: `\`${reference.runNames}\` cannot be filled in: only \`{name}\`, and \`{loop}\` in a run with a loop, can stand in braces here.`,
      help: BRACE_HELP,
    };
  }
}
