/**
 * A working tree as one commit: HEAD, and what was changed, staged or added since, without the ignored files. Nothing
 * in the user's repository is written: git works on a git folder of ours (pushed.ts), with a copy of the index, and
 * borrows their objects.
 */
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { RunFailure } from '../executor/index.js';
import { gitFailure } from './failure.js';
import { type GitCall, runGit } from './git.js';
import { checkIgnore } from './ignored.js';
import { hasLfs, lfsNotes } from './lfs.js';
import { foreignFilters, openPushed, type PushedRepository, packPushed } from './pushed.js';
import {
  currentBranch,
  describeRepository,
  type HeadCommit,
  headCommit,
  type RepositoryInfo,
  type RepositoryPaths,
  remoteAmong,
  repositoryPaths,
  type Setting,
  settingsOf,
} from './repository.js';
import { captureSubmodules, type PushedSubmodule } from './submodules.js';

export interface CaptureRequest {
  /** Any folder of the working tree. */
  repository: string;
  /** A folder of the caller's, which need not exist yet; kept until the last run has its copy, then removed by the caller. */
  scratch: string;
  /** Absolute paths of files that are left out, tracked or not: those that secrets were read from. */
  exclude?: readonly string[];
  signal: AbortSignal;
}

/** One commit, which any number of runs can be given (`workingTreeSource`). */
export interface Snapshot {
  paths: RepositoryPaths;
  info: RepositoryInfo;
  scratch: string;
  pushed: PushedRepository;
  submodules: PushedSubmodule[];
  /** Whether the commit has any, from here or from a server. */
  hasSubmodules: boolean;
  /** HEAD's own when nothing differs from it. */
  sha: string;
  /** HEAD; undefined before the first commit. */
  baseSha?: string;
  /** undefined with a detached HEAD. */
  branch?: string;
  /** How many files differ from HEAD, untracked ones included. */
  dirty: number;
  /** Below the top folder, of `exclude`: those that the working tree has. */
  leftOut: string[];
  /** Sentences about what a worker would have seen otherwise, or not at all. */
  notes: string[];
  /** Sentences about what a worker could not get even after a push. */
  unpushed: string[];
}

/** Author of a commit that nobody made: the user's name stands under what they commit themselves. */
const IDENTITY = { NAME: 'jobserv', EMAIL: 'jobserv@localhost' };

/** @throws RunFailure('setup') for no repository, unmerged files, files that cannot be read; the signal's reason */
export async function captureWorkingTree(request: CaptureRequest): Promise<Snapshot> {
  const { repository, scratch, signal } = request;
  const paths = await repositoryPaths(repository, signal);
  if (!paths) {
    throw new RunFailure(
      'setup',
      `${repository} is in no git repository, so there is no working tree to take. Make one with git init, or clone GIT_URL with --source remote.`,
    );
  }
  try {
    const [settings, head, branch, lfs, leftOut] = await Promise.all([
      settingsOf(paths, signal),
      headCommit(paths, signal),
      currentBranch(paths),
      hasLfs(),
      insidePaths(request.exclude ?? [], paths.toplevel),
    ]);
    const pushed = await openPushed(paths, { settings, head: head?.sha, branch, lfs }, scratch);
    const git: Git = (args, { env, ...options } = {}) =>
      runGit({ args, cwd: paths.toplevel, env: { ...pushed.env, ...env }, signal, ...options });
    const changes = await changesOf(git, paths, leftOut);
    const { sha, dirty } = await commit(git, { paths, head, changes, isSparse: isSparse(settings) });
    const tip = { sha, branch };
    const [{ submodules, hasSubmodules, notes, unpushed }, lfsUnpushed] = await Promise.all([
      captureSubmodules({ source: paths, settings, env: pushed.env, sha, folder: scratch, signal }),
      lfs && existsSync(join(paths.commonDir, 'lfs'))
        ? lfsNotes(paths.toplevel, sha, hooksOf(paths, settings), { env: pushed.env, signal })
        : [],
      packPushed(pushed, paths, settings, tip, signal),
    ]);
    return {
      paths,
      info: describeRepository(paths, { head, branch, remote: remoteAmong(settings, branch) }),
      scratch,
      pushed,
      submodules,
      hasSubmodules,
      sha,
      ...(head === undefined ? {} : { baseSha: head.sha }),
      ...(branch === undefined ? {} : { branch }),
      dirty,
      leftOut: changes.leftOut.map(shown),
      notes: [
        ...changes.notes,
        ...repositoryNotes(pushed, settings, dirty),
        ...notes,
        ...(lfs ? [] : await pointerNotes(paths)),
      ],
      unpushed: [...unpushed, ...lfsUnpushed],
    };
  } catch (error) {
    throw gitFailure(
      `Could not take the working tree at ${paths.toplevel}`,
      error,
      `Run \`git fsck\` and \`git status\` in ${paths.toplevel}.`,
    );
  }
}

