/**
 * The code of a run at `/repo`, step by step what a worker leaves there: of a real run, and of a simulation that wants what
 * was pushed, the clone of GIT_URL; of any other simulation, a clone of the user's working tree as if it had been pushed.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type RepositoryRequest, RunFailure, type Source } from '../executor/index.js';
import type { Snapshot } from './capture.js';
import { clone, RETRY_WAITS, retryGit } from './clone.js';
import { writeCredentials } from './credentials.js';
import { runEnvironment } from './environment.js';
import { gitFailure } from './failure.js';
import { streamGit } from './git.js';
import { checkRef, checkUrl, type HostRepositories, withoutCredentials } from './guard.js';
import { copyLargeFiles, hasLfs, setUpLfs } from './lfs.js';
import { clonePushed } from './pushed.js';
import { cloneScripts } from './script-repository.js';
import { placeSubmodules } from './submodules.js';
import { verifyCheckout } from './verify.js';

export interface SourceOptions {
  /** Milliseconds before each further try; one try more than there are. */
  waits?: readonly number[];
  /** Of this host. */
  repositories?: HostRepositories;
}

export function gitSource({ waits = RETRY_WAITS, repositories }: SourceOptions = {}): Source {
  return {
    checkout: (request) => checkoutRemote(request, waits, repositories),
    checkoutScripts: (request) => cloneScripts(request, waits, repositories),
  };
}

/**
 * Every checkout gets the same commit in a clone of its own. `origin` is the run's GIT_URL, or else the repository's own
 * remote. Script-repos are cloned as always.
 */
export function workingTreeSource(
  snapshot: Snapshot,
  { waits = RETRY_WAITS, repositories }: SourceOptions = {},
): Source {
  return {
    checkout: (request) => checkoutSnapshot(snapshot, request, waits),
    checkoutScripts: (request) => cloneScripts(request, waits, repositories),
  };
}

async function checkoutSnapshot(
  snapshot: Snapshot,
  request: RepositoryRequest,
  waits: readonly number[],
): Promise<void> {
  const { directory, home, log, signal } = request;
  const { paths, scratch, sha, pushed, submodules, hasSubmodules } = snapshot;
  const call = { env: runEnvironment(home), signal };
  const url = request.env['GIT_URL'] || undefined;
  // It is not cloned: the clone only gets it as the name of its origin.
  if (url !== undefined) checkUrl(url, 'GIT_URL', { given: [url] });
  await log.info(`Taking the working tree at ${paths.toplevel}: ${describe(snapshot)}`);
  for (const note of snapshot.notes) await log.warn(note);
  try {
    await clonePushed(pushed, url ?? pushed.url, { directory, log, ...call });
    await placeSubmodules(submodules, join(directory, '.git'), call);
    const lfs = hasLfs();
    // Servers are needed for submodules, large files and what a partial clone lacks, and so are credentials.
    if (hasSubmodules || lfs || pushed.partialFilter !== undefined) {
      await writeCredentials({ ...request, cloneUrl: url ?? '' }, request);
    }
    if (lfs) {
      await setUpLfs({ ...request, ...call });
      await copyLargeFiles(directory, sha, [join(scratch, 'lfs'), join(paths.commonDir, 'lfs')], call);
    }
    await checkoutCommit(directory, sha, request);
    if (hasSubmodules) {
      await updateSubmodules(directory, request, waits);
      // Those that came from the user's disk have the user's addresses; a worker's are relative to GIT_URL.
      const sync = ['submodule', '--quiet', 'sync', '--recursive'];
      await streamGit({ args: sync, cwd: directory, ...call }, log);
    }
    await verifyCheckout(request, hasSubmodules);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw gitFailure('Could not make a clone of the working tree', error);
  }
}

function describe({ sha, dirty, branch }: Snapshot): string {
  const where = branch === undefined ? 'detached HEAD' : `branch ${branch}`;
  const files = dirty === 1 ? '1 uncommitted file' : `${dirty} uncommitted files`;
  return `${where}, ${dirty === 0 ? 'nothing uncommitted' : files}, commit ${sha}`;
}

/** The branch that a run's commit is checked out on. */
const RUN_BRANCH = 'jobserv-run';

/** Clones GIT_URL; with GIT_SHA, checks that out on its branch, and its submodules. Throws as `Source.checkout`. */
async function checkoutRemote(
  request: RepositoryRequest,
  waits: readonly number[],
  repositories: HostRepositories | undefined,
): Promise<void> {
  const { directory, home, env, secrets, log } = request;
  const url = env['GIT_URL'];
  if (url === undefined) {
    throw new RunFailure(
      'setup',
      'There is nothing to clone: the run has no GIT_URL. Set it as a param of the definition, or with -p.',
    );
  }
  checkUrl(url, 'GIT_URL', repositories);
  const sha = env['GIT_SHA'];
  if (sha) checkRef(sha, 'GIT_SHA');

  await writeCredentials({ cloneUrl: url, env, secrets }, request);
  if (hasLfs()) await setUpLfs({ ...request, env: runEnvironment(home) });
  await log.info(`Cloning ${withoutCredentials(url)}`);
  await clone(url, request, waits);
  if (!sha) return verify(request, false);
  await log.info(`Checking out ${sha}`);
  await checkoutCommit(directory, sha, request);
  await updateSubmodules(directory, request, waits);
  await verify(request, true);
}

async function verify(request: RepositoryRequest, hasSubmodules: boolean): Promise<void> {
  try {
    await verifyCheckout(request, hasSubmodules);
  } catch (error) {
    throw gitFailure('Could not check the clone against its commit', error);
  }
}

async function checkoutCommit(
  directory: string,
  sha: string,
  request: Pick<RepositoryRequest, 'home' | 'log' | 'signal'>,
): Promise<void> {
  const { home, log, signal } = request;
  const call = { cwd: directory, env: runEnvironment(home), signal };
  try {
    await streamGit({ args: ['branch', '--', RUN_BRANCH, sha], ...call }, log);
    await streamGit({ args: ['checkout', RUN_BRANCH, '--'], ...call }, log);
  } catch (error) {
    throw gitFailure(`Could not check out ${sha}`, error);
  }
}

/** Every submodule, nested ones too, at the commit that is checked out; four tries. */
async function updateSubmodules(
  directory: string,
  request: Pick<RepositoryRequest, 'home' | 'log' | 'signal'>,
  waits: readonly number[],
): Promise<void> {
  const { home, log, signal } = request;
  const call = { cwd: directory, env: runEnvironment(home), signal };
  try {
    await streamGit({ args: ['submodule', 'init'], ...call }, log);
    const update = { args: ['submodule', 'update', '--init', '--recursive', '--jobs=4'], ...call };
    await retryGit(() => streamGit(update, log), { waits, log, signal });
  } catch (error) {
    throw gitFailure('Could not fetch the submodules', error);
  }
}
