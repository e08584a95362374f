/** What a simulation would do, without an engine and without writing anything: the executor's own work on names. */
import { join, normalize } from 'node:path';
import { dockerSettings } from '../docker/index.js';
import {
  type ContainerSpec,
  containerOf,
  type Log,
  prepareVolumes,
  RunFailure,
  workspaceAt,
} from '../executor/index.js';
import type { RunDefinition } from '../schema/index.js';
import { RunQueue } from './follow/run-queue.js';
import { type Difference, Ledger } from './inputs/ledger.js';
import { planRuns } from './plan/plan.js';
import { labelOf, type PlannedRun } from './plan/planned-run.js';
import { keptRunDefinition } from './run/run-result.js';
import type { SimulateRequest } from './run/simulate-run.js';
import { simulationHost } from './run/simulation-ports.js';
import { UpstreamReader } from './run-server/upstream.js';
import { maskerFor, meansOf } from './simulate.js';
import { Scratch } from './workspace/scratch.js';

export interface DryRun {
  trigger: string;
  run: string;
  /** What would start it, with `--follow`. */
  startedBy?: string;
  /** Secrets are hidden in it, as in all that follows. */
  runDefinition: RunDefinition;
  container: ContainerSpec;
  /** Where the run would leave what it leaves. */
  workspace: string;
  /** Differences from the worker's run that are certain before it begins. */
  differences: Difference[];
}

export interface DryRunResult {
  version: 1;
  dryRun: true;
  runs: DryRun[];
}

/**
 * With `--follow` as if every run passed, in their order.
 *
 * @throws what `planRuns` does, and RunFailure for a run whose preparation would fail
 */
export async function dryRun(request: SimulateRequest): Promise<DryRunResult> {
  const scratch = new Scratch();
  const upstreams = new UpstreamReader(request.access, new Scratch(), request.signal);
  try {
    const settings = await dockerSettings(request.showDockerConfig);
    if (settings.problem !== undefined) request.warn(settings.problem);
    const queue = new RunQueue(await planRuns(request, meansOf(request, scratch, upstreams, settings.differences)));
    const masker = maskerFor(queue.planned, settings.credentials);
    const runs: DryRun[] = [];
    // Grows as long as runs start others.
    for (const one of queue.planned) {
      const { trigger, run, startedBy, root: workspace } = one;
      const runDefinition = keptRunDefinition(one.rundef, masker);
      const ledger = new Ledger(one.differences);
      const host = simulationHost({
        ...settings,
        ...request,
        memoryBytes: request.memoryBytes,
        env: runDefinition.env,
        volumes: one.volumes,
        workspace,
        takeOwnership: nothing,
        ledger,
        makeFolders: false,
      });
      const volumes = await prepareVolumes(runDefinition, { host }, SILENT);
      const ports = { engine: { address: process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock' }, host };
      const container = await containerOf(runDefinition, workspaceAt(workspace), ports, commandOf(one), volumes);
      const by = startedBy === undefined ? {} : { startedBy };
      runs.push({
        trigger,
        run,
        ...by,
        runDefinition,
        container,
        workspace,
        differences: ledger.fidelity().differences,
      });
      await queue.ended(one, true);
    }
    return { version: 1, dryRun: true, runs };
  } finally {
    await upstreams.close();
    await scratch.remove();
  }
}

const nothing = async () => undefined;
const SILENT: Log = { heading: nothing, info: nothing, warn: nothing, error: nothing, raw: nothing };

/** Nobody can say whether a repository has the script without cloning it. */
function commandOf(run: PlannedRun): string {
  const path = run.rundef['script-repo']?.path;
  if (path === undefined) return '/script-repo/do_run';
  const inside = normalize(`./${path}`);
  if (inside !== '.' && !inside.startsWith('..') && !inside.includes('\0')) return join('/script-repo', path);
  throw new RunFailure(
    'setup',
    `The script-repo of ${labelOf(run)} cannot hold ${JSON.stringify(path)}. Write the path of a file in it.`,
  );
}
