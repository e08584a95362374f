/**
 * The inside of a run's own process. Whatever becomes of it, the next process on the same
 * folder goes on: it finds its container by its label, its console in the spool, the story in
 * the state file. SIGTERM needs no care for the same reason.
 */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectEngine, type DockerEngine } from '../../docker/engine.js';
import { currentOwner } from '../../docker/process-owner.js';
import type { Checkpoint } from '../../executor/checkpoint.js';
import { ConsoleLog } from '../../executor/console-log.js';
import { executeRun } from '../../executor/execute-run.js';
import { LIMITS, type Limits } from '../../executor/limits.js';
import { type ContainerEngine, RunFailure, type RunOutcome } from '../../executor/ports.js';
import { openWorkspace } from '../../executor/workspace.js';
import { gitSource } from '../../git/remote-source.js';
import { checkRunDefinition } from '../../schema/check-run-definition.js';
import type { RunDefinition } from '../../schema/model.js';
import { HttpClient } from '../../server/http.js';
import { removeTree } from '../remove-tree.js';
import { takeRunLock } from '../run-lock.js';
import { currentBoot, type RunOneOptions, readRundef, rundefPath, statePath, workerFolderOf } from '../run-state.js';
import type { WorkerSettings } from '../settings.js';
import { forgeOf, withForge } from './forge-reporter.js';
import { RunJournal, stopped } from './run-journal.js';
import { runServer } from './run-server.js';
import { type ReporterLimits, ServerReporter } from './server-reporter.js';
import { ARTIFACT_LIMITS, type ArtifactLimits, signedArtifacts } from './signed-artifacts.js';
import { Spool } from './spool.js';
import { workerHost } from './worker-host.js';
import { workerReboot } from './worker-reboot.js';

/** What the worker's settings say to a run. */
export type RunSettings = Pick<WorkerSettings, 'hostname' | 'sharedVolumes' | 'memoryBytes' | 'tools'>;

/** What tests make shorter, or up. */
export interface RunTuning {
  boot?: string;
  story?: Partial<Limits>;
  reporter?: Partial<ReporterLimits>;
  artifacts?: Partial<ArtifactLimits>;
  rebootWaits?: readonly number[];
  downAfter?: number;
}

export interface RunFolderOptions extends RunOneOptions {
  /** Told how the run has ended, after the server; again, when this process dies before it is noted that it was told. */
  ended?(outcome: RunOutcome): Promise<void>;
}

/**
 * Executes the run of a folder to its end, or goes on with it.
 *
 * @returns the outcome; undefined when another process has the run, or only its folder was left
 */
export async function executeRunFolder(
  folder: string,
  settings: RunSettings,
  options: RunFolderOptions = {},
  tuning: RunTuning = {},
): Promise<RunOutcome | undefined> {
  if (!(await exists(folder))) return undefined;
  const lock = await takeRunLock(folder);
  if (lock === undefined) return undefined;
  try {
    if (!(await exists(rundefPath(folder)))) return await removeFolder(folder);
    const journal = await RunJournal.open(folder);
    if (journal.state.phase !== 'done') return await new RunProcess(folder, journal, settings, tuning).run(options);
    return await removeFolder(folder);
  } finally {
    await lock.release();
  }
}

class RunProcess {
  readonly #folder: string;
  readonly #journal: RunJournal;
  readonly #settings: RunSettings;
  readonly #tuning: RunTuning;
  readonly #http = new HttpClient();

  constructor(folder: string, journal: RunJournal, settings: RunSettings, tuning: RunTuning) {
    this.#folder = folder;
    this.#journal = journal;
    this.#settings = settings;
    this.#tuning = tuning;
  }

