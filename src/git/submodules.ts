/**
 * Submodules from the user's own disk: a commit of a submodule that was made here is not
 * on its server yet. Where the user's checkout has the commit, the clone gets that
 * repository beforehand, at the place where `git submodule update` looks before it fetches.
 */
import { dirname, join } from 'node:path';
import { GitError, readGit } from './git.js';
import { replicate } from './replica.js';
import { currentBranch, type RepositoryPaths, readUser, repositoryPaths } from './repository-info.js';

export interface Superproject {
  /** The clone's git folder; nothing need be checked out yet. */
  gitDir: string;
  /** The user's own. */
  source: RepositoryPaths;
  /** Environment of the run. */
  env: Record<string, string>;
  signal: AbortSignal;
}

interface Submodule {
  path: string;
  name: string;
  sha: string;
}

/**
 * Fills `modules/<name>` of the clone's git folder for every submodule the user has, nested ones too.
 *
 * @param tree the commit that will be checked out in the clone
 * @returns whether there are submodules at all, from here or from a server
 */
export async function offerSubmodules(superproject: Superproject, tree: string): Promise<boolean> {
  const links = await linksOf(superproject, tree);
  if (links.size === 0) return false;
  for (const submodule of await configured(superproject, tree, links)) await offer(superproject, submodule);
  return true;
}

async function offer(superproject: Superproject, { path, name, sha }: Submodule): Promise<void> {
  const { signal, env } = superproject;
  const source = await ownCheckout(join(superproject.source.toplevel, path), signal);
  if (!source || !(await hasCommit(source, sha, signal))) return;
  const gitDir = join(superproject.gitDir, 'modules', name);
  // Somewhere a server must have the commit, or git would go and look for it.
  const branch = (await currentBranch(source)) ?? `detached-${sha.slice(0, 12)}`;
  await replicate({ source, objects: [], tip: { sha, branch }, url: undefined, gitDir, env, signal });
  await offerSubmodules({ gitDir, source, env, signal }, sha);
}

/** Path to SHA of every submodule of a commit. */
async function linksOf({ gitDir, env, signal }: Superproject, tree: string): Promise<Map<string, string>> {
  const args = ['ls-tree', '-r', '-z', '--full-tree', tree];
  const output = await readGit({ args, cwd: dirname(gitDir), env: { ...env, GIT_DIR: gitDir }, signal });
  const links = new Map<string, string>();
  for (const line of output.toString().split('\0')) {
    const match = /^160000 commit ([0-9a-f]+)\t([\s\S]+)$/.exec(line);
    if (match?.[1] && match[2]) links.set(match[2], match[1]);
  }
  return links;
}

/** Those that `.gitmodules` names. The names become folders, so git's own rule for them is kept. */
async function configured(
  { gitDir, env, signal }: Superproject,
  tree: string,
  links: Map<string, string>,
): Promise<Submodule[]> {
  const args = ['config', '-z', '--blob', `${tree}:.gitmodules`, '--get-regexp', '^submodule\\..*\\.path$'];
  const call = { args, cwd: dirname(gitDir), env: { ...env, GIT_DIR: gitDir }, signal };
  const output = await readGit(call).catch((error) => {
    if (error instanceof GitError) return Buffer.alloc(0);
    throw error;
  });
  return output
    .toString()
    .split('\0')
    .flatMap((entry) => {
      const match = /^submodule\.([\s\S]+)\.path\n([\s\S]+)$/.exec(entry);
      const [, name, path] = match ?? [];
      const sha = path === undefined ? undefined : links.get(path);
      const isSafe = name !== undefined && !name.split(/[/\\]/).includes('..') && !name.startsWith('-');
      return isSafe && path !== undefined && sha !== undefined ? [{ name, path, sha }] : [];
    });
}

/** The user's checkout of a submodule; undefined where it was never initialised, and git would find the parent instead. */
async function ownCheckout(toplevel: string, signal: AbortSignal): Promise<RepositoryPaths | undefined> {
  try {
    const paths = await repositoryPaths(toplevel, signal);
    return paths?.toplevel === toplevel ? paths : undefined;
  } catch (error) {
    signal.throwIfAborted();
    // No such folder: a sparse checkout, or a submodule that was deleted.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function hasCommit(source: RepositoryPaths, sha: string, signal: AbortSignal): Promise<boolean> {
  return readUser(source, ['cat-file', '-e', `${sha}^{commit}`], signal).then(
    () => true,
    (error) => {
      if (error instanceof GitError) return false;
      throw error;
    },
  );
}
