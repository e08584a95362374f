/** The processes of runs that this process has started: none is started twice while it lives. */
import { type ProcessEnd, startIndependent } from '../lib/index.js';
import type { WorkerLog } from './log.js';
import type { RunOneOptions } from './runs.js';

/** How this program is started: the interpreter, its options, the script. */
export type Self = readonly [string, ...string[]];

export const thisProgram = (): Self => [process.execPath, ...process.execArgv, process.argv[1] ?? ''];

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
      const { pid, ended } = startIndependent([...self, 'worker', 'run-one', folder, ...flagsOf(why), ...flags], 2, {
        cwd: '/',
      });
      running.add(folder);
      log.debug('The process of a run has been started', { folder, pid });
      ended
        .then(endedWell, ({ message }: Error) => `it ${message}`)
        .then((end) => {
          running.delete(folder);
          if (end !== true) return log.warning('The process of a run has ended before its time', { folder, pid, end });
          log.debug('The process of a run has ended', { folder, pid });
          next.abort();
          next = new AbortController();
        });
    },
  };
}

const flagsOf = (why: RunOneOptions) => [
  ...(why.afterReboot ? ['--after-reboot'] : []),
  ...(why.givenUp ? ['--give-up'] : []),
];

const endedWell = ({ status, signal }: ProcessEnd) => (status === 0 ? true : (signal ?? status));