type Git = (
  args: string[],
  options?: Partial<Pick<GitCall, 'input' | 'env'>>,
) => Promise<{ stdout: Buffer; warnings: string }>;

/** The excluded files below the top folder, relative to it, and what they are when they are links. */
async function insidePaths(files: readonly string[], toplevel: string): Promise<string[]> {
  const places = await Promise.all(
    files.map(async (file) => [
      await realpath(dirname(file)).then(
        (folder) => join(folder, basename(file)),
        () => file,
      ),
      await realpath(file).catch(() => file),
    ]),
  );
  const inside = places.flat().map((place) => relative(toplevel, place));
  return [...new Set(inside)].filter((path) => path !== '' && !path.startsWith('..') && !path.startsWith('/'));
}

interface Changes {
  /** Whether anything is to be added to the index. */
  any: boolean;
  /** Repositories in the working tree that are no submodules: latin1, `/` at the end. */
  nested: string[];
  /** Excluded files that are tracked, or that git would add: latin1. */
  leftOut: string[];
  notes: string[];
}

/** What differs from HEAD, in one look. Paths are latin1, a byte a character: a name need not be UTF-8. */
async function changesOf(git: Git, { toplevel }: RepositoryPaths, excluded: readonly string[]): Promise<Changes> {
  const options = ['--porcelain=v2', '-z', '--untracked-files=all', '--no-renames', '--ignore-submodules=dirty'];
  const { stdout, warnings } = await git(['status', ...options]);
  const entries = stdout.toString('latin1').split('\0').filter(Boolean);
  const unmerged = entries
    .filter((entry) => entry.startsWith('u '))
    .map((entry) => entry.split(' ').slice(10).join(' '));
  if (unmerged.length > 0) {
    const files = unmerged.slice(0, 5).map(shown).join(', ');
    const message = `The working tree at ${toplevel} has unmerged files (${files}), so there is nothing that could be pushed. Resolve the conflicts first.`;
    throw new RunFailure('setup', message, { environment: 'git' });
  }
  const nested = entries.filter((entry) => /^\? .*\/$/s.test(entry)).map((entry) => entry.slice(2));
  const excludedHere = new Set(excluded.map((path) => Buffer.from(path).toString('latin1')));
  const tracked =
    excluded.length === 0
      ? []
      : (await git(['--literal-pathspecs', 'ls-files', '-z', '--', ...excluded])).stdout.toString('latin1').split('\0');
  const leftOut = new Set([...tracked.filter(Boolean), ...entries.map((entry) => entry.slice(2))]);
  const unreadable = [...warnings.matchAll(/could not open directory '(.*?)\/?': (.*)/g)];
  return {
    any: entries.some((entry) => !nested.includes(entry.slice(2))) || tracked.some(Boolean),
    nested,
    leftOut: [...excludedHere].filter((path) => leftOut.has(path)),
    notes: [
      ...nested.map((path) => `${shown(path)} is a repository of its own, not a submodule: it is left out.`),
      ...unreadable.map(
        ([, path, reason]) => `The folder ${path} cannot be read (${reason}): untracked files in it are left out.`,
      ),
    ],
  };
}

