/** How a run continues in a new process, or why it does not: the checkpoint that the story starts from. */
import type { DockerEngine } from '../../docker/index.js';
import { type Checkpoint, RUN_LABEL, RunFailure, recordOf } from '../../executor/index.js';
import { checkRunDefinition } from '../../schema/index.js';
import { ServerFailure } from '../../server/index.js';
import type { RunOneOptions } from '../runs.js';
import type { RunServer } from './run-server.js';

const lost = (message: string) => recordOf(new RunFailure('lost', message));

const REBOOTED = lost(
  'The machine of this worker went down while the run was in progress, and the run had not requested that.',
);
const GIVEN_UP = lost('The processes that execute this run died too often; no other is started.');

/** @param why.rebooted the machine has booted since the run was last in progress */
export function knownBefore(
  known: Checkpoint,
  rundef: Record<string, unknown>,
  why: Pick<RunOneOptions, 'afterReboot' | 'givenUp'> & { rebooted: boolean },
): Checkpoint {
  // A run whose state holds a reboot has requested it.
  const afterReboot = why.afterReboot || (why.rebooted && known.reboot === undefined);
  if (afterReboot || why.givenUp) return stopped(known, { afterReboot });
  // The reference worker keeps the script that runs after a reboot in the rundef.
  const script = rundef['reboot-script'];
  return typeof script === 'string' && known.script === undefined ? { ...known, script } : known;
}

/**
 * The checkpoint of a run that does not continue: its script has not passed, and what it left may be incomplete,
 * but is kept. An earlier verdict stands.
 */
function stopped(known: Checkpoint, why: { afterReboot: boolean }): Checkpoint {
  const { verdict, container, script } = known;
  if (verdict !== undefined) return known;
  if (!why.afterReboot) return { ...known, verdict: GIVEN_UP };
  if (container === undefined && script === undefined) return { ...known, verdict: REBOOTED };
  return { ...known, scripts: REBOOTED, upload: undefined };
}

/** Makes the failure the verdict, unless there is one. */
export function refusedBy(known: Checkpoint, failure: RunFailure | undefined): Checkpoint {
  return failure === undefined || known.verdict !== undefined ? known : { ...known, verdict: recordOf(failure) };
}

/** Why a rundef is not executed. */
export function refusalOf(rundef: Record<string, unknown>): RunFailure | undefined {
  const [problem, ...more] = checkRunDefinition(rundef);
  if (problem === undefined) return undefined;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return new RunFailure('setup', `The run definition cannot be executed: ${problem}${others}.`);
}

/** Whether the container of the checkpoint is still needed: nobody has noted how it ended. */
export function isContinued({ scripts, verdict, exit, reboot }: Checkpoint): boolean {
  return [scripts, verdict, exit, reboot].every((step) => step === undefined);
}

const OLD_STATE = "the worker's folder was put back to an earlier state";

/** @returns a failure when the run's script was started in a container that the checkpoint does not mention */
export async function forgottenContainer(engine: DockerEngine, known: Checkpoint): Promise<RunFailure | undefined> {
  const steps = [known.container, known.script, known.exit, known.reboot, known.scripts, known.verdict];
  if (steps.some((step) => step !== undefined)) return undefined;
  const found = (await engine.listOwn()).find(({ labels, started }) => started && labels[RUN_LABEL] !== undefined);
  if (found === undefined) return undefined;
  const message = `The script of this run was started before, in the container ${found.id.slice(0, 12)}, but the run's state does not mention that: ${OLD_STATE}. The script is not started a second time.`;
  return new RunFailure('lost', message);
}

/** The part of the server's console that holds its first lines, bytes. */
const BEGINNING_BYTES = 64 * 1024;

/**
 * For a run whose state is empty: a failure when the server's console shows that this worker has begun it
 * before. A server that does not show the console is no reason against the run.
 *
 * @param heading the line that a worker writes when it begins a run
 */
export async function wasBegunBefore(server: RunServer, heading: string): Promise<RunFailure | undefined> {
  const { bytes } = await server.readConsole(0, BEGINNING_BYTES, Buffer.alloc(0)).catch((error: unknown) => {
    if (!(error instanceof ServerFailure)) throw error;
    return { bytes: Buffer.alloc(0) };
  });
  const text = bytes.toString();
  // The server writes this line each time it hands the run out.
  const since = text.slice(Math.max(0, text.lastIndexOf('# Run sent to worker: ')));
  if (!since.includes(heading)) return undefined;
  const message = `This worker has begun the run before, but the run's state does not mention that: ${OLD_STATE}. The script may have been executed, and is not started a second time.`;
  return new RunFailure('lost', message);
}
