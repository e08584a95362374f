/**
 * The story of a run (SPEC 4), whoever runs it. Everything that touches the world is a
 * port; nothing here knows who asked.
 */
import type { RunDefinition, Test } from '../schema/model.js';
import { listArtifacts, takeRebootScript } from './archive.js';
import { ConsoleLog } from './console-log.js';
import { reportJunit } from './junit.js';
import { LIMITS, type Limits } from './limits.js';
import {
  type ArtifactFile,
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
  /** Whether a container has been asked for. */
  started: boolean;
  exit?: ContainerExit;
  tests: Test[];
  artifacts: ArtifactFile[];
  removals: Promise<void>[];
  warnings: string[];
}

/**
 * Executes one run to its end. A script that fails, a timeout, a cancel, an image that is
 * not there are outcomes; what is thrown is a defect of ours or of an adapter, and even then
 * the reporter has been told FAILED. When the promise settles, no container of the run is left.
 *
 * @param workspace the run's own folder, empty, or as a reboot left it
 * @param signal aborts with a `RunFailure` as its reason: the user wants the run to stop
 */
export async function executeRun(
  run: RunDefinition,
  workspace: Workspace,
  ports: RunPorts,
  signal: AbortSignal,
  limits: Limits = LIMITS,
): Promise<RunOutcome> {
  const { reporter, journal } = ports;
  const log = new ConsoleLog(reporter);
  const stop = AbortSignal.any([signal, reporter.cancelled]);
  const progress: Progress = { started: false, tests: [], artifacts: [], removals: [], warnings: [] };
  const phase = async <T>(name: Phase, work: () => Promise<T>): Promise<T> => {
    await journal.begin(name);
    try {
      return await work();
    } finally {
      await journal.end(name);
    }
  };

  const story = async (): Promise<void> => {
    progress.image = await phase('pull', () => pullImage(run, ports, log, limits, stop));

    const clock = startClock(run.timeout, limits, stop);
    const ended = await endedBy(clock.signal, () => scripts(clock.signal)).finally(clock.stop);
    if (ended !== undefined && !progress.started) throw ended;

    // What a failed, a late or a cancelled script left is what its author needs most, so it
    // is kept all the same; nothing of that is begun under the signal that ended the script.
    const keeping = ended === undefined ? stop : signal;
    const notKept = await endedBy(keeping, () => phase('upload', () => upload(keeping)));
    const junit = await phase('tests', () => reportJunit(workspace, ports, log));
    progress.tests = junit.tests;
    const failure = ended ?? notKept;
    if (failure !== undefined) throw failure;
    if (junit.failed) throw new RunFailure('tests', 'The test results in junit.xml hold a failure, or cannot be read.');
  };

  /** A container's root may have left what we may not even read. */
  const takeOwnership = async (): Promise<void> => {
    const warning = progress.image && (await ports.host.takeOwnership(workspace.archive, progress.image.id));
    if (warning !== undefined) progress.warnings.push(warning);
  };

  const upload = async (keeping: AbortSignal): Promise<void> => {
    await reporter.status('UPLOADING');
    progress.artifacts = await listArtifacts(workspace.archive, log);
    const bytes = progress.artifacts.reduce((sum, file) => sum + file.sizeBytes, 0);
    await log.heading(`Found ${progress.artifacts.length} artifact(s), ${bytes} bytes`);
    await ports.artifacts.store(workspace.archive, progress.artifacts, log, keeping);
  };

  /** The script, and after a reboot the script that it left to go on with. */
  const scripts = async (clock: AbortSignal): Promise<void> => {
    for (let next: string | undefined; ; ) {
      const spec = await phase('prepare', () => prepare(run, workspace, ports, log, clock, next));
      const reboot = await phase('script', async () => {
        await log.heading('Running the script in its container');
        progress.started = true;
        const script = runScript(spec, workspace, ports.engine, log, limits, clock);
        const { exit, removed } = await script.finally(takeOwnership);
        progress.removals.push(
          removed.catch((error: Error) => {
            progress.warnings.push(`A container of this run may be left: ${error.message}`);
          }),
        );
        progress.exit = exit;
        throwUnlessPassed(exit, ports.host.memoryBytes);
        return takeRebootScript(workspace);
      });
      if (reboot === undefined) return;
      await phase('reboot', async () => {
        await log.heading(`The script asks for a ${reboot.cold ? 'cold ' : ''}reboot, and to go on after it`);
        await ports.reboot.reboot(reboot, log);
      });
      next = reboot.script;
    }
  };

  let failure: RunFailure | undefined;
  let defect: unknown;
  try {
    failure = await endedBy(stop, story);
  } catch (error) {
    defect = error;
    failure = new RunFailure('lost', `Something that was not foreseen ended the run: ${(error as Error).message}`);
  }
  await phase('report', async () => {
    await log.heading(failure === undefined ? 'The run has PASSED' : `The run has FAILED: ${failure.message}`);
    await reporter.status(failure === undefined ? 'PASSED' : 'FAILED');
  }).catch((error: unknown) => {
    // A console that cannot be written is told by the story's own failure, when it had one.
    if (failure === undefined) failure = asFailure(error);
  });
  await Promise.all(progress.removals);
  if (defect !== undefined) throw defect;
  return outcomeOf(progress, failure);
}

