/** `git clone` of an address, and the tries that a worker makes. */
import { rm } from 'node:fs/promises';
import type { Log, RepositoryRequest } from '../executor/index.js';
import { retry } from '../lib/index.js';
import { FROM_THIS_HOST, runEnvironment } from './environment.js';
import { gitFailure } from './failure.js';
import { GitError, streamGit } from './git.js';
import { isHostFolder, withoutCredentials } from './guard.js';

/** Milliseconds before the second, third and fourth try. */
export const RETRY_WAITS: readonly number[] = [1000, 2000, 3000];

type CloneRequest = Pick<RepositoryRequest, 'directory' | 'home' | 'log' | 'signal'>;

/**
 * `git clone`, four times if need be, each into a folder that is not there.
 *
 * @param url that `checkUrl` has accepted
 * @param options before the command: `-c` and its value
 */
export async function clone(
  url: string,
  request: CloneRequest,
  waits: readonly number[],
  options: string[] = [],
): Promise<void> {
  const { directory, home, log, signal } = request;
  const env = { ...runEnvironment(home), ...(isHostFolder(url) ? FROM_THIS_HOST : {}) };
  const removePartial = () => rm(directory, { recursive: true, force: true });
  // Git's protocol for a repository of this host too: no hard link to its files, and none of its own links is followed.
  const args = [...options, 'clone', '--no-local', '--', url, directory];
  try {
    await retryGit(
      async () => {
        await removePartial();
        await streamGit({ args, cwd: home, env, signal }, log);
      },
      { waits, log, signal },
    );
  } catch (error) {
    await removePartial();
    throw gitFailure(`Could not clone ${withoutCredentials(url)}`, error);
  }
}

/** Tries again while git fails, as a worker does: a restart of the server must not fail a run. */
export function retryGit(
  attempt: () => Promise<void>,
  { waits, log, signal }: { waits: readonly number[]; log: Log; signal: AbortSignal },
): Promise<void> {
  return retry(attempt, {
    waits,
    signal,
    passing: (error) => error instanceof GitError,
    before: (_, wait) => log.warn(`git failed; trying again in ${wait / 1000} s`),
  });
}
