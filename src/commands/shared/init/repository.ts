/** The repository that `init` is for. */
import { GitError } from '../../../git/git.js';
import { withoutCredentials } from '../../../git/guard.js';
import {
  chosenRemote,
  currentBranch,
  type RepositoryPaths,
  readUser,
  repositoryPaths,
} from '../../../git/repository.js';
import { UsageError } from '../../../lib/errors.js';
import { pollableUrl, type SourceForge } from './first-definition.js';

/**
 * Where the definition belongs, and which address and branch it polls.
 *
 * @throws UsageError outside of a repository; RunFailure when git is not installed, or does not open the repository
 */
export async function repositoryAt(folder: string): Promise<{ paths: RepositoryPaths; source: SourceForge }> {
  const signal = new AbortController().signal;
  const paths = await repositoryPaths(folder, signal);
  if (paths === undefined) {
    throw new UsageError(
      `${folder} is in no git repository, and a definition belongs at the top of one. Go to your repository, or make one here with git init.`,
    );
  }
  const remote = await chosenRemote(paths, signal);
  const url = remote && pollableUrl(withoutCredentials(remote.url));
  return { paths, source: { url, branch: await mainBranch(paths, remote?.name, signal) } };
}

/** The remote's default branch, else the one that is checked out. */
async function mainBranch(paths: RepositoryPaths, remote: string | undefined, signal: AbortSignal): Promise<string> {
  const prefix = `refs/remotes/${remote}/`;
  const head =
    remote === undefined ? '' : await readUser(paths, ['symbolic-ref', `${prefix}HEAD`], signal).catch(emptyWhenAbsent);
  if (head.startsWith(prefix)) return head.trim().slice(prefix.length);
  return (await currentBranch(paths)) ?? 'main';
}

function emptyWhenAbsent(error: unknown): string {
  if (error instanceof GitError) return '';
  throw error;
}
