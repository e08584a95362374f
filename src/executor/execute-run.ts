/**
 * The story of a run (SPEC 4), whoever runs it. Everything that touches the world is a
 * port; nothing here knows who asked.
 */
import { plural } from '../lib/index.js';
import type { RunDefinition, Test } from '../schema/index.js';
import { findRebootScript, listArtifacts, removeRebootScript } from './archive.js';
import { asFailure, endedBy, Notes, throwUnlessPassed } from './checkpoint.js';
import { type Clock, LIMITS, type Limits, startClock } from './clock.js';
import { ConsoleLog, SCRIPT_BEGINS } from './console-log.js';
import { reportJunit } from './junit.js';
import {
  type ArtifactFile,
  type Container,
  type ContainerExit,
  type ImageInfo,
  type Phase,
  RunFailure,
  type RunOutcome,
  type RunPorts,
} from './ports.js';
import { prepare } from './prepare.js';
import { pullImage } from './pull-image.js';
import { runScript } from './run-script.js';
import type { Workspace } from './workspace.js';

/** What is known of a run so far; from it the outcome is made, however the run ends. */
interface Progress {
  image?: ImageInfo;
  /** Whether a container was requested. */
  started: boolean;
  exit?: ContainerExit;
  tests: Test[];
  artifacts: ArtifactFile[];
  removals: Promise<void>[];
  warnings: string[];
  /** Why the reference's worker fails the run over what the script left. */
  reference?: string | undefined;
}

/**
 * Executes one run to its end. A script that fails, a timeout, a cancel, an image that is
 * not there are outcomes; what is thrown is a defect of ours or of an adapter, and even then
 * the reporter has got FAILED. When the promise settles, no container of the run is left.
 *
 * A journal that has notes of an earlier process makes the story go on from them: no step
 * that has ended is begun again, a script that was started is never started again. Artifacts
 * and tests of the outcome are then those of the steps that were done here.
 *
 * @param workspace the run's own folder, empty, or as a reboot or a dead process left it
 * @param signal aborts with a `RunFailure` as its reason: the user wants the run to stop
 */
