/** The clone of a git trigger type's run, step by step what a worker leaves at `/repo`. */
import { rm } from 'node:fs/promises';
import { type RepositoryRequest, RunFailure } from '../executor/ports.js';
import { writeCredentials } from './credential-files.js';
import { runEnvironment, SUBMODULE_PROTOCOLS } from './environment.js';
import { gitFailure } from './failure.js';
import { streamGit } from './git.js';
import { checkRef, checkUrl, withoutCredentials } from './guard.js';
import { hasLfs, setUpLfs } from './lfs.js';
import { retry } from './retry.js';

/** The branch that a run's commit is checked out on. */
const RUN_BRANCH = 'jobserv-run';

/** Clones GIT_URL; with GIT_SHA, checks that out on its branch, and its submodules. Throws as `Source.checkout`. */
export async function checkoutRemote(request: RepositoryRequest, waits: readonly number[]): Promise<void> {
  const { directory, home, env, secrets, log } = request;
  const url = env['GIT_URL'];
  if (url === undefined) {
    throw new RunFailure('setup', 'There is nothing to clone: the run has no GIT_URL. Set it as a parameter.');
  }
  checkUrl(url, 'GIT_URL');
  const sha = env['GIT_SHA'];
  if (sha) checkRef(sha, 'GIT_SHA');

  await writeCredentials({ cloneUrl: url, env, secrets }, request);
  if (await hasLfs()) await setUpLfs({ ...request, env: runEnvironment(home) });
  await log.info(`Cloning ${withoutCredentials(url)}`);
  await clone(url, request, waits);
  if (!sha) return;
  await log.info(`Checking out ${sha}`);
  await checkoutCommit(directory, sha, request);
  await updateSubmodules(directory, request, waits);
}

type CloneRequest = Pick<RepositoryRequest, 'directory' | 'home' | 'log' | 'signal'>;

/**
 * `git clone`, four times if need be, each into a folder that is not there.
 *
 * @param options before the command: `-c` and its value
 */
export async function clone(
  url: string,
  request: CloneRequest,
  waits: readonly number[],
  options: string[] = [],
): Promise<void> {
  const { directory, home, log, signal } = request;
  const removePartial = () => rm(directory, { recursive: true, force: true });
  // A local repository's objects would be hard links otherwise: root in the container could write into them.
  const args = [...options, 'clone', '--no-hardlinks', '--', url, directory];
  try {
    await retry(
      async () => {
        await removePartial();
        await streamGit({ args, cwd: home, env: runEnvironment(home), signal }, log);
      },
      { waits, log, signal },
    );
  } catch (error) {
    await removePartial();
    throw gitFailure(`Could not clone ${withoutCredentials(url)}`, error);
  }
}

/** @param options before the checkout: `-c` and its value */
export async function checkoutCommit(
  directory: string,
  sha: string,
  request: Pick<RepositoryRequest, 'home' | 'log' | 'signal'>,
  options: string[] = [],
): Promise<void> {
  const { home, log, signal } = request;
  const call = { cwd: directory, env: runEnvironment(home), signal };
  try {
    await streamGit({ args: ['branch', '--', RUN_BRANCH, sha], ...call }, log);
    await streamGit({ args: [...options, 'checkout', RUN_BRANCH, '--'], ...call }, log);
  } catch (error) {
    throw gitFailure(`Could not check out ${sha}`, error);
  }
}

/** Every submodule, nested ones too, at the commit that is checked out; four tries. */
export async function updateSubmodules(
  directory: string,
  request: Pick<RepositoryRequest, 'home' | 'log' | 'signal'>,
  waits: readonly number[],
): Promise<void> {
  const { home, log, signal } = request;
  const call = { cwd: directory, env: { ...runEnvironment(home), GIT_ALLOW_PROTOCOL: SUBMODULE_PROTOCOLS }, signal };
  try {
    await streamGit({ args: ['submodule', 'init'], ...call }, log);
    const update = { args: ['submodule', 'update', '--init', '--recursive'], ...call };
    await retry(() => streamGit(update, log), { waits, log, signal });
  } catch (error) {
    throw gitFailure('Could not fetch the submodules', error);
  }
}
