/** Phase 4: the script in its container, its console streaming out as it is written. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../lib/index.js';
import type { StreamPosition } from './checkpoint.js';
import type { Limits } from './clock.js';
import type { ConsoleLog } from './console-log.js';
import type { Container, ContainerExit } from './ports.js';
import type { Workspace } from './workspace.js';

/**
 * Starts the container, waits for its end and for the last byte of its console. When the
 * signal aborts, the container is killed, what it had written is still taken, and the
 * signal's reason is thrown once the container is gone. One that ended by itself is left for
 * the caller to dispose of, who first makes a note of how it ended.
 *
 * @param from for a container that an earlier process made: how much of its console that one took
 */
export async function runScript(
  container: Container,
  from: StreamPosition | undefined,
  workspace: Workspace,
  log: ConsoleLog,
  limits: Limits,
  signal: AbortSignal,
): Promise<ContainerExit> {
  const silence = watchSilence(container, workspace, log, limits);
  const { id } = container;
  let ended = false;
  try {
    signal.throwIfAborted();
    await container.start((chunk, { stdout, stderr }) => {
      silence.heard();
      return log.write(chunk, { container: id, stdout, stderr });
    }, from);
    const exit = await untilAborted(container, limits, signal);
    ended = true;
    return exit;
  } finally {
    await silence.stop();
    if (!ended) await container.dispose();
  }
}

async function untilAborted(container: Container, limits: Limits, signal: AbortSignal): Promise<ContainerExit> {
  const exit = container.wait();
  let onAbort = () => {};
  const aborted = new Promise<'aborted'>((resolve) => {
    onAbort = () => resolve('aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    const first = await Promise.race([exit, aborted]);
    if (first !== 'aborted') return first;
    await container.kill();
    // A sink that no longer takes anything must not hold up the end of a run that is over.
    await Promise.race([exit.catch(() => {}), sleep(limits.drain, undefined, { ref: false })]);
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', onAbort);
    exit.catch(() => {});
  }
}

/** What can be learned from inside of a script that hangs; `top` of busybox and of procps alike. */
const DIAGNOSIS = ['/bin/sh', '-c', "echo '# ps'; ps -e || ps; echo; echo '# top'; top -b -n1"];

interface SilenceWatch {
  heard(): void;
  stop(): Promise<void>;
}

/** Looks inside a container that has written nothing for `limits.hungAfter`; the run continues. */
function watchSilence(container: Container, workspace: Workspace, log: ConsoleLog, limits: Limits): SilenceWatch {
  let last = monotonicMs();
  let busy: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  // One timer that looks at the clock, not one re-armed for every chunk of a noisy script.
  const arm = (wait: number) => {
    timer = setTimeout(() => {
      const left = last + limits.hungAfter - monotonicMs();
      if (left > 0) return arm(left);
      last = monotonicMs();
      busy = diagnose(container, workspace, log, limits);
      arm(limits.hungAfter);
    }, wait);
    timer.unref();
  };
  arm(limits.hungAfter);
  return {
    heard: () => {
      last = monotonicMs();
    },
    stop: () => {
      clearTimeout(timer);
      return busy;
    },
  };
}

async function diagnose(container: Container, workspace: Workspace, log: ConsoleLog, limits: Limits): Promise<void> {
  const name = `hung-${Date.now() / 1000}.txt`;
  try {
    await log.info(`No output for ${limits.hungAfter / 1000} s: the processes of the container are listed in ${name}`);
    const found = await container.exec(DIAGNOSIS, limits.diagnosis).catch((error: Error) => Buffer.from(error.message));
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
    const file = await open(join(workspace.archive, name), flags, 0o644);
    await file.writeFile(found).finally(() => file.close());
  } catch (error) {
    await log.warn(`${name} could not be written: ${(error as Error).message}`).catch(() => {});
  }
}
