/**
 * The inside of a run's own process. Whatever becomes of it, the next process on the same
 * folder goes on: it finds its container by its label, its console in the spool, the story in
 * the state file. SIGTERM needs no care for the same reason.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDockerConfig, proxyEnvironment } from '../../docker/docker-config.js';
import { connectEngine, type DockerEngine } from '../../docker/engine.js';
import { currentOwner } from '../../docker/process-owner.js';
import type { Checkpoint } from '../../executor/checkpoint.js';
import { LIMITS, type Limits } from '../../executor/clock.js';
import { ConsoleLog } from '../../executor/console-log.js';
import { RUN_LABEL } from '../../executor/container-spec.js';
import { executeRun } from '../../executor/execute-run.js';
import { type ContainerEngine, type Host, RunFailure, type RunOutcome } from '../../executor/ports.js';
import { certificatesFolder, persistentVolume } from '../../executor/volumes.js';
import { openWorkspace } from '../../executor/workspace.js';
import { gitSource } from '../../git/source.js';
import { checkRunDefinition } from '../../schema/check-run-definition.js';
import type { RunDefinition } from '../../schema/model.js';
import { HttpClient } from '../../server/http.js';
import { ServerFailure } from '../../server/server-failure.js';
import { removeRun, removeTree } from '../remove-tree.js';
import {
  currentBoot,
  exists,
  type RunOneOptions,
  readRundef,
  rundefPath,
  takeRunLock,
  workerFolderOf,
} from '../runs.js';
import type { WorkerSettings } from '../settings.js';
import { forgeOf, withForge } from './forge-reporter.js';
import { RunJournal, stopped } from './run-journal.js';
import { runServer } from './run-server.js';
import { type ReporterLimits, ServerReporter } from './server-reporter.js';
import { ARTIFACT_LIMITS, type ArtifactLimits, signedArtifacts } from './signed-artifacts.js';
import { Spool } from './spool.js';
import { workerReboot } from './worker-reboot.js';

/** Between two looks whether the run's folder is still there, ms. */
const WATCH_MS = 5_000;
/** Of the server's console, where its first lines are. */
const BEGINNING_BYTES = 64 * 1024;
/** How long a process tries that was started only to report a run's end, ms. */
const LATER_PATIENCE_MS = 10_000;

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
  /** Between two looks whether the folder is still there, ms. */
  watchFolder?: number;
}

export interface RunFolderOptions extends RunOneOptions {
  /**
   * Called with how the run has ended, after the server has it, or after it has not accepted it for some minutes.
   * Called again when this process dies before it is noted that it was.
   */
  ended?(outcome: RunOutcome): Promise<void>;
  /** Called when the server did not accept the end of the run; a later process tries again. */
  unreported?(answer: string, next: string): void;
  /** Called when the run's folder cannot be removed, with where it is now. */
  setAside?(path: string, reason: string): void;
  /** Called when the run's folder was removed while the run was in progress. */
  folderRemoved?(): void;
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
    if (!(await exists(rundefPath(folder)))) return await removeFolder(folder, options);
    const journal = await RunJournal.open(folder);
    if (journal.state.phase !== 'done') return await new RunProcess(folder, journal, settings, tuning).run(options);
    return await removeFolder(folder, options);
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

  async run(options: RunFolderOptions): Promise<RunOutcome | undefined> {
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
    const reporter = new ServerReporter(server, spool, {
      ...this.#tuning.reporter,
      ...(before.unreported === undefined ? {} : { patience: LATER_PATIENCE_MS }),
    });
    const watched = await watchFolder(this.#folder, this.#tuning.watchFolder ?? WATCH_MS, () => {
      reporter.abandon(new RunFailure('lost', 'The folder of the run was removed from the worker.'));
    });
    try {
      const refusal = options.refused === undefined ? refusalOf(rundef) : new RunFailure('setup', options.refused);
      const outcome = await this.#execute(run, known, refusal, reporter, { boot, bootBefore: before.boot, server });
      if (before.unreported === undefined) await options.ended?.(outcome);
      if (reporter.unreported !== undefined) return await this.#putOff(reporter.unreported, outcome, options);
      await this.#journal.begin('done');
      await watched.stop();
      await removeFolder(this.#journal.folder, options);
      return outcome;
    } catch (error) {
      if (!watched.gone()) throw error;
      options.folderRemoved?.();
      return undefined;
    } finally {
      await watched.stop();
      await reporter.close();
      await this.#http.close();
    }
  }