/** The commit of HEAD and all changes; HEAD itself when the tree is the same. */
async function commit(
  git: Git,
  found: {
    paths: RepositoryPaths;
    head: HeadCommit | undefined;
    changes: Changes;
    isSparse: boolean;
  },
): Promise<{ sha: string; dirty: number }> {
  const { paths, head, changes } = found;
  if (head !== undefined && !changes.any) return { sha: head.sha, dirty: 0 };
  // Only what git would add: with an ignored file here, even to exclude it, `git add` fails.
  const pathspecs = [':/', ...[...changes.nested, ...changes.leftOut].map((path) => `:(top,exclude,literal)${path}`)];
  // With a bound this low git writes all new files into one pack, which takes half the time of a file for each.
  const add = ['-c', 'core.bigFileThreshold=1', 'add', '--all', ...(found.isSparse ? ['--sparse'] : [])];
  const input = Buffer.from(pathspecs.join('\0'), 'latin1');
  if (changes.any) await git([...add, '--pathspec-from-file=-', '--pathspec-file-nul'], { input });
  if (changes.leftOut.length > 0) {
    const input = Buffer.from(changes.leftOut.map((path) => `${path}\0`).join(''), 'latin1');
    await git(['update-index', '--force-remove', '-z', '--stdin'], { input });
  }
  // Of a partial clone not all objects are here: they were not when HEAD was checked out, either.
  const tree = text(await git(['write-tree', '--missing-ok']));
  if (head?.tree === tree) return { sha: head.sha, dirty: 0 };

  const identity: Record<string, string> = {};
  for (const [key, value] of Object.entries(IDENTITY)) {
    identity[`GIT_AUTHOR_${key}`] = value;
    identity[`GIT_COMMITTER_${key}`] = value;
  }
  const message = `Working tree of ${basename(paths.toplevel)}\n\nUncommitted: made by jobserv for a simulated run.\n`;
  const args = ['commit-tree', ...(head === undefined ? [] : ['-p', head.sha]), '-F', '-', tree];
  const differs = head === undefined ? ['ls-tree', '-r', '-z', '--name-only', tree] : diffTree(head.tree, tree);
  const [sha, files] = await Promise.all([git(args, { input: message, env: identity }), git(differs)]);
  return { sha: text(sha), dirty: files.stdout.toString('latin1').split('\0').filter(Boolean).length };
}

/** The user's: ours, /dev/null, is in the list too. */
function hooksOf({ toplevel, commonDir }: RepositoryPaths, settings: readonly Setting[]): string {
  const path = settings.findLast(({ key, value }) => key === 'core.hookspath' && value !== '/dev/null')?.value;
  return path === undefined ? join(commonDir, 'hooks') : resolve(toplevel, path);
}

function isSparse(settings: readonly Setting[]): boolean {
  return settings.findLast(({ key }) => key === 'core.sparsecheckout')?.value === 'true';
}

function diffTree(from: string, to: string): string[] {
  return ['diff-tree', '-r', '-z', '--no-renames', '--name-only', from, to];
}

async function pointerNotes({ toplevel }: RepositoryPaths): Promise<string[]> {
  const attributes = await readFile(join(toplevel, '.gitattributes'), 'utf8').catch(() => '');
  if (!/^[^#].*\sfilter=lfs(\s|$)/m.test(attributes)) return [];
  return ['git-lfs is not installed here: files of Git LFS are pointers to their content, as on a worker without it.'];
}

function repositoryNotes({ shallow, partialFilter }: PushedRepository, settings: Setting[], dirty: number): string[] {
  const notes: string[] = [];
  if (shallow !== undefined) {
    notes.push('The repository is a shallow clone: the run sees no older history, a worker would.');
  }
  if (partialFilter !== undefined) {
    notes.push(
      `The repository is a partial clone (${partialFilter}): the run fetches what is missing, a worker has all.`,
    );
  }
  for (const name of dirty === 0 ? [] : foreignFilters(settings)) {
    if (name === 'lfs') continue;
    notes.push(
      `The filter ${name} was not run: it stands in the repository's own configuration. If you trust it, set it with \`git config --global filter.${name}.clean …\`.`,
    );
  }
  return notes;
}

/** Which of these files the working tree has and git ignores; paths below the top folder. */
export function ignoredAmong(
  { paths, pushed }: Pick<Snapshot, 'paths' | 'pushed'>,
  files: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  return checkIgnore(['--no-index'], files, { cwd: paths.toplevel, env: pushed.env, signal });
}

function shown(path: string): string {
  return Buffer.from(path, 'latin1').toString();
}

function text({ stdout }: { stdout: Buffer }): string {
  return stdout.toString().trim();
}
