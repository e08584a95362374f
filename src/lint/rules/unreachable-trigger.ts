import { calledTrigger, type TriggerView } from '../context.js';
import type { Finding } from '../finding.js';
import type { RuleCheck } from '../rule.js';
import { allReferences, firstByName } from '../triggers.js';

/*
 * api/github.py and api/gitlab.py, `_get_proj_def`: the first trigger of the type (GitHub: that has the branch, or no
 * GH_BRANCH) gets the build, and there is one build.
 */
export const unreachableTrigger: RuleCheck = {
  id: 'unreachable-trigger',
  severity: 'warning',
  server: 'misbehaves',
  *check(context) {
    const started = new Set([...allReferences(context)].map(({ to }) => to));
    const first = firstByName(context);
    const taken = new Taken();
    for (const view of context.triggers) {
      const { path, trigger, name } = view;
      const { type } = trigger;
      if ((type !== 'github_pr' && type !== 'gitlab_mr') || !context.isSound(`${path}/params`)) continue;
      const branches = type === 'github_pr' ? branchesOf(view) : undefined;
      const by = taken.by(type, branches);
      taken.add(view, type, branches);
      // A trigger that others start is meant for that; another rule reports a repeated name.
      if (by === undefined || started.has(view) || name === undefined || first.get(name) !== view) continue;
      yield unreachable(view, by, type);
    }
  },
};

function unreachable({ path, name }: TriggerView, by: TriggerView, type: 'github_pr' | 'gitlab_mr'): Finding {
  const [what, help] =
    type === 'github_pr'
      ? ['pull request', 'Let each github_pr trigger name branches of its own in `GH_BRANCH`, one for all others last.']
      : ['merge request', 'Put the runs into one gitlab_mr trigger.'];
  return {
    path: `${path}/type`,
    message: `No ${what} ever starts \`${name}\`: ${calledTrigger(by)} comes first and takes them all.`,
    help,
    related: [{ path: `${by.path}/type`, message: 'this one takes them' }],
  };
}

/** What earlier triggers take. */
class Taken {
  readonly #all = new Map<string, TriggerView>();
  readonly #branches = new Map<string, TriggerView>();

  by(type: string, branches: string[] | undefined): TriggerView | undefined {
    const all = this.#all.get(type);
    if (all !== undefined || branches === undefined) return all;
    const takers = branches.map((branch) => this.#branches.get(branch));
    return takers.every((taker) => taker !== undefined) ? takers[0] : undefined;
  }

  add(view: TriggerView, type: string, branches: string[] | undefined): void {
    if (branches === undefined) {
      if (!this.#all.has(type)) this.#all.set(type, view);
      return;
    }
    for (const branch of branches) if (!this.#branches.has(branch)) this.#branches.set(branch, view);
  }
}

/** As the server splits them; undefined where every branch is meant. */
function branchesOf({ trigger }: TriggerView): string[] | undefined {
  const branches = (trigger.params?.['GH_BRANCH'] ?? '').split(',').filter((name) => name !== '');
  return branches.length === 0 ? undefined : branches.map((name) => name.trim());
}
