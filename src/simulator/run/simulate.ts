/**
 * The composition root of a simulation: which runs, with which ports, how many at a time.
 * Once they are known the engine is looked for, and everything else is prepared meanwhile.
 */

import { type DockerSettings, dockerSettings } from '../../docker/docker-config.js';
import { connectEngine } from '../../docker/engine.js';
import { createMasker, type Masker } from '../../executor/masking.js';
import type { Source } from '../../executor/ports.js';
import type { StringMap } from '../../schema/model.js';
import type { ConsoleView } from '../../terminal/console-view.js';
import { inTurn } from '../follow/in-turn.js';
import { localCheckout, remoteCheckout } from '../inputs/checkout.js';
import type { AccessRequest } from '../inputs/server-access.js';
import { type PlanRequest, planRuns } from '../plan/plan.js';
import type { PlannedRun } from '../plan/planned-run.js';
import { Scratch } from '../workspace/scratch.js';
import { clearAbandoned, type SimulationWorkspace } from '../workspace/simulation-workspace.js';
import { cacheFolder, locksIn, scratchIn } from '../workspace/workspace-names.js';
import { openConsoleTests } from './console-tests.js';
import type { PullPolicy } from './pull-policy.js';
import type { SimulationResult } from './run-result.js';
import type { ShellRequest } from './shell.js';
import { type Surroundings, simulateRun } from './simulated-run.js';

export interface SimulateRequest extends Omit<PlanRequest, 'cache' | 'checkout' | 'fetchRundefs'> {
  /** What servers are told of who asks, where a run is named by its address. */
  access: AccessRequest;
  pull: PullPolicy;
  sharedVolumes: StringMap;
  jobs: number;
  memoryBytes?: number | undefined;
  /** Whether scripts may see the docker client's configuration. */
  showDockerConfig: boolean;
  /** Keep the checkouts for a look at them. */
  keep: boolean;
  /** A shell is wanted after the runs; then they go one at a time. */
  shell?: ShellRequest | undefined;
  /** Called when a run begins; the view is where its console shows. */
  begin(run: PlannedRun, place: { index: number; count: number }): ConsoleView | Promise<ConsoleView>;
  warn(message: string): void;
  signal: AbortSignal;
}

export interface Simulation {
  result: Promise<SimulationResult>;
  /** For the last moment of the process: no secret is left behind. */
  abandon(): void;
}

/** Starts at once. The result rejects with what `planRuns` and `simulateRun` throw, once nothing is under way any more. */
export function simulate(request: SimulateRequest): Simulation {
  const open = new Set<SimulationWorkspace>();
  return {
    result: run(request, open),
    abandon: () => {
      for (const workspace of open) workspace.removeSecretsNow();
    },
  };
}

export interface Plan {
  /** Grows while runs end and start others. */
  planned: PlannedRun[];
  /** Adds what the run starts, with `--follow`; answers why a server would fail it for that. */
  ended(run: PlannedRun, passed: boolean): Promise<string | undefined>;
  /** What was not followed, and why: sentences. */
  gaps(): string[];
  masker: Masker;
  settings: DockerSettings;
  cache: string;
}

/** Makes the plan, and does the work with it while what the plan needs on disk is there. */
export async function withPlan<T>(request: SimulateRequest, work: (plan: Plan) => Promise<T>): Promise<T> {
  const { signal } = request;
  const cache = cacheFolder();
  const scratch = new Scratch(cache, locksIn(cache));
  try {
    const { planned, follower } = await planRuns({
      ...request,
      cache,
      fetchRundefs: async (addresses) =>
        (await import('../plan/server-rundef.js')).fetchRundefs(addresses, request.access, signal),
      checkout: async (choice, folder) =>
        choice === 'remote' ? remoteCheckout(folder, signal) : localCheckout(folder, await scratch.folder(), signal),
    });
    signal.throwIfAborted();
    const settings = await dockerSettings(request.showDockerConfig);
    if (settings.problem !== undefined) request.warn(settings.problem);
    const masker = maskerFor(planned, settings.credentials);
    const note = ({ differences }: PlannedRun) => differences.push(...settings.differences);
    planned.forEach(note);
    const ended: Plan['ended'] = async (run, passed) => {
      const follow = await follower?.ended(run, passed);
      follow?.next.forEach(note);
      planned.push(...(follow?.next ?? []));
      return follow?.error;
    };
    return await work({ planned, ended, gaps: () => follower?.gaps ?? [], settings, cache, masker });
  } finally {
    await scratch.remove();
  }
}

async function run(request: SimulateRequest, open: Set<SimulationWorkspace>): Promise<SimulationResult> {
  return withPlan(request, async ({ planned, ended, gaps, masker, settings, cache }) => {
    const engine = connect(request.warn);
    // Each run awaits it, and reports its failure.
    engine.catch(() => {});
    const locks = locksIn(cache);
    const removeTree = async (path: string) => (await engine).removeTree(path);
    let tidying: Promise<void> | undefined;
    const tidy = () => {
      tidying ??= tidyUp(engine, { locks, scratch: scratchIn(cache), removeTree }, request.warn);
      return tidying;
    };
    const around: Surroundings = {
      ...request,
      engine,
      source: gitSourceOnDemand,
      masker,
      dockerConfig: settings.dockerConfig,
      proxies: settings.proxies,
      memoryBytes: request.memoryBytes,
      locks,
      open,
      underWay: () => void tidy(),
      ended,
    };
    const { results: runs, left } = await inTurn(planned, request.jobs, request.signal, async (one, index) => {
      const view = await request.begin(one, { index, count: planned.length });
      return simulateRun(one, around, view, openConsoleTests(one.rundef));
    });
    await tidy();
    const passed = left === 0 && runs.every(({ status }) => status === 'PASSED');
    const warnings = passed ? gaps() : [];
    for (const warning of warnings) request.warn(warning);
    return { version: 1, status: passed ? 'PASSED' : 'FAILED', runs, ...(warnings.length > 0 ? { warnings } : {}) };
  });
}

/** No log driver: the console is read as it is written, and the engine's own copy would be the bottleneck. */
function connect(waiting: (message: string) => void) {
  return connectEngine({ logDriver: 'none', refusalIsFinal: true, waiting });
}

/** What processes that died have left: their containers, and the secrets in their workspaces. */
async function tidyUp(
  engine: ReturnType<typeof connect>,
  left: Parameters<typeof clearAbandoned>[0],
  warn: (message: string) => void,
): Promise<void> {
  // Without an engine there is nothing to sweep, and the runs say so.
  const sweep = engine.then(
    (found) => found.sweep(),
    () => [],
  );
  const results = await Promise.allSettled([sweep, clearAbandoned(left)]);
  for (const result of results) {
    if (result.status === 'rejected') warn(`What an earlier simulation left is still there: ${result.reason.message}`);
  }
}

/** Loaded when a run clones something. */
const gitSourceOnDemand: Source = {
  checkout: async (request) => (await import('../../git/source.js')).gitSource().checkout(request),
  checkoutScripts: async (request) => (await import('../../git/source.js')).gitSource().checkoutScripts(request),
};

function maskerFor(planned: readonly PlannedRun[], credentials: readonly string[]): Masker {
  const secrets = planned.flatMap(({ rundef }) => Object.values(rundef.secrets ?? {}));
  const keys = planned.filter(({ madeUp }) => !Object.hasOwn(madeUp, '.netrc')).map(({ rundef }) => rundef.api_key);
  return createMasker([...secrets, ...keys, ...credentials]);
}
