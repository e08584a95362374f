/**
 * A repository of our own as its `origin` would be after a push of one commit: the user's `origin/*` are its branches,
 * and the current branch is where a push would have put it. Without a remote they are the user's own branches. git packs
 * into it what those reach and nothing else, once; every run clones it.
 */
import { copyFile, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../executor/index.js';
import { makeFolders } from '../lib/index.js';
import { configLine, configSection } from './credentials.js';
import { FROM_THIS_HOST, userEnvironment } from './environment.js';
import { readGit, streamGit } from './git.js';
import { withoutCredentials } from './guard.js';
import { type RepositoryPaths, readUser, remoteAmong, type Setting } from './repository.js';

/** Files below the caller's scratch folder. Nothing of it lies in the user's repository, nor links to it. */
export interface PushedRepository {
  /** What the runs clone. */
  gitDir: string;
  /** How git is started in it, with the user's working tree and objects. */
  env: Record<string, string>;
  /** Of a partial clone: whatever is missing can be had from the remote. */
  partialFilter: string | undefined;
  /** The text of `shallow`: commits whose parents are not there. */
  shallow: string | undefined;
  /** What `origin` is where the run has no GIT_URL. */
  url: string;
}

/**
 * Settings that say how files are read. No other that stands in the user's repository is taken over: filters, hooks
 * and commands in there would be programs that whoever packed the folder has chosen.
 */
const SAFE_SETTINGS =
  /^core\.(autocrlf|eol|filemode|symlinks|ignorecase|precomposeunicode|excludesfile|attributesfile|checkstat|trustctime|sparsecheckout|sparsecheckoutcone|protecthfs|protectntfs)$/;

/** Makes the git folder, with a copy of HEAD's commit, the index and what says which files are ignored. */
export async function openPushed(
  source: RepositoryPaths,
  found: { settings: readonly Setting[]; head: string | undefined; branch: string | undefined; lfs: boolean },
  folder: string,
): Promise<PushedRepository> {
  const { settings, head, branch } = found;
  const gitDir = join(folder, 'pushed.git');
  const objects = join(folder, 'objects');
  for (const name of ['objects/pack', 'refs', 'info']) await makeFolders(join(gitDir, name));
  await makeFolders(objects);

  const remote = remoteAmong(settings, branch);
  const partialFilter = settings.find(({ key }) => key === `remote.${remote?.name}.partialclonefilter`)?.value;
  await writeFile(join(gitDir, 'HEAD'), head === undefined ? `ref: refs/heads/${branch}\n` : `${head}\n`);
  await writeFile(join(gitDir, 'config'), configOf(source, { ...found, partialFilter }, folder));

  const shallow = await readFile(join(source.commonDir, 'shallow'), 'utf8').catch(() => undefined);
  if (shallow !== undefined) await writeFile(join(gitDir, 'shallow'), shallow);
  const common = ['info/exclude', 'info/attributes'].map((name) => [source.commonDir, name] as const);
  const own = (await readdir(source.gitDir)).filter((name) => /^(index|sharedindex\.[0-9a-f]+)$/.test(name));
  for (const [from, name] of [
    ...common,
    ...[...own, 'info/sparse-checkout'].map((name) => [source.gitDir, name] as const),
  ]) {
    await copyIfThere(join(from, name), join(gitDir, name));
  }
  const env = {
    ...userEnvironment(),
    GIT_DIR: gitDir,
    GIT_WORK_TREE: source.toplevel,
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(join(source.commonDir, 'objects')),
  };
  const url = remote ? withoutCredentials(remote.url) : fileUrl(source.toplevel);
  return { gitDir, env, partialFilter, shallow, url };
}

function configOf(
  { objectFormat }: RepositoryPaths,
  found: { settings: readonly Setting[]; lfs: boolean; partialFilter: string | undefined },
  folder: string,
): string {
  const sha256 = objectFormat === 'sha256';
  let text = `[core]\n${configLine('repositoryformatversion', sha256 ? '1' : '0')}`;
  for (const { local, key, value } of found.settings) {
    if (local && SAFE_SETTINGS.test(key)) text += configLine(key.slice('core.'.length), value);
  }
  // A warning per file about its line endings is of no use here.
  text += configLine('safecrlf', 'false');
  if (sha256) text += `[extensions]\n${configLine('objectformat', 'sha256')}`;
  if (found.partialFilter !== undefined) text += configSection('remote', 'origin') + configLine('promisor', 'true');
  // LFS keeps a copy of every large file that it cleans: not in the user's repository.
  text += `[lfs]\n${configLine('storage', join(folder, 'lfs'))}`;
  if (found.lfs && foreignFilters(found.settings).includes('lfs')) {
    text += configSection('filter', 'lfs') + configLine('process', 'git-lfs filter-process');
    text += configLine('clean', 'git-lfs clean -- %f') + configLine('required', 'true');
  }
  return text;
}

/** Names of the filters that stand in the repository's own configuration, and in no other. */
export function foreignFilters(settings: readonly Setting[]): string[] {
  const names = (wanted: boolean) =>
    settings.flatMap(({ local, key }) =>
      local === wanted ? (/^filter\.([\s\S]+)\.(clean|process)$/.exec(key)?.[1] ?? []) : [],
    );
  const own = new Set(names(false));
  return [...new Set(names(true))].filter((name) => !own.has(name));
}

/** Where the branches of `origin` are, and the tags. */
interface References {
  /** Short name to SHA. */
  branches: Map<string, string>;
  /** Full name to SHA. */
  tags: Map<string, string>;
  defaultBranch: string | undefined;
}

/** Gives the repository its references, with the tip on its branch, and packs all that they reach. */
export async function packPushed(
  pushed: PushedRepository,
  source: RepositoryPaths,
  settings: readonly Setting[],
  tip: { sha: string; branch: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { gitDir, env, partialFilter, shallow } = pushed;
  const { branches, tags, defaultBranch } = await referencesOf(source, settings, tip, signal);
  const names = [...[...branches].map(([name, sha]) => [`refs/heads/${name}`, sha] as const), ...tags];
  const missing = partialFilter === undefined ? [] : ['--missing=allow-promisor'];
  const args = ['pack-objects', '--revs', '--quiet', '--window=0', '--delta-base-offset', ...missing];
  const input = [...new Set([tip.sha, ...names.map(([, sha]) => sha)])].map((sha) => `${sha}\n`).join('');
  const output = await readGit({
    args: [...args, join(gitDir, 'objects/pack/pack')],
    cwd: source.toplevel,
    env,
    signal,
    input,
  });
  if (partialFilter !== undefined) {
    await writeFile(join(gitDir, 'objects/pack', `pack-${output.toString().trim()}.promisor`), '');
  }
  await writeFile(join(gitDir, 'packed-refs'), names.map(([name, sha]) => `${sha} ${name}\n`).join(''));
  if (defaultBranch !== undefined) await writeFile(join(gitDir, 'HEAD'), `ref: refs/heads/${defaultBranch}\n`);
  // A clone of a shallow repository would not be a copy; the clone gets the file afterwards.
  if (shallow !== undefined) await rm(join(gitDir, 'shallow'));
}

async function referencesOf(
  source: RepositoryPaths,
  settings: readonly Setting[],
  { branch, sha }: { sha: string; branch: string | undefined },
  signal: AbortSignal,
): Promise<References> {
  const remote = remoteAmong(settings, branch);
  const prefix = remote ? `refs/remotes/${remote.name}/` : 'refs/heads/';
  const args = ['for-each-ref', '--format=%(objectname) %(refname) %(symref)', prefix, 'refs/tags/'];
  const branches = new Map<string, string>();
  const tags = new Map<string, string>();
  let defaultBranch: string | undefined;
  for (const line of (await readUser(source, args, signal)).split('\n').filter(Boolean)) {
    const [object = '', name = '', target = ''] = line.split(' ');
    if (name.startsWith('refs/tags/')) tags.set(name, object);
    else if (name === `${prefix}HEAD` && remote) defaultBranch = target.slice(prefix.length);
    else branches.set(name.slice(prefix.length), object);
  }
  if (branch !== undefined && !clashes(branch, branches)) branches.set(branch, sha);
  const candidates = [defaultBranch, 'main', 'master', branch, ...branches.keys()];
  return { branches, tags, defaultBranch: candidates.find((name) => name !== undefined && branches.has(name)) };
}

/** `a` and `a/b` cannot both be references; such a push would be refused. */
function clashes(branch: string, branches: Map<string, string>): boolean {
  return [...branches.keys()].some((name) => name.startsWith(`${branch}/`) || branch.startsWith(`${name}/`));
}

interface CloneRequest {
  directory: string;
  /** Where a submodule's git folder goes, when it is not `.git` of the directory. */
  gitDir?: string;
  env: Record<string, string>;
  log?: Log;
  signal: AbortSignal;
}

/**
 * A clone by git itself, as a clone of `url` would be, without a checkout. Its objects are copies: root in the
 * container could write through a hard link.
 */
export async function clonePushed(pushed: PushedRepository, url: string, request: CloneRequest): Promise<void> {
  const { directory, gitDir = join(directory, '.git'), log, signal } = request;
  // What has no colon would be looked for on this disk.
  const address = url.includes(':') ? url : `origin:${url}`;
  const env = {
    ...request.env,
    ...FROM_THIS_HOST,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.${pushed.gitDir}.insteadOf`,
    GIT_CONFIG_VALUE_0: address,
  };
  const args = ['clone', '--quiet', '--local', '--no-hardlinks', '--no-checkout'];
  if (request.gitDir !== undefined) args.push(`--separate-git-dir=${gitDir}`);
  if (pushed.partialFilter !== undefined) {
    args.push('-c', 'remote.origin.promisor=true', '-c', `remote.origin.partialclonefilter=${pushed.partialFilter}`);
  }
  const call = { args: [...args, '--', address, directory], cwd: dirname(pushed.gitDir), env, signal };
  await (log === undefined ? readGit(call) : streamGit(call, log));
  if (pushed.shallow !== undefined) await writeFile(join(gitDir, 'shallow'), pushed.shallow);
  if (address !== url) await setOrigin(gitDir, address, url);
}

/** Edits the file: an address may have a token in it, and as an argument of git it would be seen by all. */
export async function setOrigin(gitDir: string, cloned: string, url: string): Promise<void> {
  const file = join(gitDir, 'config');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace(configLine('url', cloned), () => configLine('url', url)),
  );
}

/** The address of a folder, with what an address cannot hold written as `%0A`. */
export function fileUrl(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return `file://${path.replace(/[\0-\x1f\x7f%]/g, encodeURIComponent)}`;
}

/** With its time: git takes a file for unchanged when it is older than the index, so the copy must not look newer. */
async function copyIfThere(from: string, to: string): Promise<void> {
  const found = await stat(from).catch(() => undefined);
  if (!found?.isFile()) return;
  await copyFile(from, to);
  const time = Math.floor(found.mtimeMs) / 1000;
  await utimes(to, time, time);
}

/** As `GIT_ALTERNATE_OBJECT_DIRECTORIES` wants a path that may hold the colon that separates paths. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}
