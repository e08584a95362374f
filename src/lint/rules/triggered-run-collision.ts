import { asList, asObject, valueAt } from '../../schema/values.js';
import { nameFaults } from '../build-walk.js';
import type { CheckContext } from '../context.js';
import type { RuleCheck } from '../rule.js';

/*
 * trigger.py `trigger_runs` raises when the build has a run of the name; api/run.py `_handle_triggers` then fails the
 * run that has just passed.
 */
export const triggeredRunCollision: RuleCheck = {
  id: 'triggered-run-collision',
  severity: 'error',
  server: 'fails',
  *check(context) {
    for (const { kind, reference, name, run, holder } of nameFaults(context)) {
      if (kind !== 'taken') continue;
      const key = reference.runNames === undefined ? 'name' : 'run-names';
      const same = run === holder;
      const message = same
        ? `This starts \`${name}\` of \`${reference.name}\` more than once; the server fails the build at the second.`
        : `This starts a run \`${name}\`, and the build has one already; the server fails the build.`;
      const related = same
        ? [{ path: `${run}/name`, message: 'what is started' }]
        : [
            { path: `${holder}/name`, message: 'the build has this one' },
            { path: `${run}/name`, message: 'what is started' },
          ];
      const help = looped(context, reference.path)
        ? 'Give them names of their own: `run-names: "{name}-{loop}"`.'
        : 'Give the new runs names of their own with `run-names`, in which `{name}` stands for the name that they have.';
      yield { path: `${reference.path}/${key}`, message, help, related };
    }
  },
};

/** Whether a reference stands in a run with a loop. */
function looped(context: CheckContext, reference: string): boolean {
  const run = asObject(valueAt(context.document.value, reference.replace(/\/triggers\/\d+$/, '')));
  return (asList(run?.['loop-on'])?.length ?? 0) > 0;
}
