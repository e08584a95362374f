/** The queue of a simulation: the planned runs, and with `--follow` (SPEC 8) those that they start. */
import { Build, type ExpandedTrigger, type StartedRun } from '../../schema/index.js';
import { NOWHERE } from '../inputs/trigger-params.js';
import type { FirstRun } from '../plan/definition-run.js';
import type { RunPlan } from '../plan/plan.js';
import { labelOf, type PlannedRun } from '../plan/planned-run.js';
import { haltsOthers, type RunResult } from '../run/run-result.js';
import { runPath, type ServedBuild } from '../run-server/served-run.js';

/** One build for each trigger: the runs of one never meet those of another. */
interface FollowedBuild extends Pick<FirstRun, 'start' | 'planner'> {
  state: Build;
  root: ExpandedTrigger;
  runs: ServedBuild;
}

export class RunQueue {
  /** Grows while runs end and start others. */
  readonly planned: PlannedRun[];
  readonly #builds: FollowedBuild[] = [];
  readonly #buildOf = new Map<PlannedRun, FollowedBuild>();

  constructor(plan: RunPlan) {
    this.planned = [...plan.planned];
    const { triggers, first } = plan.follow ?? { triggers: [], first: [] };
    for (const { selected, planned, start, planner } of first) {
      const root = selected.trigger;
      const runs = planned.build;
      let build = this.#builds.find((one) => one.root === root && one.runs === runs);
      if (build === undefined) {
        build = { state: new Build(triggers, root, start.params), root, runs, start, planner };
        this.#builds.push(build);
      }
      this.#buildOf.set(planned, build);
    }
  }

  /**
   * Works through the queue, `jobs` at a time, in order. After an interruption, an error, or a result that halts the
   * others, no further run begins; those in progress are waited for.
   *
   * @returns the results at the places of their runs; runs that did not begin have none
   */
  async work(
    jobs: number,
    signal: AbortSignal,
    simulate: (run: PlannedRun) => Promise<RunResult>,
    halts: (result: RunResult) => boolean = haltsOthers,
  ): Promise<(RunResult | undefined)[]> {
    const results: (RunResult | undefined)[] = [];
    const failures: unknown[] = [];
    const busy = new Set<Promise<void>>();
    let begun = 0;
    let halted = false;
    const begin = async (run: PlannedRun, index: number) => {
      try {
        const result = await simulate(run);
        results[index] = result;
        halted ||= halts(result);
      } catch (error) {
        failures.push(error);
      }
    };
    for (;;) {
      while (busy.size < jobs && begun < this.planned.length && failures.length === 0 && !halted && !signal.aborted) {
        const job = begin(this.planned[begun] as PlannedRun, begun).finally(() => busy.delete(job));
        begun += 1;
        busy.add(job);
      }
      if (busy.size === 0) break;
      await Promise.race(busy);
    }
    if (failures.length > 0) throw failures[0];
    return results;
  }

  /**
   * Adds the runs that this one starts. Call it once for each run, in the order in which they end.
   *
   * @returns why a server would fail the run for what it starts
   */
  async ended(run: PlannedRun, passed: boolean): Promise<string | undefined> {
    const build = this.#buildOf.get(run);
    if (build === undefined) return undefined;
    // The server keeps neither: each worker that gets a run sets its own.
    const { H_RUN_URL: _url, H_WORKER: _worker, ...env } = run.rundef.env;
    const { trigger, run: name } = run;
    // Of a server's run too: what it starts fetches from this simulation.
    const { started, error } = build.state.ended({ trigger, name, passed, env, url: NOWHERE + runPath(run.served) });
    for (const one of started) {
      const madeUp = one.by === 'run' ? run.madeUp : build.start.madeUp;
      const planned = await build.planner.started(one, madeUp, this.#folderOf(one, build), run.build);
      planned.startedBy = one.by === 'run' ? labelOf(run) : trigger;
      this.#buildOf.set(planned, build);
      this.planned.push(planned);
    }
    return error;
  }

  /** What was left undone because only some runs of a trigger were chosen: sentences. */
  get gaps(): string[] {
    return this.#builds.flatMap(({ state, root }) => {
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
    return this.#builds.length === 1 ? trigger.name : `${trigger.name}@${root.name}`;
  }
}
