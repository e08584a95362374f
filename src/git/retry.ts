/** Four tries, as a worker makes them: a server that restarts is not worth a failed run. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../executor/ports.js';
import { GitError } from './git.js';

/** Milliseconds before the second, third and fourth try. */
export const RETRY_WAITS: readonly number[] = [1000, 2000, 3000];

/** Repeats `attempt` while git fails; what is no failure of git (no git at all, an abort) ends it at once. */
export async function retry(
  attempt: () => Promise<void>,
  options: { waits: readonly number[]; log: Log; signal: AbortSignal },
): Promise<void> {
  for (const wait of options.waits) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      await options.log.warn(`git failed; trying again in ${wait / 1000} s`);
      await sleep(wait, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
    }
  }
  await attempt();
}
