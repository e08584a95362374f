/** What git knows of the folder that `init` is for. */
import { RunFailure } from '../../../executor/ports.js';
import { GitError } from '../../../git/git.js';
import { withoutCredentials } from '../../../git/guard.js';
import {
  chosenRemote,
  currentBranch,
  type RepositoryPaths,
  readUser,
  repositoryPaths,
} from '../../../git/repository-info.js';
import { pollableUrl, type Source } from './first-definition.js';

/** Where the definition belongs, and what it is to poll; outside of a repository, or without git, the folder itself. */
export async function repositoryAt(folder: string): Promise<{ root: string; source: Source }> {
  const signal = new AbortController().signal;
  const paths = await repositoryPaths(folder, signal).catch((error: unknown) => {
    if (error instanceof RunFailure) return undefined;
    throw error;
  });
  if (paths === undefined) return { root: folder, source: { url: undefined, branch: 'main' } };
  const remote = await chosenRemote(paths, signal);
  const url = remote && pollableUrl(withoutCredentials(remote.url));
  return { root: paths.toplevel, source: { url, branch: await mainBranch(paths, remote?.name, signal) } };
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
