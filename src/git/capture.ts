/**
 * A working tree as one commit: HEAD, and what was changed, staged or added since, without
 * the ignored files. Nothing in the user's repository is written: git works on a git folder
 * of ours that borrows theirs (like a linked worktree that nobody registered), with a copy
 * of the index, and writes its objects elsewhere.
 */
import { copyFile, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RunFailure } from '../executor/ports.js';
import { userEnvironment } from './environment.js';
import { gitFailure } from './failure.js';
import { GitError, readGit } from './git.js';
import { currentBranch, type RepositoryPaths, repositoryPaths } from './repository-info.js';

export interface CaptureRequest {
  /** Any folder of the working tree. */
  repository: string;
  /** A folder of the caller's, which need not exist yet; kept until the last run has its copy, then removed by the caller. */
  scratch: string;
  signal: AbortSignal;
}

/** One commit, which any number of runs can be given (`workingTreeSource`). */
export interface Snapshot {
  paths: RepositoryPaths;
  /** Holds the objects that the user's repository does not have. */
  scratch: string;
  /** HEAD's own when nothing differs from it. */
  sha: string;
  /** HEAD; undefined before the first commit. */
  baseSha?: string;
  /** undefined with a detached HEAD. */
  branch?: string;
  /** How many files differ from HEAD, untracked ones included. */
  dirty: number;
  /** Sentences about what a worker would have seen otherwise, or not at all. */
  notes: string[];
}

/** Who a commit is by that nobody made: the user's name stands under what they commit themselves. */
const IDENTITY = { NAME: 'jobserv', EMAIL: 'jobserv@localhost' };

/** @throws RunFailure('setup') for no repository, unmerged files, files that cannot be read; the signal's reason */
export async function captureWorkingTree(request: CaptureRequest): Promise<Snapshot> {
  const { repository, scratch, signal } = request;
  const paths = await repositoryPaths(repository, signal);
  if (!paths) {
    throw new RunFailure('setup', `${repository} is in no git repository, so there is no working tree to run with.`);
  }
  try {
    const git = await borrow(paths, scratch, signal);
    const notes = await stage(git, paths);
    if (await exists(join(paths.commonDir, 'shallow'))) {
      notes.push('The repository is a shallow clone: the run sees no older history, a worker would.');
    }
    return { paths, scratch, notes, ...(await commit(git, paths)) };
  } catch (error) {
    throw gitFailure(`Could not take the working tree at ${paths.toplevel}`, error);
  }
}

type Git = (args: string[], options?: { input?: string | Buffer; env?: Record<string, string> }) => Promise<Buffer>;

