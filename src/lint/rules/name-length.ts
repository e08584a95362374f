import { valueAt } from '../../schema/index.js';
import type { RuleCheck } from '../rule.js';
import { nameFaults } from '../triggers.js';

export const nameLength: RuleCheck = {
  id: 'name-length',
  severity: 'error',
  server: 'rejects',
  simulation: 'fails-run',
  *check(context) {
    const { document, faults, problems } = context;
    for (const fault of faults) {
      if (fault.kind !== 'too-long') continue;
      const name = valueAt(document.value, fault.path);
      const message = `The name of a trigger has at most ${fault.limit} characters; this has ${[...String(name)].length}.`;
      yield { path: fault.path, message };
    }
    for (const { kind, path, message } of problems) if (kind === 'name-length') yield { path, message };
    for (const { kind, reference, name, run } of nameFaults(context)) {
      // Without run-names this is the run's own name, which is reported at that rule.
      if (kind !== 'too-long' || reference.runNames === undefined) continue;
      const message = `This calls a run \`${name}\`, ${[...name].length} characters; the server's database takes 80 and fails.`;
      const related = [{ path: `${run}/name`, message: 'the run that is started' }];
      yield { path: `${reference.path}/run-names`, message, related, server: 'fails' };
    }
  },
};
