/** What a folder's repository is: where it lies, its configuration and references, and what GIT_URL, GIT_REF, GIT_SHA are made of. */
import { existsSync, statSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { RunFailure } from '../executor/index.js';
import { EnvironmentError, foreignOwner } from '../lib/index.js';
import { userEnvironment } from './environment.js';
import { gitWords } from './failure.js';
import { GitError, readGit } from './git.js';
import { withoutCredentials } from './guard.js';
import { hasLfs } from './lfs.js';

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
 * The folder of the repository that `folder` lies in; undefined when it lies in none. Only a `.git` makes a
 * repository: a tracked folder that looks like a bare one has a configuration that others wrote. A `.git` above that
 * another user put there is none, and ends the search.
 *
 * @throws EnvironmentError for a name that is not UTF-8
 */
export function repositoryFolder(folder: string): string | undefined {
  // Node gives such names with a replacement character, and finds nothing under them: not even that they are wrong.
  if (folder.includes('\ufffd') && !existsSync(folder)) {
    throw new EnvironmentError(
      `The name of the folder ${folder} is not UTF-8, so nothing in it can be opened. Rename it.`,
    );
  }
  const start = resolve(folder);
  for (let place = start; ; place = dirname(place)) {
    const git = join(place, '.git');
    if (isGitEntry(git)) return place !== start && foreignOwner(git, start) !== undefined ? undefined : place;
    if (place === dirname(place)) return undefined;
  }
}

/** An empty `.git` folder is none, for git too: it looks further up. */
function isGitEntry(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  return found.isFile() || existsSync(join(path, 'objects')) || existsSync(join(path, 'HEAD'));
}

/**
 * Where the repository around `folder` lies; undefined when there is none.
 *
 * @throws RunFailure(environment git), with git's own words, when git is not installed or does not open the repository
 */
export async function repositoryPaths(folder: string, signal: AbortSignal): Promise<RepositoryPaths | undefined> {
  const found = repositoryFolder(folder);
  if (found === undefined) return undefined;
  const toplevel = await realpath(found);
  const query = ['--is-inside-work-tree', '--show-object-format', '--git-dir', '--git-common-dir', '--show-toplevel'];
  // git is asked in the folder that has the `.git`, and looks no further up.
  const env = { ...userEnvironment(), GIT_CEILING_DIRECTORIES: dirname(toplevel) };
  let output: string;
  try {
    output = (await readGit({ args: ['rev-parse', ...query], cwd: toplevel, env, signal })).toString();
  } catch (error) {
    throw error instanceof GitError ? notOpened(toplevel, error) : error;
  }
  const [inside, format, gitDir = '', commonDir = '', ...rest] = output.replace(/\n$/, '').split('\n');
  const paths: RepositoryPaths = {
    // Last, since it may have line breaks in its name.
    toplevel: rest.join('\n'),
    gitDir: resolve(toplevel, gitDir),
    commonDir: resolve(toplevel, commonDir),
    objectFormat: format === 'sha256' ? 'sha256' : 'sha1',
  };
  if (inside === 'true' && paths.toplevel === toplevel && paths.gitDir !== toplevel) return paths;
  const reason =
    inside === 'true' ? `its configuration puts the working tree at ${paths.toplevel}` : 'it has no working tree';
  throw new RunFailure('setup', `The repository at ${toplevel} cannot be used: ${reason}. Use a plain clone.`, {
    environment: 'git',
  });
}

/** In order: what git prints, and what helps. */
const REPAIRS: [pattern: RegExp, repair: (toplevel: string) => string][] = [
  [
    /dubious ownership/,
    (place) =>
      `It belongs to another user. If you trust it, run \`git config --global --add safe.directory '${place}'\`.`,
  ],
  [/bogus count|GIT_CONFIG_(COUNT|KEY|VALUE)|missing config (key|value)/i, () => 'Correct or unset GIT_CONFIG_COUNT.'],
  [/unknown repository extension|expected git repo version/i, () => 'A newer git made it: update git.'],
  [/bad config|invalid (config|key)|unable to (read|access|parse).*config/i, () => 'Correct that configuration file.'],
  [
    /not a git repository: /,
    () => 'The folder that its .git file names is gone: run `git worktree repair` in the main working tree.',
  ],
  [/not a git repository/, () => 'Its .git folder is damaged: look at .git/HEAD, or clone it again.'],
];

function notOpened(toplevel: string, error: GitError): RunFailure {
  const repair = REPAIRS.find(([pattern]) => pattern.test(error.output))?.[1](toplevel) ?? 'Run `git status` there.';
  const message = `git does not open the repository at ${toplevel}: ${gitWords(error)}. ${repair}`;
  return new RunFailure('setup', message, { environment: 'git', cause: error });
}

/** undefined when `folder` is in no repository. Throws as `repositoryPaths`. */
export async function repositoryInfo(folder: string, signal: AbortSignal): Promise<RepositoryInfo | undefined> {
  const paths = await repositoryPaths(folder, signal);
  if (!paths) return undefined;
  const [head, branch, remote] = await Promise.all([
    headCommit(paths, signal),
    currentBranch(paths),
    chosenRemote(paths, signal),
  ]);
  return describeRepository(paths, { head, branch, remote });
}

export function describeRepository(
  { toplevel }: RepositoryPaths,
  found: { head: HeadCommit | undefined; branch: string | undefined; remote: Remote | undefined },
): RepositoryInfo {
  const { head, branch, remote } = found;
  return {
    toplevel,
    ...(remote === undefined ? {} : { remoteUrl: withoutCredentials(remote.url) }),
    ...(branch === undefined ? {} : { branch }),
    ...(head === undefined ? {} : { headSha: head.sha }),
    ...(head?.parent === undefined ? {} : { parentSha: head.parent }),
  };
}

export interface HeadCommit {
  sha: string;
  tree: string;
  parent: string | undefined;
}

/** @returns undefined before the first commit. @throws RunFailure for a HEAD whose commit is not there */
export async function headCommit(paths: RepositoryPaths, signal: AbortSignal): Promise<HeadCommit | undefined> {
  const call = { args: ['cat-file', '--batch'], cwd: paths.toplevel, env: userEnvironment(), signal };
  const output = (await readGit({ ...call, input: 'HEAD\n' })).toString();
  const match = /^([0-9a-f]+) commit \d+\ntree ([0-9a-f]+)\n(?:parent ([0-9a-f]+)\n)?/.exec(output);
  if (match?.[1] && match[2]) return { sha: match[1], tree: match[2], parent: match[3] };
  const name = await readUser(paths, ['rev-parse', '--verify', '--quiet', 'HEAD'], signal).catch(emptyOnFailure);
  if (name === '') return undefined;
  const message = `HEAD of the repository at ${paths.toplevel} names the commit ${name.trim()}, which is not in it. \`git fsck\` says what else is missing; fetch it, or clone again.`;
  throw new RunFailure('setup', message, { environment: 'git' });
}

/** The branch that HEAD is on, be it without a commit yet. */
export async function currentBranch({ gitDir }: RepositoryPaths): Promise<string | undefined> {
  const head = await readFile(join(gitDir, 'HEAD'), 'utf8');
  return /^ref: refs\/heads\/(.+)\n?$/.exec(head)?.[1];
}

/** Every setting that git has for this repository: `local` ones stand in the repository itself, or its worktree. */
export interface Setting {
  local: boolean;
  /** Section and name in lower case, the subsection as written. */
  key: string;
  value: string;
}

export async function settingsOf(paths: RepositoryPaths, signal: AbortSignal): Promise<Setting[]> {
  const fields = (await readUser(paths, ['config', '--list', '-z', '--show-scope'], signal)).split('\0');
  const settings: Setting[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [key = '', ...value] = (fields[index + 1] ?? '').split('\n');
    // A name alone means true.
    settings.push({ local: /^(local|worktree)$/.test(fields[index] ?? ''), key, value: value.join('\n') || 'true' });
  }
  return settings;
}

export interface Remote {
  name: string;
  /** As it was typed, credentials and all. */
  url: string;
}

/** The remote whose branches a push would be seen among. */
export async function chosenRemote(paths: RepositoryPaths, signal: AbortSignal): Promise<Remote | undefined> {
  return remoteAmong(await settingsOf(paths, signal), await currentBranch(paths));
}

export function remoteAmong(settings: readonly Setting[], branch: string | undefined): Remote | undefined {
  const urls = new Map<string, string>();
  for (const { key, value } of settings) {
    const name = /^remote\.([\s\S]+)\.url$/.exec(key)?.[1];
    // Of several addresses of a remote git fetches from the first.
    if (name !== undefined && !urls.has(name)) urls.set(name, value);
  }
  const tracked = settings.findLast(({ key }) => key === `branch.${branch}.remote`)?.value;
  const name = ['origin', tracked, urls.size === 1 ? [...urls.keys()][0] : undefined].find(
    (candidate) => candidate !== undefined && urls.has(candidate),
  );
  const url = name === undefined ? undefined : urls.get(name);
  return name === undefined || url === undefined ? undefined : { name, url };
}

/** stdout of a command that only reads the user's repository, and starts no program of its configuration. */
export async function readUser(paths: RepositoryPaths, args: string[], signal: AbortSignal): Promise<string> {
  return (await readGit({ args, cwd: paths.toplevel, env: userEnvironment(), signal })).toString();
}

/** "Nothing there" is a failure in git's eyes. */
function emptyOnFailure(error: unknown): string {
  if (error instanceof GitError) return '';
  throw error;
}

export interface GitTools {
  /** `2.39.5` */
  version: string;
  lfs: boolean;
}

/** Which git, and whether LFS, this machine has. @throws RunFailure(environment git) when there is no git that works */
export async function gitTools(signal: AbortSignal): Promise<GitTools> {
  try {
    const output = await readGit({ args: ['--version'], cwd: '/', env: userEnvironment(), signal });
    const version = /\d+(\.\d+)+/.exec(output.toString())?.[0] ?? output.toString().trim();
    // Reads the user's configuration, which --version does not.
    await readGit({ args: ['config', '--list'], cwd: '/', env: userEnvironment(), signal });
    return { version, lfs: hasLfs() };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const repair = REPAIRS.find(([pattern]) => pattern.test(error.output))?.[1]('') ?? 'Run `git config --list`.';
    const message = `git does not work on this host: ${gitWords(error)}. ${repair}`;
    throw new RunFailure('setup', message, { environment: 'git', cause: error });
  }
}
