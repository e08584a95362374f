/** One run, simulated: its workspace, its ports, the executor's story, and what is kept of it. */
import { closeSync, readSync, rmSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { DockerEngine } from '../../docker/engine.js';
import { openArchived } from '../../executor/archive.js';
import { executeRun } from '../../executor/execute-run.js';
import { LIMITS } from '../../executor/limits.js';
import type { Masker } from '../../executor/masking.js';
import { type ContainerSpec, RunFailure, type RunOutcome, type RunPorts, type Source } from '../../executor/ports.js';
import { monotonicMs } from '../../lib/monotonic.js';
import type { StringMap } from '../../schema/model.js';
import type { ConsoleView } from '../../terminal/console-view.js';
import { Ledger, noteArchitecture, noteImageId, notePodman, noteScript, noteSecrets } from '../inputs/ledger.js';
import { labelOf, type PlannedRun } from '../plan/planned-run.js';
import { openSimulationWorkspace, type SimulationWorkspace } from '../workspace/simulation-workspace.js';
import type { ConsoleTests } from './console-tests.js';
import { PhaseTimes } from './phase-times.js';
import { type LocalEngine, type PullPolicy, withPullPolicy } from './pull-policy.js';
import { keptRunDefinition, maskedResult, resultOf, writePrivately } from './run-record.js';
import { openConsole, RunReporter } from './run-reporter.js';
import { type RunResult, withConsoleTests, withServerFailure, withStartFault } from './run-result.js';
import { openShell, type ShellEngine, type ShellRequest, watched } from './shell.js';
import { simulationHost } from './simulation-host.js';

/** What the runs of one simulation share. */
export interface Surroundings {
  engine: Promise<LocalEngine & ShellEngine & Pick<DockerEngine, 'removeTree' | 'takeOwnership' | 'version'>>;
  source: Source;
  masker: Masker;
  pull: PullPolicy;
  sharedVolumes: StringMap;
  dockerConfig: string | undefined;
  proxies(engineAddress: string): string[];
  memoryBytes: number | undefined;
  keep: boolean;
  /** A shell is wanted after the run. */
  shell?: ShellRequest | undefined;
  locks: string;
  signal: AbortSignal;
  /** Is told when a container has been asked for, and there is time until it is there. */
  underWay(): void;
  /** Is told how a run ended; answers why a server would fail it all the same. */
  ended(run: PlannedRun, passed: boolean): Promise<string | undefined>;
  /** The workspaces that are open now. */
  open: Set<SimulationWorkspace>;
}

/**
 * @throws UsageError when the workspace cannot be used; RunFailure when there is no engine;
 *   otherwise a failure is in the result
 */
export async function simulateRun(
  planned: PlannedRun,
  around: Surroundings,
  view: ConsoleView,
  tests: ConsoleTests | undefined,
): Promise<RunResult> {
  const removeTree = async (path: string) => (await around.engine).removeTree(path);
  const workspace = await openSimulationWorkspace(planned.root, { locks: around.locks, removeTree });
  around.open.add(workspace);
  try {
    return await simulateIn(workspace, planned, around, view, tests);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? diskFull(planned.root, error) : error;
  } finally {
    await workspace.close({ keepCheckouts: around.keep });
    around.open.delete(workspace);
  }
}

function diskFull(root: string, cause: unknown): RunFailure {
  const message = `The workspace ${root} cannot be written: the disk is full. Free some space, or name a folder elsewhere with --workspace.`;
  return new RunFailure('setup', message, { environment: 'disk', cause });
}

async function simulateIn(
  workspace: SimulationWorkspace,
  planned: PlannedRun,
  around: Surroundings,
  view: ConsoleView,
  tests: ConsoleTests | undefined,
): Promise<RunResult> {
  const { rundef } = planned;
  const { masker } = around;
  const ledger = new Ledger(planned.differences);
  noteSecrets(ledger, rundef.secrets ?? {});
  const times = new PhaseTimes();
  writePrivately(workspace.rundef, keptRunDefinition(rundef, masker));
  const console = { file: openConsole(workspace.console), path: workspace.console };
  const reporter = new RunReporter({ ...console, masker, view, reader: tests });
  try {
    const engine = await around.engine;
    const startedAt = new Date();
    const begun = monotonicMs();
    let asked: ContainerSpec | undefined;
    const pulling = withPullPolicy(engine, around.pull, (reference) => noteNotPulled(ledger, reference));
    const ports: RunPorts = {
      reporter,
      engine: watched(pulling, (spec) => {
        asked = spec;
        around.underWay();
      }),
      source: planned.source ?? around.source,
      artifacts: { store: async () => {} },
      host: simulationHost({
        ...around,
        volumes: planned.volumes,
        workspace: workspace.root,
        takeOwnership: (folder, image) => engine.takeOwnership(folder, image),
        ledger,
      }),
      reboot: {
        reboot: async ({ cold }, log) => {
          const how = cold ? 'be switched off and on' : 'reboot';
          ledger.note('reboot-skipped', 'The script asked for a reboot; it went on without one.');
          await log.info(`A worker would ${how} here. This simulation goes on at once, in a fresh container.`);
        },
      },
      journal: {
        begin: (phase) => times.begin(phase),
        end: (phase) => times.end(phase),
        pulling: (bytes) => view.pulling?.(bytes),
      },
    };
    // Waiting to pull again is of no use where pulling is forbidden.
    const limits = around.pull === 'never' ? { ...LIMITS, pullWaits: [] } : LIMITS;
    const told = await executeRun(rundef, workspace, ports, around.signal, limits);
    await reporter.end();
    const outcome = withConsoleTests(told, await tests?.end());
    const { warnings } = outcome;
    if (outcome.elsewhere !== undefined) ledger.note('reference-worker', outcome.elsewhere);
    await noteRun(ledger, planned, workspace, outcome);
    if (asked !== undefined)
      await engine.version().then(
        ({ name }) => notePodman(ledger, name),
        () => {},
      );
    const startFault = await around.ended(planned, outcome.status === 'PASSED');
    const result = resultOf(planned, outcome, {
      startedAt: startedAt.toISOString(),
      durationMs: Math.round(monotonicMs() - begun),
      phases: times.list(),
      workspace: workspace.root,
      console: workspace.console,
      fidelity: ledger.fidelity(),
      ...(warnings.length === 0 ? {} : { warnings }),
    });
    const masked = maskedResult(withServerFailure(withStartFault(result, startFault), planned.serverFailure), masker);
    keepResult(workspace, masked);
    await shellAfter(masked, asked, planned, workspace, around);
    return masked;
  } finally {
    await reporter.end();
    await tests?.close();
  }
}

function keepResult({ result }: SimulationWorkspace, masked: RunResult): void {
  try {
    writePrivately(result, masked);
  } catch (error) {
    rmSync(result, { force: true });
    // That the disk is full is the result.
    if (masked.environment !== 'disk') throw error;
  }
}

async function shellAfter(
  { status }: RunResult,
  spec: ContainerSpec | undefined,
  planned: PlannedRun,
  { archive }: SimulationWorkspace,
  { shell, signal, engine: connected }: Surroundings,
): Promise<void> {
  const wanted = shell !== undefined && (shell.when === 'always' || status === 'FAILED') && !signal.aborted;
  if (!wanted) return;
  const engine = await connected;
  await openShell(shell, engine, { label: labelOf(planned), spec }, signal);
  if (spec !== undefined) await engine.takeOwnership(archive, spec.image);
}

function noteNotPulled(ledger: Ledger, reference: string): void {
  ledger.note(
    'image-not-pulled',
    `The image ${reference} was taken as it is on this machine; a worker pulls it before each run (--pull always).`,
  );
}

async function noteRun(
  ledger: Ledger,
  { rundef, madeUp, scriptDifferences }: PlannedRun,
  workspace: SimulationWorkspace,
  outcome: RunOutcome,
): Promise<void> {
  if (outcome.image !== undefined) noteArchitecture(ledger, rundef['host-tag'] ?? '', outcome.image.architecture);
  noteImageId(ledger, rundef.container, outcome.image?.byId);
  const script = rundef.script ?? (await readScript(workspace, rundef['script-repo']?.path ?? ''));
  noteScript(ledger, script, madeUp, rundef.secrets ?? {});
  for (const { kind, message } of (await scriptDifferences?.(script)) ?? []) ledger.note(kind, message);
}

/** The largest script that is looked at, bytes. */
const LARGEST_SCRIPT = 1024 * 1024;

/** The script of a script-repo, as far as it lies there as a plain file. */
function readScript({ scriptRepo }: SimulationWorkspace, path: string): string {
  const inside = normalize(`./${path}`);
  if (inside === '.' || inside.startsWith('..')) return '';
  const file = openArchived(join(scriptRepo, inside));
  if (file === undefined) return '';
  try {
    const buffer = Buffer.alloc(LARGEST_SCRIPT);
    return buffer.subarray(0, readSync(file, buffer)).toString();
  } finally {
    closeSync(file);
  }
}