  async run(options: RunFolderOptions): Promise<RunOutcome> {
    const rundef = await readRundef(this.#folder);
    const boot = this.#tuning.boot ?? (await currentBoot());
    const before = this.#journal.state;
    const known = knownBefore(before.known, rundef, {
      ...options,
      rebooted: before.starts > 0 && before.boot !== boot,
    });
    await this.#journal.update({
      process: await currentOwner(),
      starts: before.starts + 1,
      startedAt: before.startedAt ?? new Date().toISOString(),
      // A reboot that was asked for is over when its port says so.
      ...(known.reboot === undefined ? { boot } : {}),
    });
    const run = this.#runDefinition(rundef);
    const server = runServer(this.#http, { runUrl: run.run_url, apiKey: run.api_key });
    const spool = new Spool(join(this.#folder, 'spool'));
    const reporter = new ServerReporter(server, spool, this.#tuning.reporter);
    try {
      const refusal = options.refused === undefined ? refusalOf(rundef) : new RunFailure('setup', options.refused);
      const outcome = await this.#execute(run, known, refusal, reporter, { boot, bootBefore: before.boot, server });
      await options.ended?.(outcome);
      await this.#journal.begin('done');
      await removeFolder(this.#journal.folder);
      return outcome;
    } finally {
      await reporter.close();
      await this.#http.close();
    }
  }

  async #execute(
    run: RunDefinition,
    before: Checkpoint,
    refusal: RunFailure | undefined,
    reporter: ServerReporter,
    around: { boot: string; bootBefore: string; server: ReturnType<typeof runServer> },
  ): Promise<RunOutcome> {
    const workspace = openWorkspace(this.#folder);
    const { engine, failure } = await this.#openEngine(before);
    const forge = refusal === undefined ? forgeOf(run, this.#http) : undefined;
    const noForge = typeof forge === 'string' ? new RunFailure('setup', forge) : undefined;
    const known = refusedBy(before, refusal ?? noForge ?? failure);
    this.#journal.resumed = known;
    const told =
      forge === undefined || typeof forge === 'string'
        ? reporter
        : withForge(reporter, forge, (error) => reporter.note(error.message));
    // Of one whose artifacts are on their way already the server knows better.
    if (known.verdict === undefined && known.scripts === undefined) await told.status('RUNNING');
    if (this.#journal.state.starts === 1) {
      await new ConsoleLog(reporter).heading(`The worker ${this.#settings.hostname} takes the run`);
    }
    const { memoryBytes } = this.#settings;
    const ports = {
      reporter: told,
      engine: engine ?? noEngine(failure),
      source: gitSource(),
      artifacts: signedArtifacts(around.server, reporter.gone, { ...ARTIFACT_LIMITS, ...this.#tuning.artifacts }),
      host: await workerHost({
        volumes: join(workerFolderOf(this.#folder), 'volumes'),
        sharedVolumes: this.#settings.sharedVolumes,
        ...(memoryBytes === undefined ? {} : { memoryBytes }),
        removeTree,
        takeOwnership: async (path, image) => engine?.takeOwnership(path, image),
      }),
      reboot: workerReboot({
        journal: this.#journal,
        worker: this.#settings.hostname,
        rebootedRun: join(workerFolderOf(this.#folder), 'rebooted-run'),
        tools: this.#settings.tools,
        boot: around.boot,
        bootBefore: around.bootBefore,
        waits: this.#tuning.rebootWaits,
        downAfter: this.#tuning.downAfter,
      }),
      journal: this.#journal,
    };
    const limits = { ...LIMITS, ...this.#tuning.story };
    const outcome = await executeRun(run, workspace, ports, new AbortController().signal, limits);
    await reporter.close();
    await engine?.removeOwn();
    return outcome;
  }

  /** The worker's own additions; a rundef that is refused needs no more than where to say so. */
  #runDefinition(rundef: Record<string, unknown>): RunDefinition {
    const run = rundef as unknown as RunDefinition;
    return { ...run, env: { ...run.env, H_WORKER: this.#settings.hostname } };
  }

  /** Connects, and removes what processes before this one have left there, but the container that goes on. */
  async #openEngine(known: Checkpoint): Promise<{ engine?: DockerEngine; failure?: RunFailure }> {
    try {
      const engine = await connectEngine({ logDriver: 'local', owner: `worker-run-${this.#journal.state.id}` });
      await engine.removeOwn(goingOn(known) ? known.container : undefined);
      return { engine };
    } catch (error) {
      if (error instanceof RunFailure) return { failure: error };
      throw error;
    }
  }
}

/** Whether the container that is known is still of use: nobody has yet noted how it ended. */
function goingOn({ scripts, verdict, exit, reboot }: Checkpoint): boolean {
  return [scripts, verdict, exit, reboot].every((step) => step === undefined);
}

function knownBefore(
  known: Checkpoint,
  rundef: Record<string, unknown>,
  why: RunOneOptions & { rebooted: boolean },
): Checkpoint {
  // A run that waited for its reboot has asked for it.
  const afterReboot = why.afterReboot || (why.rebooted && known.reboot === undefined);
  if (afterReboot || why.givenUp) return stopped(known, { afterReboot });
  // The reference worker keeps the script that goes on after a reboot in the rundef.
  const script = rundef['reboot-script'];
  return typeof script === 'string' && known.script === undefined ? { ...known, script } : known;
}

/** Why a rundef is not executed. */
function refusalOf(rundef: Record<string, unknown>): RunFailure | undefined {
  const [problem, ...more] = checkRunDefinition(rundef);
  if (problem === undefined) return undefined;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return new RunFailure('setup', `The run definition cannot be executed: ${problem}${others}.`);
}

/** A run that cannot go on here: the reason is its verdict, unless it had one. */
function refusedBy(known: Checkpoint, failure: RunFailure | undefined): Checkpoint {
  if (failure === undefined || known.verdict !== undefined) return known;
  const { reason, message, environment } = failure;
  return { ...known, verdict: { failure: { reason, message, ...(environment === undefined ? {} : { environment }) } } };
}

function noEngine(failure: RunFailure | undefined): ContainerEngine {
  const refuse = () => Promise.reject(failure ?? new Error('there is no engine'));
  return { address: '', pull: refuse, create: refuse, reattach: refuse };
}

/**
 * Whatever a container's root has left there. What says that the run is done goes last: a
 * process that dies over this leaves a folder that the next one knows how to remove.
 */
async function removeFolder(folder: string): Promise<undefined> {
  const last = [rundefPath(folder), statePath(folder)];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!last.includes(path)) await removeTree(path);
  }
  for (const path of [...last, folder]) await removeTree(path);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
