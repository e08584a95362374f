/**
 * A run's own process. Whatever ends it, the next process on the same folder continues: it finds the container by its
 * label, the console in the spool, the story in the state file. For the same reason SIGTERM needs no handler.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectEngine, currentBoot, currentOwner, type DockerEngine } from '../../docker/index.js';
import {
  type Checkpoint,
  ConsoleLog,
  executeRun,
  LIMITS,
  type Limits,
  openWorkspace,
  RunFailure,
  type RunOutcome,
} from '../../executor/index.js';
import { gitSource } from '../../git/index.js';
import type { RunDefinition, StringMap } from '../../schema/index.js';
import { HttpClient } from '../../server/index.js';
import { blockMetadataService, type CallbackAction, runCallback, textsIn } from '../host-programs.js';
import { type WorkerLog, workerLog } from '../log.js';
import { removeRun, removeTree } from '../remove-tree.js';
import { exists, type RunOneOptions, readRundef, rundefPath, takeRunLock, workerFolderOf } from '../runs.js';
import { readSettings, type WorkerSettings } from '../settings.js';
import { countOutcome } from '../status.js';
import { forgeOf, withForge } from './forge-reporter.js';
import { forgottenContainer, isContinued, knownBefore, refusalOf, refusedBy, wasBegunBefore } from './resume.js';
import { RunJournal, watchFolder } from './run-journal.js';
import { RunServer } from './run-server.js';
import { FOLDER_REMOVED, type ReporterLimits, ServerReporter } from './server-reporter.js';
import { ARTIFACT_LIMITS, type ArtifactLimits, signedArtifacts } from './signed-artifacts.js';
import { Spool } from './spool.js';
import { noEngine, workerHost } from './worker-host.js';
import { workerReboot } from './worker-reboot.js';

/** Between two checks whether the run's folder still exists, ms. */
const WATCH_MS = 5_000;
/** How long a process tries that was started only to report a run's end, ms. */
const LATER_PATIENCE_MS = 10_000;

/** The worker's settings that a run needs. */
export type RunSettings = Pick<WorkerSettings, 'hostname' | 'sharedVolumes' | 'memoryBytes' | 'tools'> &
  Partial<Pick<WorkerSettings, 'callbackScript' | 'blockMetadataService'>>;

/** Shorter limits for tests, and another boot. */
export interface RunTuning {
  boot?: string;
  story?: Partial<Limits>;
  reporter?: Partial<ReporterLimits>;
  artifacts?: Partial<ArtifactLimits>;
  rebootWaits?: readonly number[];
  downAfter?: number;
  watchFolder?: number;
}

/**
 * Executes the run of a folder to its end, or continues it.
 *
 * @throws what is not an expected failure; then the folder stays, and the next check-in starts it again
 */
export async function executeRunProcess(folder: string, why: RunOneOptions, log: WorkerLog): Promise<void> {
  const settings = await readSettings(workerFolderOf(folder));
  log.level = settings.logLevel;
  await executeRunFolder(folder, settings, why, {}, log);
}

const NO_LOG = workerLog({ format: 'text', level: 'error', write: () => {} });

/** @returns the outcome; undefined when another process executes the run, or only its folder was left. @public */
export async function executeRunFolder(
  folder: string,
  settings: RunSettings,
  why: RunOneOptions = {},
  tuning: RunTuning = {},
  log: WorkerLog = NO_LOG,
): Promise<RunOutcome | undefined> {
  if (!(await exists(folder))) return undefined;
  const lock = await takeRunLock(folder);
  if (lock === undefined) return undefined;
  try {
    const journal = (await exists(rundefPath(folder))) ? await RunJournal.open(folder) : undefined;
    if (journal === undefined || journal.state.phase === 'done') return await removeFolder(folder, log);
    return await new RunProcess(journal, settings, tuning, log).run(why);
  } finally {
    await lock.release();
  }
}

class RunProcess {
  readonly #journal: RunJournal;
  readonly #settings: RunSettings;
  readonly #tuning: RunTuning;
  readonly #log: WorkerLog;
  readonly #http = new HttpClient();

  constructor(journal: RunJournal, settings: RunSettings, tuning: RunTuning, log: WorkerLog) {
    this.#journal = journal;
    this.#settings = settings;
    this.#tuning = tuning;
    this.#log = log;
  }

