/** `--follow` (SPEC 8): when a run has ended, the simulation goes on with what the server would start. */
import { Build, type StartedRun } from '../../schema/build.js';
import type { ExpandedTrigger } from '../../schema/expand.js';
import type { StringMap } from '../../schema/model.js';
import type { BuildStart, DefinitionRun } from '../plan/definition-run.js';
import { labelOf, type PlannedRun } from '../plan/planned-run.js';

/** A run that the simulation begins with. */
export interface FirstRun {
  selected: DefinitionRun;
  planned: PlannedRun;
  start: BuildStart;
}

/** What a run that ended brings about. */
export interface Follow {
  next: PlannedRun[];
  /** Why a server would not let the run pass after all. */
  error?: string;
}

/** One build a trigger: the runs of one never meet those of another. */
interface FollowedBuild {
  state: Build;
  root: ExpandedTrigger;
  start: BuildStart;
}

/**
 * @param madeUp of the params that the run gets
 * @param folder names the folder of its workspace, in the place of its trigger's
 */
export type PlanStarted = (started: StartedRun, madeUp: StringMap, folder: string) => Promise<PlannedRun>;

export class Follower {
  readonly #builds = new Map<ExpandedTrigger, FollowedBuild>();
  readonly #buildOf = new Map<PlannedRun, FollowedBuild>();
  readonly #plan: PlanStarted;

  /** @param first one or more of each trigger whose runs are followed */
  constructor(triggers: readonly ExpandedTrigger[], first: readonly FirstRun[], plan: PlanStarted) {
    this.#plan = plan;
    for (const { selected, planned, start } of first) {
      const root = selected.trigger;
      const build = this.#builds.get(root) ?? { state: new Build(triggers, root, start.params), root, start };
      this.#builds.set(root, build);
      this.#buildOf.set(planned, build);
    }
  }

  /** Call it once for each run, in the order in which they end. */
  async ended(run: PlannedRun, passed: boolean): Promise<Follow> {
    const build = this.#buildOf.get(run);
    if (build === undefined) return { next: [] };
    // The server keeps neither: each worker that gets a run sets its own.
    const { H_RUN_URL: _url, H_WORKER: _worker, ...env } = run.rundef.env;
    const { trigger, run: name } = run;
    const { started, error } = build.state.ended({ trigger, name, passed, env, url: run.rundef.run_url });
    const next: PlannedRun[] = [];
    for (const one of started) {
      const madeUp = one.by === 'run' ? run.madeUp : build.start.madeUp;
      const planned = await this.#plan(one, madeUp, this.#folderOf(one, build));
      planned.startedBy = one.by === 'run' ? labelOf(run) : trigger;
      this.#buildOf.set(planned, build);
      next.push(planned);
    }
    return error === undefined ? { next } : { next, error };
  }

  /** What was left undone because only some runs of a trigger were chosen: sentences. */
  get gaps(): string[] {
    return [...this.#builds.values()].flatMap(({ state, root }) => {
      const names = (root.triggers ?? []).map(({ name }) => name).join(', ');
      const { unfinished } = state;
      if (names === '' || unfinished.length === 0) return [];
      return [
        `A server starts ${names} when all runs of ${root.name} have passed, and not all of them were simulated: ${unfinished.join(', ')} ${unfinished.length === 1 ? 'was' : 'were'} not. Name them all, as ${root.name}/*.`,
      ];
    });
  }

  /** Two builds may start runs of the same name. */
  #folderOf({ trigger }: StartedRun, { root }: FollowedBuild): string {
    return this.#builds.size === 1 ? trigger.name : `${trigger.name}@${root.name}`;
  }
}
