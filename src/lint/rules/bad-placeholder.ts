import { asList, asText } from '../../schema/values.js';
import type { CheckContext } from '../context.js';
import { allReferences, nameBy } from '../links.js';
import type { Finding, RuleCheck } from '../rule.js';

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

const LOOP_HELP = 'Write `{loop}` for the values of the loop.';

const BRACE_HELP = 'A brace as such is `{{` or `}}`.';

/** project.py `_expand_run_loops`: without a loop there is no formatting, and the name is what is written. */
function* loopless(context: CheckContext): Generator<Finding> {
  for (const { path, run } of context.runs) {
    const name = asText(run['name']);
    if (!name?.includes('{loop}') || !context.isSound(`${path}/loop-on`) || context.isMisspelt(path, 'loop-on'))
      continue;
    if ((asList(run['loop-on'])?.length ?? 0) > 0) continue;
    yield {
      path: `${path}/name`,
      severity: 'warning',
      server: 'misbehaves',
      message: `This run has no loop; it will be called \`${name}\`, braces and all.`,
      help: 'Add `loop-on`, or remove `{loop}`.',
    };
  }
}

/** trigger.py `trigger_runs` fills in `{name}` when the runs are started, and fails where it cannot. */
function* unfilledRunNames(context: CheckContext): Generator<Finding> {
  const seen = new Set<string>();
  for (const reference of allReferences(context)) {
    if (seen.has(reference.path) || nameBy(reference, 'name') !== undefined) continue;
    seen.add(reference.path);
    yield {
      path: `${reference.path}/run-names`,
      server: 'fails',
      message: `\`${reference.runNames}\` cannot be filled in: only \`{name}\`, and \`{loop}\` in a run with a loop, can stand in braces here.`,
      help: BRACE_HELP,
    };
  }
}
