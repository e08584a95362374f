/** One run, simulated: its workspace, its ports, the executor's story, and what is kept of it. */
import { closeSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { DockerEngine, DockerSettings } from '../../docker/index.js';
import {
  type ContainerSpec,
  executeRun,
  LIMITS,
  type Masker,
  openArchived,
  RunFailure,
  type RunOutcome,
  type RunPorts,
} from '../../executor/index.js';
import { EnvironmentError, machineFault, monotonicMs, UsageError } from '../../lib/index.js';
import { namedWhenSlow, type RunsView, type ViewRequest } from '../../terminal/index.js';
import {
  Ledger,
  noteArchitecture,
  noteImageId,
  notePodman,
  noteRemoteEngine,
  noteScript,
  noteSecrets,
  noteUnserved,
} from '../inputs/ledger.js';
import type { PlanRequest } from '../plan/plan.js';
import { labelOf, type PlannedRun } from '../plan/planned-run.js';
import type { SimulationServer, TalkingRun } from '../run-server/simulation-server.js';
import { openSimulationWorkspace, type SimulationWorkspace } from '../workspace/simulation-workspace.js';
import { openConsole, openConsoleTests, RunReporter } from './run-reporter.js';
import {
  keptRunDefinition,
  maskedResult,
  type OutsidePhase,
  PhaseTimes,
  type RunResult,
  resultOf,
  type Times,
  unopened,
  withConsoleTests,
  withMissingSecrets,
  withServerFailure,
  withStartFault,
} from './run-result.js';
import { openShell, type ShellRequest } from './shell.js';
import { type PullPolicy, simulationEngine, simulationHost } from './simulation-ports.js';

export interface SimulateRequest extends PlanRequest {
  pull: PullPolicy;
  /** How many runs go on at a time. */
  jobs: number;
  memoryBytes?: number | undefined;
  /** Whether scripts may see the docker client's configuration. */
  showDockerConfig: boolean;
  /** Keep the checkouts for a look at them. */
  keep: boolean;
  /** A shell is wanted after the runs; then they go one at a time. */
  shell?: ShellRequest | undefined;
  /** No further run begins after one that failed, and those in progress are interrupted. */
  failFast?: boolean | undefined;
  /** Called when all runs are planned. */
  openView(request: ViewRequest): RunsView;
  /** What a process that must end at once has to do first: no secret is left behind. */
  lastSteps: Set<() => void>;
}

/** What the runs of one simulation share. */
export interface Session {
  request: SimulateRequest;
  engine: DockerEngine;
  server: SimulationServer;
  masker: Masker;
  settings: DockerSettings;
  locks: string;
  view: RunsView;
  /** Of what is done outside of the runs. */
  times: Times<OutsidePhase>;
  queue: {
    /** Adds the runs that this one starts, with `--follow`; answers why a server would fail it for them. */
    ended(run: PlannedRun, passed: boolean): Promise<string | undefined>;
    readonly planned: readonly PlannedRun[];
  };
}

/**
 * @throws defects; and, for a run that is alone, UsageError for a workspace in use, or a named one that is not ours. Every
 *   other failure is in the result
 */
export async function simulateRun(planned: PlannedRun, session: Session): Promise<RunResult> {
  const { request, engine, server, masker, settings, locks } = session;
  const { served } = planned;
  const asRoot = (path: string) => engine.removeTree(path);
  const opening = session.times.during(
    'clear',
    openSimulationWorkspace(planned.root, { locks, asRoot, named: request.workspace }),
  );
  const alone = session.queue.planned.length === 1;
  const workspace = await namedWhenSlow(`Clearing the workspace ${planned.root}`, opening).catch((error) => {
    const failure = openingFailure(error, planned.root, alone);
    if (failure === undefined) throw error;
    return failure;
  });
  if (workspace instanceof RunFailure) return unopened(planned, workspace);
  request.lastSteps.add(workspace.removeSecretsNow);
  const talking = await server.serve(planned);
  const rundef = talking?.rundef ?? planned.rundef;
  served.setStatus('RUNNING');
  const ledger = new Ledger(planned.differences);
  noteSecrets(ledger, rundef.secrets ?? {});
  const times = new PhaseTimes();
  const startedAt = new Date().toISOString();
  const begun = monotonicMs();
  const resultFor = (outcome: RunOutcome) =>
    maskedResult(
      resultOf(planned, outcome, {
        startedAt,
        durationMs: Math.round(monotonicMs() - begun),
        phases: times.list(),
        fidelity: ledger.fidelity(),
        ...(served.posts.length === 0 ? {} : { posts: served.posts }),
      }),
      masker,
    );
  const tests = openConsoleTests(rundef);
  let reporter: RunReporter | undefined;
  let created: ContainerSpec | undefined;
  let engineName: Promise<string> | undefined;
  try {
    // With the addresses that it was planned with: those of the run's server end with the simulation.
    writePrivately(workspace.rundef, keptRunDefinition(planned.rundef, masker));
    const file = openConsole(workspace.console);
    const view = session.view.begin(planned);
    reporter = new RunReporter({
      file,
      path: workspace.console,
      masker,
      view,
      reader: tests,
      // The last one comes when the console has been read, too.
      onStatus: (status) => status === 'UPLOADING' && served.setStatus(status),
      interrupted: request.signal,
    });
    const ports: RunPorts = {
      reporter,
      engine: simulationEngine(engine, request.pull, ledger, (spec) => {
        created = spec;
        // For the ledger; the engine answers while it makes the container.
        engineName ??= engine.version().then(
          ({ name }) => name,
          () => '',
        );
      }),
      source: planned.source,
      artifacts: { store: async () => {} },
      host: simulationHost({
        ...settings,
        sharedVolumes: request.sharedVolumes,
        memoryBytes: request.memoryBytes,
        netrcMachine: talking?.machine,
        env: planned.rundef.env,
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
        begin: (phase) => {
          times.begin(phase);
          view.phase?.(phase);
        },
        end: (phase) => {
          times.end(phase);
          view.phase?.(undefined);
        },
        pulling: (bytes) => view.pulling?.(bytes),
      },
    };
    // Waiting to pull again is of no use where pulling is forbidden.
    const limits = request.pull === 'never' ? { ...LIMITS, pullWaits: [] } : LIMITS;
    const executed = await executeRun(rundef, workspace, ports, request.signal, limits);
    await reporter.end();
    const outcome = withMissingSecrets(withConsoleTests(executed, await tests?.end()), planned);
    if (outcome.elsewhere !== undefined) ledger.note('reference-worker', outcome.elsewhere);
    await noteRun(ledger, planned, talking, workspace, outcome);
    if (engineName !== undefined) notePodman(ledger, await engineName);
    noteRemoteEngine(ledger, created !== undefined && engine.copiesFiles);
    const fault = await session.queue.ended(planned, outcome.status === 'PASSED');
    const started = withStartFault(resultFor(outcome), fault && masker.text(fault));
    const result = withServerFailure(started, planned.serverFailure);
    const left = workspace.leftBefore.map(({ keptAt, problem }) => `${problem} It is in ${keptAt} now.`);
    if (left.length > 0) result.warnings = [...(result.warnings ?? []), ...left];
    served.addTests(result.tests);
    served.setStatus(result.status === 'PASSED' ? 'PASSED' : 'FAILED');
    keepResult(workspace, result);
    const shellRun = { label: labelOf(planned), failed: result.status === 'FAILED', spec: created };
    await openShell(request.shell, engine, { ...shellRun, archive: workspace.archive }, request.signal);
    return result;
  } catch (error) {
    const failure = environmentFailure(error, planned.root);
    if (failure === undefined) throw error;
    served.setStatus('FAILED');
    if (reporter === undefined) return unopened(planned, failure);
    const { reason: cause, message, environment } = failure;
    const nothing = { tests: [], artifacts: [], warnings: [] };
    return resultFor({ status: 'FAILED', cause, message, ...(environment && { environment }), ...nothing });
  } finally {
    await reporter?.end();
    await tests?.close();
    // What is left of them does not cost the result: the next simulation removes it.
    if (engine.copiesFiles) {
      await engine.removeVolumes(workspace.root).catch((error: Error) => request.warn(error.message));
    }
    if (request.keep && created !== undefined) {
      const { image } = created;
      const ends = await Promise.all(
        [workspace.repo, workspace.scriptRepo].map((folder) => engine.takeOwnership(folder, image)),
      );
      for (const problem of ends) if (problem !== undefined) request.warn(problem);
    }
    const closing = session.times.during('clean-up', workspace.close({ keepCheckouts: request.keep }));
    const left = await namedWhenSlow(`Removing the checkout of ${labelOf(planned)}`, closing);
    for (const { keptAt, problem } of left) {
      request.warn(`${problem} It is in ${keptAt} now.`);
    }
    request.lastSteps.delete(workspace.removeSecretsNow);
  }
}

/** Of several runs, one whose workspace is in use costs the others nothing. */
function openingFailure(error: unknown, root: string, alone: boolean): RunFailure | undefined {
  if (!(error instanceof UsageError)) return environmentFailure(error, root);
  return alone ? undefined : new RunFailure('setup', error.message, { environment: 'workspace', cause: error });
}

/** A failure of the machine, with advice; undefined for anything else. */
function environmentFailure(error: unknown, root: string): RunFailure | undefined {
  if (error instanceof RunFailure) return error;
  const fault = error instanceof EnvironmentError ? error.message : machineFault(error);
  if (fault === undefined) return undefined;
  const message = fault.includes(root) ? fault : `The workspace ${root} cannot be used. ${fault}`;
  return new RunFailure('setup', message, { environment: 'disk', cause: error });
}

/** A new file, for its owner alone. */
function writePrivately(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
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

async function noteRun(
  ledger: Ledger,
  { rundef, madeUp, scriptDifferences }: PlannedRun,
  talking: TalkingRun | undefined,
  workspace: SimulationWorkspace,
  outcome: RunOutcome,
): Promise<void> {
  if (outcome.image !== undefined) noteArchitecture(ledger, rundef['host-tag'] ?? '', outcome.image.architecture);
  noteImageId(ledger, rundef.container, outcome.image?.byId);
  const script = rundef.script ?? readScript(workspace, rundef['script-repo']?.path ?? '');
  noteScript(ledger, script, talking?.madeUp ?? madeUp, rundef.secrets ?? {});
  noteUnserved(ledger, talking?.misses ?? []);
  for (const { kind, message } of (await scriptDifferences?.(script)) ?? []) ledger.note(kind, message);
}

/** The largest script that is read, bytes. */
const LARGEST_SCRIPT = 1024 * 1024;

/** The script of a script-repo, where it is a plain file. */
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