/** git with the user's working tree and configuration, and a git folder, index and object folder of our own. */
async function borrow(paths: RepositoryPaths, scratch: string, signal: AbortSignal): Promise<Git> {
  const view = join(scratch, 'view');
  const objects = join(scratch, 'objects');
  await mkdir(join(view, 'info'), { recursive: true });
  await mkdir(objects, { recursive: true });
  const names = await readdir(paths.gitDir);
  const own = names.filter((name) => /^(HEAD|index|config\.worktree|sharedindex\.[0-9a-f]+)$/.test(name));
  for (const name of [...own, 'info/sparse-checkout']) await copyIfThere(join(paths.gitDir, name), join(view, name));
  await writeFile(join(view, 'commondir'), `${paths.commonDir}\n`);

  const environment = {
    ...userEnvironment(),
    GIT_DIR: view,
    GIT_WORK_TREE: paths.toplevel,
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(join(paths.commonDir, 'objects')),
  };
  const settings = {
    'core.hooksPath': '/dev/null',
    'core.fsmonitor': 'false',
    'core.safecrlf': 'false',
    // A submodule's uncommitted files are no part of its parent's commit; asking each of them takes long.
    'diff.ignoreSubmodules': 'dirty',
    // LFS keeps a copy of every large file that it cleans: not in the user's repository.
    'lfs.storage': join(scratch, 'lfs'),
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  return (args, { input, env } = {}) =>
    readGit({
      args: [...options, ...args],
      cwd: paths.toplevel,
      env: { ...environment, ...env },
      signal,
      ...(input === undefined ? {} : { input }),
    });
}

/** Brings our index up to the working tree; answers what could not be taken along. */
async function stage(git: Git, { toplevel }: RepositoryPaths): Promise<string[]> {
  const [unmerged, others] = await Promise.all([
    git(['ls-files', '-z', '--unmerged']).then(list),
    git(['ls-files', '-z', '--others', '--exclude-standard']).then(list),
  ]);
  if (unmerged.length > 0) {
    const files = [...new Set(unmerged.map((line) => shown(line.slice(line.indexOf('\t') + 1))))];
    const message = `The working tree at ${toplevel} has unmerged files (${files.slice(0, 5).join(', ')}), so there is nothing that could be pushed. Resolve the conflicts first.`;
    throw new RunFailure('setup', message);
  }
  await git(['add', '--update']);
  const files = others.filter((path) => !path.endsWith('/'));
  if (files.length > 0) {
    const input = Buffer.from(files.map((path) => `${path}\0`).join(''), 'latin1');
    await git(['update-index', '--add', '--replace', '--remove', '-z', '--stdin'], { input });
  }

  const nested = others.filter((path) => path.endsWith('/'));
  const notes = nested.map((path) => `${shown(path)} is a repository of its own, not a submodule: it is left out.`);
  if (!(await exists(join(toplevel, '.gitmodules')))) return notes;
  const dirty = list(await git(['diff-files', '--name-only', '-z', '--ignore-submodules=none']));
  return [...notes, ...dirty.map((path) => `The submodule ${shown(path)} has uncommitted changes: they are left out.`)];
}

async function commit(
  git: Git,
  paths: RepositoryPaths,
): Promise<Pick<Snapshot, 'sha' | 'baseSha' | 'branch' | 'dirty'>> {
  const branch = await currentBranch(paths);
  const [tree, head] = await Promise.all([
    // Of a partial clone not all objects are here: they were not when HEAD was checked out, either.
    git(['write-tree', '--missing-ok']).then(text),
    git(['rev-parse', '--verify', '--quiet', 'HEAD']).then(text, emptyWhenUnborn),
  ]);
  const differs = head === '' ? ['ls-tree', '-r', tree] : ['diff-tree', '-r', '--no-renames', head, tree];
  const dirty = list(await git([...differs.slice(0, 1), '-z', '--name-only', ...differs.slice(1)])).length;
  const found = { dirty, ...(branch === undefined ? {} : { branch }) };
  if (head !== '' && dirty === 0) return { sha: head, baseSha: head, ...found };

  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(IDENTITY)) {
    env[`GIT_AUTHOR_${key}`] = value;
    env[`GIT_COMMITTER_${key}`] = value;
  }
  const input = `Working tree of ${basename(paths.toplevel)}\n\nUncommitted: made by jobserv for a simulated run.\n`;
  const parents = head === '' ? [] : ['-p', head];
  const sha = text(await git(['commit-tree', ...parents, '-F', '-', tree], { input, env }));
  return { sha, ...(head === '' ? {} : { baseSha: head }), ...found };
}

async function copyIfThere(from: string, to: string): Promise<void> {
  const found = await stat(from).catch(() => undefined);
  if (!found) return;
  await copyFile(from, to);
  // git takes a file for unchanged when it is older than the index: ours must not look newer than theirs.
  const time = Math.floor(found.mtimeMs) / 1000;
  await utimes(to, time, time);
}

/** As `GIT_ALTERNATE_OBJECT_DIRECTORIES` wants a path that may hold the colon that separates paths. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}

function emptyWhenUnborn(error: unknown): string {
  if (error instanceof GitError && error.exitCode === 1) return '';
  throw error;
}

/** A byte a character: a name need not be UTF-8, and must come back as it was. */
function list(output: Buffer): string[] {
  return output.toString('latin1').split('\0').filter(Boolean);
}

function shown(path: string): string {
  return Buffer.from(path, 'latin1').toString();
}

function text(output: Buffer): string {
  return output.toString().trim();
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
