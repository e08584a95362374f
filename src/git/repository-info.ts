/** What a folder's repository is: where it lies, and what GIT_URL, GIT_REF, GIT_SHA and GIT_OLD_SHA are made of. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { RunFailure } from '../executor/ports.js';
import { userEnvironment } from './environment.js';
import { GitError, readGit } from './git.js';
import { withoutCredentials } from './guard.js';

/** Absolute paths of a repository that has a working tree. */
export interface RepositoryPaths {
  toplevel: string;
  /** Of this working tree: its HEAD and index. A linked worktree has one of its own. */
  gitDir: string;
  /** Of all its working trees: objects, references, configuration. */
  commonDir: string;
  objectFormat: 'sha1' | 'sha256';
}

export interface RepositoryInfo {
  toplevel: string;
  /** Of `origin`, or else of the branch's remote, or the only one; without password. */
  remoteUrl?: string;
  /** undefined with a detached HEAD. */
  branch?: string;
  /** undefined before the first commit, as is `parentSha` before the second. */
  headSha?: string;
  parentSha?: string;
}

/**
 * Where the repository around `folder` lies; undefined when there is none, or it is bare.
 *
 * @throws RunFailure when git is not installed, or will not touch a repository of somebody else's
 */
export async function repositoryPaths(folder: string, signal: AbortSignal): Promise<RepositoryPaths | undefined> {
  const query = ['--is-inside-work-tree', '--show-object-format', '--git-dir', '--git-common-dir', '--show-toplevel'];
  try {
    const output = await readGit({ args: ['rev-parse', ...query], cwd: folder, env: userEnvironment(), signal });
    const [inside, format, gitDir = '', commonDir = '', ...rest] = output.toString().replace(/\n$/, '').split('\n');
    if (inside !== 'true') return undefined;
    return {
      // Last, since it may have line breaks in its name.
      toplevel: rest.join('\n'),
      gitDir: resolve(folder, gitDir),
      commonDir: resolve(folder, commonDir),
      objectFormat: format === 'sha256' ? 'sha256' : 'sha1',
    };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    if (!/dubious ownership/.test(error.output)) return undefined;
    const message = `git does not open the repository at ${folder}: it belongs to another user. If you trust it, run \`git config --global --add safe.directory <its folder>\`.`;
    throw new RunFailure('setup', message, { environment: 'git', cause: error });
  }
}

/** undefined when `folder` is in no repository. Throws as `repositoryPaths`. */
export async function repositoryInfo(folder: string, signal: AbortSignal): Promise<RepositoryInfo | undefined> {
  const paths = await repositoryPaths(folder, signal);
  if (!paths) return undefined;
  const [head, branch, remote] = await Promise.all([
    commitAndParent(paths, signal),
    currentBranch(paths),
    chosenRemote(paths, signal),
  ]);
  return {
    toplevel: paths.toplevel,
    ...(remote?.url === undefined ? {} : { remoteUrl: withoutCredentials(remote.url) }),
    ...(branch === undefined ? {} : { branch }),
    ...head,
  };
}

async function commitAndParent(
  paths: RepositoryPaths,
  signal: AbortSignal,
): Promise<{ headSha?: string; parentSha?: string }> {
  const args = ['rev-list', '--parents', '--max-count=1', 'HEAD', '--'];
  const output = await readUser(paths, args, signal).catch(emptyUnlessAborted(signal));
  const [headSha, parentSha] = output.trim().split(' ');
  return { ...(headSha ? { headSha } : {}), ...(parentSha ? { parentSha } : {}) };
}

/** The branch that HEAD is on, be it without a commit yet. */
export async function currentBranch({ gitDir }: RepositoryPaths): Promise<string | undefined> {
  const head = await readFile(join(gitDir, 'HEAD'), 'utf8');
  return /^ref: refs\/heads\/(.+)\n?$/.exec(head)?.[1];
}

/** The remote whose branches a push would be seen among. `url` is as it was typed, credentials and all. */
export async function chosenRemote(
  paths: RepositoryPaths,
  signal: AbortSignal,
): Promise<{ name: string; url: string } | undefined> {
  const args = ['config', '-z', '--get-regexp', '^(remote\\..*\\.url|branch\\..*\\.remote)$'];
  const output = await readUser(paths, args, signal).catch(emptyUnlessAborted(signal));
  const settings = new Map<string, string>();
  for (const entry of output.split('\0').filter(Boolean)) {
    const end = entry.indexOf('\n');
    const key = entry.slice(0, end);
    // Of several addresses of a remote git fetches from the first.
    if (end > 0 && !settings.has(key)) settings.set(key, entry.slice(end + 1));
  }
  const remotes = [...settings.keys()].flatMap((key) => /^remote\.(.+)\.url$/.exec(key)?.[1] ?? []);
  const branch = await currentBranch(paths);
  const candidates = ['origin', settings.get(`branch.${branch}.remote`), ...(remotes.length === 1 ? remotes : [])];
  const name = candidates.find((candidate) => candidate !== undefined && remotes.includes(candidate));
  const url = name === undefined ? undefined : settings.get(`remote.${name}.url`);
  return name === undefined || url === undefined ? undefined : { name, url };
}

/** stdout of a command that only reads the user's repository. */
export async function readUser(paths: RepositoryPaths, args: string[], signal: AbortSignal): Promise<string> {
  return (await readGit({ args, cwd: paths.toplevel, env: userEnvironment(), signal })).toString();
}

/** "Nothing there" is a failure in git's eyes. */
function emptyUnlessAborted(signal: AbortSignal): (error: unknown) => string {
  return (error) => {
    signal.throwIfAborted();
    if (error instanceof GitError) return '';
    throw error;
  };
}
