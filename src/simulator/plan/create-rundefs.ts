import type { ExpandedTrigger } from '../../schema/expand.js';
import type { Definition, Run, RunDefinition, StringMap } from '../../schema/model.js';
import { buildRunDefinition } from '../../schema/resolve.js';
import type { SelectedRun } from './select-runs.js';

/** What the server would make of one run; `error` is why it would make nothing. */
export type CreatedRundef = { trigger: string; run: string } & ({ runDefinition: RunDefinition } | { error: string });

/** The rundefs of these runs, in their order, all of one build. */
export function createRundefs(
  definition: Definition,
  selected: readonly SelectedRun<ExpandedTrigger, Run>[],
  build: { project: string; build: number; params: StringMap; secrets: StringMap },
): CreatedRundef[] {
  return selected.map(({ trigger, run }) => {
    const built = buildRunDefinition({ definition, trigger, run, ...build });
    const names = { trigger: trigger.name, run: run.name };
    return 'error' in built
      ? { ...names, error: built.error }
      : { ...names, runDefinition: { ...built, simulator: true } };
  });
}