  /**
   * The work is done and only the server does not accept its end: the slot is free, what is not needed to report it
   * goes, and this process ends. The next tries are further and further apart, an hour at most.
   */
  async #putOff(failure: RunFailure, outcome: RunOutcome, options: RunFolderOptions): Promise<RunOutcome> {
    const before = this.#journal.state.unreported;
    const tries = (before?.tries ?? 0) + 1;
    const now = Date.now();
    const next = new Date(now + Math.min(60, 2 ** (tries - 1)) * 60_000).toISOString();
    const unreported = { since: before?.since ?? new Date(now).toISOString(), tries, next, answer: failure.message };
    await this.#journal.update({ unreported });
    options.unreported?.(failure.message, next);
    const needed = new Set(['rundef.json', 'state.json', 'spool', 'lock']);
    const { folder } = this.#journal;
    for (const name of await readdir(folder)) {
      if (!needed.has(name)) await removeTree(join(folder, name)).catch(() => {});
    }
    return outcome;
  }

  async #execute(
    run: RunDefinition,
    before: Checkpoint,
    refusal: RunFailure | undefined,
    reporter: ServerReporter,
    around: { boot: string; bootBefore: string; server: ReturnType<typeof runServer> },
  ): Promise<RunOutcome> {
    const workspace = await openWorkspace(this.#folder);
    const { engine, failure } = await this.#openEngine(before);
    const forge = refusal === undefined ? forgeOf(run, this.#http) : undefined;
    const noForge = typeof forge === 'string' ? new RunFailure('setup', forge) : undefined;
    const known = refusedBy(before, refusal ?? noForge ?? failure ?? (await this.#begunBefore(before, around.server)));
    this.#journal.resumed = known;
    const told =
      forge === undefined || typeof forge === 'string'
        ? reporter
        : withForge(reporter, forge, (error) => reporter.note(error.message));
    // Of one whose artifacts are on their way already the server knows better.
    if (known.verdict === undefined && known.scripts === undefined) await told.status('RUNNING');
    if (this.#journal.state.starts === 1) {
      await new ConsoleLog(reporter).heading(this.#takesTheRun);
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
    await engine?.removeVolumes(workspace.root);
    return outcome;
  }

  /** The worker's own additions; a rundef that is refused needs no more than where to say so. */
  #runDefinition(rundef: Record<string, unknown>): RunDefinition {
    const run = rundef as unknown as RunDefinition;
    return { ...run, env: { ...run.env, H_WORKER: this.#settings.hostname } };
  }

  get #takesTheRun(): string {
    return `The worker ${this.#settings.hostname} takes the run`;
  }

  /**
   * Why a run is not begun that an earlier process of this worker has begun, by the server's console, while the state
   * knows of none: the worker's folder is as it was some time ago. A server that does not show the console is believed.
   */
  async #begunBefore(known: Checkpoint, server: ReturnType<typeof runServer>): Promise<RunFailure | undefined> {
    if (this.#journal.state.starts > 1 || Object.keys(known).length > 0) return undefined;
    const console = await server.readConsole(0, BEGINNING_BYTES, Buffer.alloc(0)).catch((error: unknown) => {
      if (!(error instanceof ServerFailure)) throw error;
      return { bytes: Buffer.alloc(0) };
    });
    const text = console.bytes.toString();
    // The server writes this line each time it hands the run out.
    const since = text.slice(Math.max(0, text.lastIndexOf('# Run sent to worker: ')));
    if (!since.includes(this.#takesTheRun)) return undefined;
    const message =
      'This worker has begun the run before, and its state knows nothing of it: its folder is as it was some time ago. The script may have been executed, and is not started a second time.';
    return new RunFailure('lost', message);
  }

  /** Connects, and removes what processes before this one have left there, but the container that goes on. */
  async #openEngine(known: Checkpoint): Promise<{ engine?: DockerEngine; failure?: RunFailure }> {
    try {
      const engine = await connectEngine({ logDriver: 'local', owner: `worker-run-${this.#journal.state.id}` });
      const forgotten = await forgottenContainer(engine, known);
      await engine.removeOwn(goingOn(known) ? known.container : undefined);
      // Half a copy is none: what a container before a reboot has changed is the only one that counts.
      const began = [known.container, known.script, known.reboot].some((step) => step !== undefined);
      if (!began) await engine.removeVolumes(this.#folder);
      if (forgotten === undefined) return { engine };
      const message = `The script of this run was started before, in the container ${forgotten.slice(0, 12)}, and the state of the worker knows nothing of it: its folder is as it was some time ago. The script is not started a second time.`;
      return { engine, failure: new RunFailure('lost', message) };
    } catch (error) {
      if (error instanceof RunFailure) return { failure: error };
      throw error;
    }
  }
}

/** The container of a script that was started, where the run's state says that none was ever made. */
async function forgottenContainer(engine: DockerEngine, known: Checkpoint): Promise<string | undefined> {
  const steps = [known.container, known.script, known.exit, known.reboot, known.scripts, known.verdict];
  if (steps.some((step) => step !== undefined)) return undefined;
  const own = await engine.listOwn();
  return own.find(({ labels, started }) => started && labels[RUN_LABEL] !== undefined)?.id;
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

async function removeFolder(folder: string, options: Pick<RunFolderOptions, 'setAside'>): Promise<undefined> {
  const { keptAt, problem = '' } = await removeRun(folder);
  if (keptAt !== undefined) options.setAside?.(keptAt, problem);
}

/** Looks again and again whether a run's folder is still there, by its open descriptor, so that it may be moved. */
async function watchFolder(folder: string, everyMs: number, onGone: () => void) {
  const directory = await open(folder, 'r');
  let gone = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    gone = !(await exists(`/proc/self/fd/${directory.fd}/state.json`));
    if (gone) onGone();
    else if (timer !== undefined) timer = setTimeout(look, everyMs);
  };
  timer = setTimeout(look, everyMs);
  return {
    gone: () => gone,
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await directory.close();
    },
  };
}

interface WorkerHostOptions {
  /** Where persistent volumes lie. */
  volumes: string;
  /** From `[shared-volumes]`: name, in lower case, → folder. */
  sharedVolumes: Readonly<Record<string, string>>;
  memoryBytes?: number | undefined;
  takeOwnership(folder: string, image: string): Promise<string | undefined>;
}

/** The machine of a real run: what the worker's settings say, and nothing made up. */
async function workerHost(options: WorkerHostOptions): Promise<Host> {
  const { volumes, sharedVolumes, memoryBytes, takeOwnership } = options;
  const { config, text } = await loadDockerConfig();
  return {
    persistentVolume: (project, name) => persistentVolume(volumes, project, name, { nested: true }),
    sharedVolume: async (name) => {
      // Names of settings have no case (`[shared-volumes]` as the reference worker reads it).
      const key = name.toLowerCase();
      const folder = Object.hasOwn(sharedVolumes, key) ? sharedVolumes[key] : undefined;
      if (folder !== undefined) return folder;
      throw new RunFailure(
        'setup',
        `This worker has no shared volume ${name}: add it to [shared-volumes] of its settings.conf, or give the run a host-tag of a worker that has it.`,
      );
    },
    certificates: certificatesFolder(),
    dockerConfig: async () => text,
    proxies: async (address) => proxyEnvironment(config, address),
    takeOwnership,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}
