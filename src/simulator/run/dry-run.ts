/** What a simulation would do, without an engine: the executor's own preparation against ports that do nothing. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import type { ContainerSpec, Log, Source } from '../../executor/ports.js';
import { prepare } from '../../executor/prepare.js';
import { openWorkspace } from '../../executor/workspace.js';
import type { RunDefinition } from '../../schema/model.js';
import { type Difference, Ledger } from '../inputs/ledger.js';
import type { PlannedRun } from '../plan/planned-run.js';
import { keptRunDefinition } from './run-record.js';
import { type SimulateRequest, withPlan } from './simulate.js';
import { simulationHost } from './simulation-host.js';

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
  /** What is known to differ from the worker's run before it begins. */
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
  return withPlan(request, async ({ planned, ended, masker, settings }) => {
    const runs: DryRun[] = [];
    // Grows as long as runs start others.
    for (const one of planned) {
      const runDefinition = keptRunDefinition(one.rundef, masker);
      const ledger = new Ledger(one.differences);
      const container = await containerOf(one, runDefinition, {
        ...request,
        ...settings,
        memoryBytes: request.memoryBytes,
        ledger,
      });
      const { trigger, run, startedBy, root: workspace } = one;
      const by = startedBy === undefined ? {} : { startedBy };
      const { differences } = ledger.fidelity();
      runs.push({ trigger, run, ...by, runDefinition, container, workspace, differences });
      await ended(one, true);
    }
    return { version: 1, dryRun: true, runs };
  });
}

type HostSettings = Omit<Parameters<typeof simulationHost>[0], 'volumes' | 'workspace' | 'takeOwnership'> & {
  signal: AbortSignal;
};

/** The container's data; what the preparation writes goes to a folder that is removed again. */
async function containerOf(planned: PlannedRun, rundef: RunDefinition, settings: HostSettings): Promise<ContainerSpec> {
  const folder = await mkdtemp(join(tmpdir(), 'jobserv-dry-run-'));
  try {
    const workspace = await openWorkspace(join(folder, 'run'));
    const volumes = join(folder, 'volumes');
    const host = simulationHost({
      ...settings,
      volumes,
      workspace: workspace.root,
      takeOwnership: nothing,
    });
    const ports = { engine, source: emptySource(rundef), host };
    const spec = await prepare(rundef, workspace, ports, SILENT, settings.signal);
    const real = (path: string) =>
      path.replace(workspace.root, () => planned.root).replace(volumes, () => planned.volumes);
    return { ...spec, mounts: spec.mounts.map((mount) => ({ ...mount, source: real(mount.source) })) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const impossible = () => Promise.reject(new Error('nothing is started in a dry run'));
/** Only its address is asked for, and nobody knows yet which engine it will be. */
const engine = {
  address: process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock',
  pull: impossible,
  create: impossible,
  reattach: impossible,
};

const nothing = async () => undefined;
const SILENT: Log = { heading: nothing, info: nothing, warn: nothing, error: nothing, raw: nothing };

/** Repositories with nothing in them but the script that the rundef names. */
function emptySource(rundef: RunDefinition): Source {
  return {
    checkout: async ({ directory }) => {
      await mkdir(directory);
    },
    checkoutScripts: async ({ directory }) => {
      const script = normalize(`./${rundef['script-repo']?.path ?? ''}`);
      await mkdir(directory);
      if (script !== '.' && !script.startsWith('..') && !script.includes('\0')) {
        await mkdir(dirname(join(directory, script)), { recursive: true });
        await writeFile(join(directory, script), '');
      }
      return { sha: '0'.repeat(40) };
    },
  };
}