  async run(why: RunOneOptions): Promise<RunOutcome | undefined> {
    const { folder, state: before } = this.#journal;
    const rundef = await readRundef(folder);
    const env = textsIn(rundef['env']);
    const boot = this.#tuning.boot ?? currentBoot();
    const unusable = refusalOf(rundef);
    // A program of the host gets no name that was not checked.
    const refused = unusable ?? (await this.#prepareHost(env, boot));
    const known = knownBefore(before.known, rundef, { ...why, rebooted: before.starts > 0 && before.boot !== boot });
    await this.#journal.update({
      process: await currentOwner(),
      starts: before.starts + 1,
      startedAt: before.startedAt ?? new Date().toISOString(),
      // A requested reboot is over when its port says so.
      ...(known.reboot === undefined ? { boot } : {}),
    });
    const run = rundef as unknown as RunDefinition;
    const server = new RunServer(this.#http, { runUrl: run.run_url, apiKey: run.api_key });
    const reporter = new ServerReporter(server, new Spool(join(folder, 'spool')), {
      ...this.#tuning.reporter,
      ...(before.unreported === undefined ? {} : { patience: LATER_PATIENCE_MS }),
    });
    const watched = await watchFolder(folder, this.#tuning.watchFolder ?? WATCH_MS, () => {
      reporter.abandon(new RunFailure('lost', FOLDER_REMOVED));
    });
    try {
      const outcome = await this.#execute(
        { ...run, env: { ...run.env, H_WORKER: this.#settings.hostname } },
        known,
        refused,
        server,
        reporter,
        { boot, bootBefore: before.boot },
      );
      if (before.unreported === undefined) await this.#ended(outcome, unusable === undefined ? env : undefined);
      if (reporter.unreported !== undefined) {
        await this.#putOff(reporter.unreported.message);
        return outcome;
      }
      await this.#journal.begin('done');
      await watched.stop();
      await removeFolder(this.#journal.folder, this.#log);
      return outcome;
    } catch (error) {
      if (!watched.gone()) throw error;
      this.#log.error('The folder of a run was removed while the run was in progress', this.#about);
      return undefined;
    } finally {
      await watched.stop();
      await reporter.close();
      await this.#http.close();
    }
  }

  get #about(): { run: string } {
    return { run: this.#journal.state.runUrl };
  }

  /** @returns why the run may not begin on this host */
  async #prepareHost(env: StringMap, boot: string): Promise<RunFailure | undefined> {
    const { state } = this.#journal;
    try {
      if (this.#settings.blockMetadataService) await blockMetadataService(this.#log);
      // A reboot may have undone what the callback did.
      const rebooted = state.known.reboot !== undefined && state.boot !== boot;
      if (state.starts === 0 || rebooted) await this.#callBack('RUN_START', env);
      return undefined;
    } catch (error) {
      const { message } = error as Error;
      this.#log.error(message, this.#about);
      return new RunFailure('setup', `The worker ${this.#settings.hostname} cannot execute runs now: ${message}`);
    }
  }

  async #callBack(action: CallbackAction, env: StringMap): Promise<void> {
    const { callbackScript } = this.#settings;
    if (callbackScript === undefined) return;
    await runCallback(callbackScript, action, env).catch((cause: Error) => {
      throw new Error(`its callback_script ${callbackScript} cannot be started: ${cause.message}`, { cause });
    });
  }

  /**
   * Called again when this process dies before that is noted.
   *
   * @param env undefined for a run that no callback may hear of
   */
  async #ended(outcome: RunOutcome, env: StringMap | undefined): Promise<void> {
    const { status } = outcome;
    const cause = status === 'FAILED' ? { cause: outcome.cause } : {};
    this.#log.info('A run has ended', { ...this.#about, status, ...cause });
    await countOutcome(workerFolderOf(this.#journal.folder), outcome).catch((error: Error) =>
      this.#log.warning(`The end of a run was not counted: ${error.message}`, this.#about),
    );
    for (const warning of outcome.warnings) this.#log.warning(warning, this.#about);
    if (env === undefined) return;
    await this.#callBack('RUN_COMPLETE', env).catch((error: Error) => this.#log.error(error.message, this.#about));
  }

