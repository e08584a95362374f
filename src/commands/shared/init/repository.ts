import { appendFile, lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  chosenRemote,
  currentBranch,
  GitError,
  type RepositoryPaths,
  readUser,
  repositoryPaths,
  withoutCredentials,
} from '../../../git/index.js';
import { UsageError } from '../../../lib/index.js';
import { pollableUrl, type SourceForge } from './first-definition.js';

/** The repository that `init` is for. */

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

/** Keeps the file that `simulate` reads secrets from out of commits. */

export const SECRETS_FILE = '.jobserv.secrets';

/** `no`: .gitignore is no file that can be written to. */
export type SecretsIgnored = 'already' | 'added' | 'no';

/** Adds the file to the repository's .gitignore, unless git ignores it already. */
export async function ignoreSecrets(paths: RepositoryPaths): Promise<SecretsIgnored> {
  const ignored = readUser(
    paths,
    ['check-ignore', '--quiet', '--no-index', SECRETS_FILE],
    new AbortController().signal,
  );
  if (await isSuccess(ignored)) return 'already';
  const file = join(paths.toplevel, '.gitignore');
  try {
    const found = await lstat(file).catch(() => undefined);
    // A link could lead to any file of this machine.
    if (found !== undefined && !found.isFile()) return 'no';
    const text = found === undefined ? '' : await readFile(file, 'utf8');
    await appendFile(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${SECRETS_FILE}\n`);
    return 'added';
  } catch {
    // The definition is written all the same: the next steps name what is left to do.
    return 'no';
  }
}

async function isSuccess(command: Promise<string>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (error) {
    if (error instanceof GitError) return false;
    throw error;
  }
}
