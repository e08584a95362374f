/** Starts the process of a run: one that this one's end does not end. */
import { spawn } from 'node:child_process';
import type { RunOneOptions } from './run-state.js';

/** How this program is started: the interpreter, its options, the script. */
export type Self = readonly [string, ...string[]];

export const thisProgram = (): Self => [process.execPath, ...process.execArgv, process.argv[1] ?? ''];

export interface Started {
  pid: number | undefined;
  /** Its exit status, or the signal that ended it. */
  ended: Promise<number | string>;
}

/** @param flags of the `worker` commands, for it to have the same */
export function startRunProcess(
  self: Self,
  folder: string,
  options: RunOneOptions,
  flags: readonly string[] = [],
): Started {
  const [program, ...args] = self;
  const why = [...(options.afterReboot ? ['--after-reboot'] : []), ...(options.givenUp ? ['--give-up'] : [])];
  // A session of its own: what is sent to our process group, or comes of our terminal, is not for it.
  const child = spawn(program, [...args, 'worker', 'run-one', folder, ...why, ...flags], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 2, 2],
  });
  child.unref();
  const ended = new Promise<number | string>((resolve) => {
    child
      .on('error', (error) => resolve(error.message))
      .on('exit', (status, signal) => resolve(status ?? signal ?? ''));
  });
  return { pid: child.pid, ended };
}
