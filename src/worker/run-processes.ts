/** The processes of runs that this process has started: none is started twice while it lives. */
import type { WorkerLog } from './log.js';
import type { RunOneOptions } from './run-state.js';
import type { Self } from './start-run.js';
import { startRunProcess } from './start-run.js';

export interface RunProcesses {
  /** Does not wait for its end. */
  start(folder: string, why: RunOneOptions): void;
  /** Folders whose process lives, of those started here. */
  readonly running: ReadonlySet<string>;
  /** Aborts when the next of them ends well; one that died is not to be started again in a hurry. */
  ends(): AbortSignal;
}

/** @param flags that every `worker` command takes, for the process to have the same */
export function runProcesses(self: Self, log: WorkerLog, flags: readonly string[] = []): RunProcesses {
  const running = new Set<string>();
  let next = new AbortController();
  return {
    running,
    ends: () => next.signal,
    start: (folder, why) => {
      const { pid, ended } = startRunProcess(self, folder, why, flags);
      running.add(folder);
      log.debug('The process of a run has been started', { folder, pid });
      ended.then((end) => {
        running.delete(folder);
        if (end !== 0) return log.warning('The process of a run has ended before its time', { folder, pid, end });
        log.debug('The process of a run has ended', { folder, pid });
        next.abort();
        next = new AbortController();
      });
    },
  };
}
