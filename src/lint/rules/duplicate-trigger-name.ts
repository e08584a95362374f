import type { RuleCheck } from '../rule.js';
import { firstByName } from '../triggers.js';

/*
 * `get_trigger` in project.py takes the first of a name: for builds that somebody requests, for references, and for
 * webhooks and the poller too, which pass on the name of what they found.
 */
export const duplicateTriggerName: RuleCheck = {
  id: 'duplicate-trigger-name',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    const first = firstByName(context);
    for (const view of context.triggers) {
      const other = view.name === undefined ? undefined : first.get(view.name);
      if (other === undefined || other === view) continue;
      yield {
        path: `${view.path}/name`,
        message: `There is a trigger \`${view.name}\` already; the server never gets to this one.`,
        help: 'Give it a name of its own, or put its runs into the first.',
        related: [{ path: `${other.path}/name`, message: 'the first one' }],
      };
    }
  },
};
