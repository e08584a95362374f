/** From what was thrown, or how a container ended, to the failure that a run ends with. */
import { EnvironmentError, machineFault } from '../lib/errors.js';
import { type ContainerExit, RunFailure } from './ports.js';

/** Runs `work`; answers the failure that ended it. The signal's own reason wins over what its abort made of the work. */
export async function endedBy(signal: AbortSignal, work: () => Promise<void>): Promise<RunFailure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (signal.aborted && signal.reason instanceof RunFailure) return signal.reason;
    return asFailure(error);
  }
}

/** @throws the error itself when it is no failure that was foreseen */
export function asFailure(error: unknown): RunFailure {
  if (error instanceof RunFailure) return error;
  const fault = error instanceof EnvironmentError ? error.message : machineFault(error);
  if (fault === undefined) throw error;
  return new RunFailure('setup', fault, { environment: 'disk', cause: error });
}

const KILLED = 128 + 9;

/** @throws RunFailure(script) unless the script exited with 0 */
export function throwUnlessPassed(exit: ContainerExit, memoryBytes: number | undefined): void {
  if (exit.exitCode === 0) return;
  const limit = memoryBytes === undefined ? '' : ` of ${memoryBytes} bytes`;
  const its = memoryBytes === undefined ? '' : `; its limit is ${memoryBytes} bytes`;
  let message = `The script exited with status ${exit.exitCode}.`;
  if (exit.error !== undefined) {
    message = `The script could not be started (status ${exit.exitCode}): ${exit.error}${hintFor(exit.error)}`;
  } else if (exit.oomKilled) message = `The script was killed: out of memory (OOM), more than its limit${limit}.`;
  else if (exit.exitCode > 128 && exit.exitCode < 160) {
    // An engine does not notice every time why the kernel has killed something.
    const why = exit.exitCode === KILLED ? `, as the kernel does to what is out of memory (OOM)${its}` : '';
    message = `The script exited with status ${exit.exitCode}: killed by signal ${exit.exitCode - 128}${why}.`;
  }
  throw new RunFailure('script', message);
}

/** What is behind the engine's words, as a rule. */
function hintFor(error: string): string {
  if (/permission denied/i.test(error)) {
    return ' Is the file executable? A script of a script-repo needs it in git: git update-index --chmod=+x PATH.';
  }
  if (/no such file or directory|executable file not found/i.test(error)) {
    return ' The interpreter of its first line has to be in the image, which an image made FROM scratch does not have; line ends as on Windows (CRLF) make another name of it.';
  }
  return '';
}