  /**
   * The run is over and only the server does not accept its end: its slot is free, files that are not needed to report
   * it are removed, and this process ends. The time between further tries doubles, up to an hour.
   */
  async #putOff(answer: string): Promise<void> {
    const { folder, state } = this.#journal;
    const tries = (state.unreported?.tries ?? 0) + 1;
    const now = Date.now();
    const next = new Date(now + Math.min(60, 2 ** (tries - 1)) * 60_000).toISOString();
    const since = state.unreported?.since ?? new Date(now).toISOString();
    await this.#journal.update({ unreported: { since, tries, next, answer } });
    const what = 'The server does not accept the end of a run: its slot is free, and it is reported again later';
    this.#log.warning(`${what}. ${answer}`, { ...this.#about, next });
    const needed = new Set(['rundef.json', 'state.json', 'spool', 'lock']);
    for (const name of await readdir(folder)) {
      if (!needed.has(name)) await removeTree(join(folder, name)).catch(() => {});
    }
  }

  async #execute(
    run: RunDefinition,
    before: Checkpoint,
    refusal: RunFailure | undefined,
    server: RunServer,
    reporter: ServerReporter,
    boots: { boot: string; bootBefore: string },
  ): Promise<RunOutcome> {
    const { folder, state } = this.#journal;
    const { hostname, sharedVolumes, memoryBytes, tools } = this.#settings;
    const workspace = await openWorkspace(folder);
    const takesTheRun = `The worker ${hostname} takes the run`;
    const { engine, failure } = await this.#openEngine(before);
    const forge = refusal === undefined ? forgeOf(run, this.#http) : undefined;
    const noForge = typeof forge === 'string' ? new RunFailure('setup', forge) : undefined;
    const isFirst = state.starts === 1 && Object.keys(before).length === 0;
    const begun = async () => (isFirst ? wasBegunBefore(server, takesTheRun) : undefined);
    const known = refusedBy(before, refusal ?? noForge ?? failure ?? (await begun()));
    this.#journal.resumed = known;
    const told =
      forge === undefined || typeof forge === 'string'
        ? reporter
        : withForge(reporter, forge, (error) => reporter.note(error.message));
    // The server's status is right already for a run that has come to its uploads.
    if (known.verdict === undefined && known.scripts === undefined) await told.status('RUNNING');
    if (state.starts === 1) await new ConsoleLog(reporter).heading(takesTheRun);
    const worker = workerFolderOf(folder);
    const ports = {
      reporter: told,
      engine: engine ?? noEngine(failure),
      source: gitSource(),
      artifacts: signedArtifacts(server, reporter.gone, { ...ARTIFACT_LIMITS, ...this.#tuning.artifacts }),
      host: await workerHost(join(worker, 'volumes'), { sharedVolumes, memoryBytes }, engine),
      reboot: workerReboot({
        journal: this.#journal,
        worker: hostname,
        rebootedRun: join(worker, 'rebooted-run'),
        tools,
        ...boots,
        waits: this.#tuning.rebootWaits,
        downAfter: this.#tuning.downAfter,
      }),
      journal: this.#journal,
    };
    const limits = { ...LIMITS, ...this.#tuning.story };
    const outcome = await executeRun(run, workspace, ports, new AbortController().signal, limits);
    await reporter.close();
    await engine?.removeOwn();
    await engine?.removeVolumes(workspace.root);
    return outcome;
  }

  /** Connects, and removes what earlier processes of this run left in the engine, but for a container that is continued. */
  async #openEngine(known: Checkpoint): Promise<{ engine?: DockerEngine; failure?: RunFailure }> {
    try {
      const engine = await connectEngine({ logDriver: 'local', owner: `worker-run-${this.#journal.state.id}` });
      const failure = await forgottenContainer(engine, known);
      await engine.removeOwn(isContinued(known) ? known.container : undefined);
      // Before the first container a copy may be incomplete; after a reboot the container's changes exist only there.
      const began = [known.container, known.script, known.reboot].some((step) => step !== undefined);
      if (!began) await engine.removeVolumes(this.#journal.folder);
      return failure === undefined ? { engine } : { engine, failure };
    } catch (error) {
      if (error instanceof RunFailure) return { failure: error };
      throw error;
    }
  }
}

async function removeFolder(folder: string, log: WorkerLog): Promise<undefined> {
  const { keptAt, problem } = await removeRun(folder);
  if (keptAt === undefined) return;
  log.error(`The folder of a run cannot be removed and was moved out of the way: ${problem}`, { folder: keptAt });
}