/** Runs `work`; answers the failure that ended it. The signal's own reason wins over what its abort made of the work. */
async function endedBy(signal: AbortSignal, work: () => Promise<void>): Promise<RunFailure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (signal.aborted && signal.reason instanceof RunFailure) return signal.reason;
    return asFailure(error);
  }
}

/** @throws the error itself when it is no failure that was foreseen */
function asFailure(error: unknown): RunFailure {
  if (error instanceof RunFailure) return error;
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return new RunFailure(
      'setup',
      'The disk is full: nothing more can be written to the workspace. Free some space, and run again.',
      {
        environment: 'disk',
        cause: error,
      },
    );
  }
  throw error;
}

/** setTimeout's longest wait; a timeout beyond 24 days is none. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The clock of SPEC 4.2: its signal aborts when the time is up, and whenever `stop` does. A timeout of 0 is none. */
function startClock(minutes: number, limits: Limits, stop: AbortSignal): { signal: AbortSignal; stop: () => void } {
  const late = new AbortController();
  const wait = minutes * limits.minute;
  const timer =
    wait > 0 && wait <= LONGEST_TIMER
      ? setTimeout(
          () => late.abort(new RunFailure('timeout', `It took longer than its timeout of ${minutes} minute(s).`)),
          wait,
        )
      : undefined;
  return { signal: AbortSignal.any([stop, late.signal]), stop: () => clearTimeout(timer) };
}

function throwUnlessPassed(exit: ContainerExit, memoryBytes: number | undefined): void {
  if (exit.exitCode === 0) return;
  const limit = memoryBytes === undefined ? '' : ` of ${memoryBytes} bytes`;
  let message = `The script exited with status ${exit.exitCode}.`;
  if (exit.error !== undefined) message = `The script could not be started (status ${exit.exitCode}): ${exit.error}`;
  else if (exit.oomKilled) message = `The script was killed: out of memory (OOM), more than its limit${limit}.`;
  else if (exit.exitCode > 128 && exit.exitCode < 160) {
    message = `The script exited with status ${exit.exitCode}: killed by signal ${exit.exitCode - 128}.`;
  }
  throw new RunFailure('script', message);
}

function outcomeOf(progress: Progress, failure: RunFailure | undefined): RunOutcome {
  const { image, exit, tests, artifacts, warnings } = progress;
  const common = {
    ...(image === undefined ? {} : { image }),
    ...(exit === undefined ? {} : { exitCode: exit.exitCode }),
    tests,
    artifacts,
    warnings,
  };
  if (failure === undefined) return { status: 'PASSED', ...common };
  const { reason: cause, message, environment } = failure;
  return { status: 'FAILED', cause, message, ...(environment === undefined ? {} : { environment }), ...common };
}
