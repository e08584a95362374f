import type { RuleCheck } from '../rule.js';
import { nameFaults } from '../triggers.js';

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
      const owner = context.runs.find(({ path }) => reference.path.startsWith(`${path}/triggers/`));
      const help = owner?.run['loop-on']?.length
        ? 'Give them names of their own: `run-names: "{name}-{loop}"`.'
        : 'Give the new runs names of their own with `run-names`, in which `{name}` stands for the name in their trigger.';
      yield { path: `${reference.path}/${key}`, message, help, related };
    }
  },
};
