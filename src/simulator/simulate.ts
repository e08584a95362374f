/** The composition root of a simulation: plans the runs, finds the engine, and works through the queue. */
import { connectEngine, dockerSettings } from '../docker/index.js';
import { createMasker, type Masker, RunFailure } from '../executor/index.js';
import { phaseLine } from '../terminal/index.js';
import { RunQueue } from './follow/run-queue.js';
import { localCheckout, remoteCheckout } from './inputs/checkout.js';
import type { Difference } from './inputs/ledger.js';
import { type PlanMeans, planRuns } from './plan/plan.js';
import { labelOf, type PlannedRun } from './plan/planned-run.js';
import { listOf } from './plan/select-runs.js';
import { unlessInterrupted } from './run/interruption.js';
import {
  haltsOthers,
  notStarted,
  type OutsidePhase,
  type RunResult,
  type SimulationResult,
  Times,
} from './run/run-result.js';
import { type Session, type SimulateRequest, simulateRun } from './run/simulate-run.js';
import { SimulationServer } from './run-server/simulation-server.js';
import { UpstreamReader } from './run-server/upstream.js';
import { Scratch } from './workspace/scratch.js';
import { clearAbandoned } from './workspace/simulation-workspace.js';
import { cacheFolder, locksIn, makeCacheFolder, scratchIn } from './workspace/workspace-names.js';

/**
 * Runs everything that the request names. Nothing starts before all of it is planned. When the promise settles, no
 * container and no secret of the runs is left.
 *
 * @throws what `planRuns` throws, UsageError for the workspace of a single run that is in use, RunFailure where no engine answers
 *   or the user interrupted the simulation before its first run
 */
export async function simulate(request: SimulateRequest): Promise<SimulationResult> {
  const { signal } = request;
  const cache = cacheFolder();
  const locks = locksIn(cache);
  const scratch = new Scratch(cache);
  const upstreams = new UpstreamReader(request.access, new Scratch(cache), signal);
  const times = new Times<OutsidePhase>();
  let server: SimulationServer | undefined;
  let result: Omit<SimulationResult, 'phases'>;
  try {
    const settings = await dockerSettings(request.showDockerConfig);
    if (settings.problem !== undefined) request.warn(settings.problem);
    const plan = await planRuns(request, meansOf(request, scratch, upstreams, settings.differences, times));
    signal.throwIfAborted();
    if (plan.planned.length === 0) {
      request.warn('None of these runs failed or was interrupted the last time: there is nothing to run.');
      return { version: 1, status: 'PASSED', phases: times.list(), runs: [] };
    }
    // Locks are in it, which name folders to clear: nobody else may have put them there.
    await makeCacheFolder(cache);
    // No log driver: the console is read while it is written, and the engine's own copy would be the bottleneck.
    const engine = await connectEngine({ logDriver: 'none', refusalIsFinal: true, waiting: request.warn });
    signal.throwIfAborted();
    const asRoot = (path: string) => engine.removeTree(path);
    const left = [engine.sweep(), clearAbandoned({ locks, scratch: scratchIn(cache), asRoot })];
    for (const { reason } of (await Promise.allSettled(left)).filter((one) => one.status === 'rejected')) {
      request.warn(`Something that an earlier simulation left could not be removed: ${reason.message}`);
    }

    server = new SimulationServer(engine);
    result = await runAll(new RunQueue(plan), { request, engine, server, settings, locks, times });
  } finally {
    await server?.stop();
    await upstreams.close();
    await phaseLine('Removing the copy of the working tree', times.during('clean-up', scratch.remove()));
  }
  const { version, status, runs, warnings } = result;
  return { version, status, phases: times.list(), runs, ...(warnings && { warnings }) };
}

async function runAll(
  queue: RunQueue,
  shared: Pick<Session, 'request' | 'engine' | 'server' | 'settings' | 'locks' | 'times'>,
): Promise<Omit<SimulationResult, 'phases'>> {
  const { jobs, follow = false, shell, failFast = false, lastSteps, warn } = shared.request;
  const { planned } = queue;
  const halt = new AbortController();
  const signal = AbortSignal.any([shared.request.signal, halt.signal]);
  const request = { ...shared.request, signal };
  const view = request.openView({ planned, follow, inTurn: jobs === 1, shell: shell !== undefined });
  const session = { ...shared, request, queue, view, masker: maskerFor(planned, shared.settings.credentials) };
  const going = new Set<PlannedRun>();
  const ended = new Set<PlannedRun>();
  const leave = () => {
    view.close();
    const waiting = planned.filter((run) => !going.has(run) && !ended.has(run));
    warn(
      `Ended at once. Interrupted: ${namesOf([...going])}. Not started: ${namesOf(waiting)}. The next simulation, or \`jobserv prune\`, removes what is left of their containers.`,
    );
  };
  lastSteps.add(leave);
  let why: string | undefined;
  const simulateOne = async (run: PlannedRun) => {
    going.add(run);
    try {
      const result = await simulateRun(run, session);
      await unlessInterrupted(view.ended(result), signal);
      return result;
    } finally {
      going.delete(run);
      ended.add(run);
    }
  };
  const halts = (result: RunResult) => {
    if (haltsOthers(result)) why ??= HALTED;
    else if (failFast && result.status === 'FAILED') {
      why ??= FAILED_FAST;
      halt.abort(new RunFailure('interrupted', 'Another run failed, and --fail-fast ends the others.'));
    }
    return why !== undefined;
  };
  let results: (RunResult | undefined)[];
  try {
    results = await queue.work(jobs, signal, simulateOne, halts);
  } finally {
    view.close();
    lastSteps.delete(leave);
  }
  const reason = why ?? 'The simulation was interrupted before this run began.';
  const runs = planned.map((run, index) => results[index] ?? notStarted(run, reason));
  const passed = runs.every(({ status }) => status === 'PASSED');
  const warnings = passed ? queue.gaps : [];
  for (const warning of warnings) warn(warning);
  return { version: 1, status: passed ? 'PASSED' : 'FAILED', runs, ...(warnings.length > 0 ? { warnings } : {}) };
}

const HALTED =
  'This run was not started, because an earlier run failed for a reason of this machine (engine, registry, network or disk).';
const FAILED_FAST = 'This run was not started, because an earlier one failed (--fail-fast).';

const namesOf = (runs: readonly PlannedRun[]) => listOf(runs.map(labelOf)) || 'none';

/** Sources are prepared in a scratch folder, which lasts as long as the simulation. */
export function meansOf(
  { signal, secretFiles, params }: SimulateRequest,
  scratch: Scratch,
  upstreams: UpstreamReader,
  differences: readonly Difference[],
  times = new Times<OutsidePhase>(),
): PlanMeans {
  return {
    cache: scratch.cache,
    differences,
    upstreams,
    checkout: async (choice, folder) =>
      choice === 'remote'
        ? remoteCheckout(folder, signal, params['GIT_URL'])
        : phaseLine(
            `Taking the working tree at ${folder}`,
            times.during('tree', localCheckout(folder, await scratch.folder(), signal, secretFiles)),
          ),
  };
}

/** What stands in secrets, in keys of a real server, and in the docker client's own logins is shown nowhere. */
export function maskerFor(planned: readonly PlannedRun[], credentials: readonly string[]): Masker {
  const secrets = planned.flatMap(({ rundef }) => Object.values(rundef.secrets ?? {}));
  const keys = planned.filter(({ madeUp }) => !Object.hasOwn(madeUp, '.netrc')).map(({ rundef }) => rundef.api_key);
  return createMasker([...secrets, ...keys, ...credentials]);
}