export async function executeRun(
  run: RunDefinition,
  workspace: Workspace,
  ports: RunPorts,
  signal: AbortSignal,
  limits: Limits = LIMITS,
): Promise<RunOutcome> {
  const { reporter, journal, engine } = ports;
  const log = new ConsoleLog(reporter);
  const notes = new Notes(journal.resumed, async (news) => journal.note?.(news));
  const { known } = notes;
  const stop = AbortSignal.any([signal, reporter.cancelled]);
  const progress: Progress = {
    started: known.container !== undefined || known.script !== undefined,
    tests: [],
    artifacts: [],
    removals: [],
    warnings: [],
  };
  const phase = async <T>(name: Phase, work: () => Promise<T>): Promise<T> => {
    await journal.begin(name);
    try {
      return await work();
    } finally {
      await journal.end(name);
    }
  };

  const story = async (): Promise<void> => {
    const ended = await notes.once('scripts', async () => {
      if (known.image === undefined) {
        await notes.add({ image: await phase('pull', () => pullImage(run, ports, log, limits, stop)) });
      }
      const clock = startClock(run.timeout, limits, stop, known.clock);
      await notes.add({ clock: clock.state() });
      const failure = await endedBy(clock.signal, () => scripts(clock)).finally(clock.stop);
      if (failure !== undefined && !progress.started) throw failure;
      return failure;
    });

    // What a failed, a late or a cancelled script left is what its author needs most, so it
    // is kept all the same; nothing of that is begun under the signal that ended the script.
    const keeping = ended === undefined ? stop : signal;
    const notKept = await notes.once('upload', () => endedBy(keeping, () => phase('upload', () => upload(keeping))));
    const failedTests = await notes.once('tests', () => phase('tests', tests));
    const failure = ended ?? notKept ?? failedTests;
    if (failure !== undefined) throw failure;
  };

  const upload = async (keeping: AbortSignal): Promise<void> => {
    await reporter.status('UPLOADING');
    const { files, dangling } = await listArtifacts(workspace.archive, log);
    progress.artifacts = files;
    if (dangling !== undefined) {
      progress.reference = `${JSON.stringify(dangling)} in /archive is a link that leads nowhere on the host`;
    }
    const bytes = progress.artifacts.reduce((sum, file) => sum + file.sizeBytes, 0);
    await log.heading(`Found ${plural(progress.artifacts.length, 'artifact')}, ${plural(bytes, 'byte')}`);
    await ports.artifacts.store(workspace.archive, progress.artifacts, log, keeping);
  };

  const tests = async (): Promise<RunFailure | undefined> => {
    const junit = await reportJunit(workspace, ports, log);
    progress.tests = junit.tests;
    progress.reference ??= junit.reference;
    return junit.failure === undefined ? undefined : new RunFailure('tests', junit.failure);
  };

  /** The script, and after a reboot the script that it left for that. */
  const scripts = async (clock: Clock): Promise<void> => {
    for (;;) {
      if (known.reboot === undefined) {
        if (known.exit === undefined) await script(clock.signal);
        if (known.exit !== undefined) {
          progress.exit = known.exit;
          throwUnlessPassed(known.exit, ports.host.memoryBytes, run.script ?? undefined);
        }
        const found = findRebootScript(workspace);
        if (found === undefined) return;
        await log.heading(`The script requests a ${found.cold ? 'cold ' : ''}reboot, and to continue after it`);
        await notes.add({ reboot: found });
      }
      await reboot(clock);
    }
  };

  const script = async (clock: AbortSignal): Promise<void> => {
    const open = await container(clock);
    await phase('script', async () => {
      const { made, resumed } = await open();
      if (!resumed) await log.heading(SCRIPT_BEGINS);
      const kept = reporter.kept?.position;
      const from = kept?.container === made.id ? kept : { stdout: 0, stderr: 0 };
      const running = runScript(made, resumed ? from : undefined, workspace, log, limits, clock);
      const exit = await running.finally(takeOwnership);
      await notes.add({ exit });
      progress.removals.push(
        made.dispose().catch((error: Error) => {
          progress.warnings.push(`A container of this run may be left: ${error.message}`);
        }),
      );
      if (resumed) await log.info('While the script ran, another process took over reading its console');
    });
  };

  /** A container's root may have left what we may not even read. */
  const takeOwnership = async (): Promise<void> => {
    const warning = known.image && (await ports.host.takeOwnership(workspace.archive, known.image.id));
    if (warning !== undefined) progress.warnings.push(warning);
  };

  /** How to come by the script's container: made here, or by a process that died. */
  const container = async (clock: AbortSignal): Promise<() => Promise<{ made: Container; resumed: boolean }>> => {
    const { container: id } = known;
    if (id !== undefined) return async () => ({ made: await engine.reattach(id), resumed: true });
    const spec = await phase('prepare', () => prepare(run, workspace, ports, log, clock, known.script));
    return async () => {
      progress.started = true;
      const made = await engine.create(spec, clock);
      try {
        // Before it is started: a container that nobody has made a note of has never run.
        await notes.add({ container: made.id });
      } catch (error) {
        await made.dispose();
        throw error;
      }
      return { made, resumed: false };
    };
  };

  const reboot = async (clock: Clock): Promise<void> => {
    const { reboot: request } = known;
    if (request === undefined) return;
    removeRebootScript(workspace, request);
    await phase('reboot', async () => {
      clock.pause();
      await notes.add({ clock: clock.state() });
      await ports.reboot.reboot(request, log);
      clock.resume();
    });
    const next = { reboot: undefined, exit: undefined, container: undefined, script: request.script };
    await notes.add({ ...next, clock: clock.state() });
  };

  let defect: unknown;
  const verdict = async (): Promise<RunFailure | undefined> => {
    try {
      return await endedBy(stop, story);
    } catch (error) {
      defect = error;
      return new RunFailure('lost', `An unexpected error ended the run: ${(error as Error).message}`);
    }
  };
  let failure: RunFailure | undefined;
  try {
    failure = await notes.once('verdict', verdict);
  } catch (error) {
    // A note that cannot be written is no reason to keep the end from the server.
    defect ??= error;
    failure = new RunFailure('lost', `The state of the run cannot be kept: ${(error as Error).message}`);
  }
  await phase('report', async () => {
    if (!known.told) {
      await log.heading(
        failure === undefined ? 'The run has PASSED' : `The run has FAILED (${failure.reason}): ${failure.message}`,
      );
      await notes.add({ told: true });
    }
    await reporter.status(failure === undefined ? 'PASSED' : 'FAILED');
  }).catch((error: unknown) => {
    // When the story has failed, that failure is the outcome, not the console that cannot be written.
    if (failure === undefined) failure = asFailure(error);
  });
  await Promise.all(progress.removals);
  if (defect !== undefined) throw defect;
  if (known.image !== undefined) progress.image = known.image;
  return outcomeOf(progress, failure);
}

function outcomeOf(progress: Progress, failure: RunFailure | undefined): RunOutcome {
  const { image, exit, tests, artifacts, warnings } = progress;
  const elsewhere = otherVerdict(progress, failure);
  const common = {
    ...(image === undefined ? {} : { image }),
    ...(exit === undefined ? {} : { exitCode: exit.exitCode }),
    tests,
    artifacts,
    warnings,
    ...(elsewhere === undefined ? {} : { elsewhere }),
  };
  if (failure === undefined) return { status: 'PASSED', ...common };
  const { reason: cause, message, environment } = failure;
  return { status: 'FAILED', cause, message, ...(environment === undefined ? {} : { environment }), ...common };
}

/** Where the reference's worker comes to another verdict. */
function otherVerdict({ reference }: Progress, failure: RunFailure | undefined): string | undefined {
  if (failure === undefined) {
    return reference === undefined ? undefined : `The reference's worker would fail this run: ${reference}.`;
  }
  if (failure.reason !== 'tests' || reference !== undefined) return undefined;
  return "The reference's worker would pass this run: it looks only at the first child of a case, ignores elements in a namespace, and reads entities.";
}
