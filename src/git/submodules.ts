/**
 * Submodules from the user's own disk: a commit of a submodule that was made here is not on its server yet. Where the
 * user's checkout has the commit, the clone gets that repository beforehand, at the place where `git submodule update`
 * looks before it fetches.
 */
import { lstat, realpath, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isBelow, makeFolders, readBoundedText, withoutTrailing } from '../lib/index.js';
import { GitError, readGit } from './git.js';
import { withoutCredentials } from './guard.js';
import { hasLfs } from './lfs.js';
import { clonePushed, openPushed, type PushedRepository, packPushed } from './pushed.js';
import {
  currentBranch,
  type RepositoryPaths,
  readUser,
  remoteAmong,
  repositoryPaths,
  type Setting,
  settingsOf,
} from './repository.js';

/** A submodule of the user's, ready to be cloned. */
export interface PushedSubmodule {
  name: string;
  pushed: PushedRepository;
  submodules: PushedSubmodule[];
}

interface Found {
  submodules: PushedSubmodule[];
  /** Whether there are submodules at all, from here or from a server. */
  hasSubmodules: boolean;
  notes: string[];
  unpushed: string[];
}

interface Superproject {
  source: RepositoryPaths;
  settings: readonly Setting[];
  /** With the commit's objects. */
  env: Record<string, string>;
  sha: string;
  /** Where their repositories go. */
  folder: string;
  /** Of messages: path of this one in the working tree, `/` at the end. */
  prefix?: string;
  signal: AbortSignal;
}

/** How many are looked at and copied at a time. */
const AT_ONCE = 4;

/** Every submodule that the user has at the commit's link, nested ones too; the others are left to their servers. */
export async function captureSubmodules(superproject: Superproject): Promise<Found> {
  const links = await linksOf(superproject);
  const found: Found = { submodules: [], hasSubmodules: links.size > 0, notes: [], unpushed: [] };
  if (links.size === 0) return found;
  const named = await configured(superproject, links);
  const paths = new Set(named.map(({ path }) => path));
  for (const path of links.keys()) {
    if (paths.has(path)) continue;
    const shown = `${superproject.prefix ?? ''}${path}`;
    found.unpushed.push(`.gitmodules names no address for the submodule ${shown}: a worker cannot fetch it.`);
  }
  await inTurns(named.entries(), async ([index, submodule]) => {
    const folder = join(superproject.folder, `sub${index}`);
    const one = await captureOne(superproject, submodule, folder);
    if (one === undefined) return;
    found.submodules.push(...one.submodules);
    found.notes.push(...one.notes);
    found.unpushed.push(...one.unpushed);
  });
  return found;
}

interface Submodule {
  path: string;
  name: string;
  url: string | undefined;
  sha: string;
}

async function captureOne(
  superproject: Superproject,
  submodule: Submodule,
  folder: string,
): Promise<Found | undefined> {
  const { signal } = superproject;
  const { path, name, sha } = submodule;
  const shown = `${superproject.prefix ?? ''}${path}`;
  const place = join(superproject.source.toplevel, path);
  const owned = await isOwnCheckout(superproject.source, place);
  if (owned === undefined) return undefined;
  if (!owned) {
    const message = `The submodule ${shown} is fetched from its address: its folder here belongs to a repository elsewhere.`;
    return { submodules: [], hasSubmodules: true, notes: [message], unpushed: [] };
  }
  const source = await repositoryPaths(place, signal);
  if (source?.toplevel !== place) return undefined;
  const settings = await settingsOf(source, signal);
  const branch = (await currentBranch(source)) ?? `detached-${sha.slice(0, 12)}`;
  const remote = remoteAmong(settings, branch);
  const pushed = await openPushed(source, { settings, head: sha, branch, lfs: hasLfs() }, folder);
  const git = async (args: string[]) => (await readGit({ args, cwd: place, env: pushed.env, signal })).toString();
  let missingOnRemote: string;
  try {
    // The user's remote-tracking references: ours has none.
    const args = ['rev-list', '--max-count=1', sha, '--not', ...(remote ? [`--remotes=${remote.name}`] : [])];
    missingOnRemote = await readUser(source, args, signal);
  } catch (error) {
    signal.throwIfAborted();
    // The commit is not here: fetch it from a server.
    if (error instanceof GitError) return undefined;
    throw error;
  }
  const [status, nested] = await Promise.all([
    git(['status', '--porcelain', '--untracked-files=no', '--ignore-submodules=dirty']),
    captureSubmodules({ source, settings, env: pushed.env, sha, folder, prefix: `${shown}/`, signal }),
    // A server must have the commit under some reference, or git would go and look for it.
    packPushed(pushed, source, settings, { sha, branch }, signal),
  ]);
  const notes = /^.[^ ?]/m.test(status)
    ? [`The submodule ${shown} has uncommitted changes: they are left out.`, ...nested.notes]
    : nested.notes;
  const doubt = whyUnpushed(superproject, submodule, {
    shown,
    remote: remote?.url,
    isMissing: missingOnRemote !== '',
    isShallow: pushed.shallow !== undefined,
  });
  return {
    submodules: [{ name, pushed, submodules: nested.submodules }],
    hasSubmodules: true,
    notes,
    unpushed: [...(doubt === undefined ? [] : [doubt]), ...nested.unpushed],
  };
}

/** Why a worker may not get this commit; what remote-tracking references cannot tell is a doubt, and no more. */
function whyUnpushed(
  { settings }: Superproject,
  { name, url, sha }: Submodule,
  found: { shown: string; remote: string | undefined; isMissing: boolean; isShallow: boolean },
): string | undefined {
  const { shown, remote } = found;
  const commit = `The commit ${sha.slice(0, 12)} of the submodule ${shown}`;
  if (url === undefined) return `.gitmodules names no address for the submodule ${shown}: a worker cannot fetch it.`;
  const address = withoutCredentials(url);
  if (/^(\/|file:|[A-Za-z0-9+.-]+::)/.test(url)) {
    return `The submodule ${shown} has the address ${address}, which no worker can clone.`;
  }
  const resolved = settings.find(({ key }) => key === `submodule.${name}.url`)?.value;
  const addresses = [url, resolved].map((text) => text && withoutSuffix(text));
  if (remote === undefined || !addresses.includes(withoutSuffix(remote))) {
    return `${commit} could not be checked: ${address} is not the remote that it was cloned from here.`;
  }
  if (!found.isMissing) return undefined;
  if (found.isShallow) return `${commit} could not be checked: the submodule is a shallow clone.`;
  return `${commit} is in no branch of its remote, so a worker cannot fetch it: push it.`;
}

/**
 * Whether the folder is the submodule's own checkout: its `.git` a folder, or a file that names one of the
 * superproject's. undefined where it was never initialised.
 */
async function isOwnCheckout(source: RepositoryPaths, place: string): Promise<boolean | undefined> {
  try {
    const git = join(place, '.git');
    const found = await lstat(git);
    if ((await realpath(place)) !== place || found.isSymbolicLink()) return false;
    if (found.isDirectory()) return true;
    const gitDir = /^gitdir: ([\s\S]*?)\n?$/.exec(await readBoundedText(git))?.[1];
    if (gitDir === undefined) return false;
    const real = await realpath(resolve(place, gitDir));
    const stores = await Promise.all([source.commonDir, source.gitDir].map((folder) => realpath(folder)));
    return stores.some((store) => isBelow(real, join(store, 'modules')));
  } catch (error) {
    // No such folder: a sparse checkout, or a submodule that was deleted.
    if (error instanceof Error && 'code' in error && /^(ENOENT|ENOTDIR)$/.test(String(error.code))) return undefined;
    throw error;
  }
}

const withoutSuffix = (url: string) => withoutTrailing(url, '/').replace(/\.git$/, '');

/** Path to SHA of every submodule of the commit. */
async function linksOf({ env, sha, source, signal }: Superproject): Promise<Map<string, string>> {
  const args = ['ls-tree', '-r', '-z', '--full-tree', sha];
  const output = await readGit({ args, cwd: source.toplevel, env, signal });
  const links = new Map<string, string>();
  for (const line of output.toString().split('\0')) {
    const match = /^160000 commit ([0-9a-f]+)\t([\s\S]+)$/.exec(line);
    if (match?.[1] && match[2]) links.set(match[2], match[1]);
  }
  return links;
}

/** Those that `.gitmodules` names. The names become folders, so git's own rule for them is kept. */
async function configured(
  { env, sha, source, signal }: Superproject,
  links: Map<string, string>,
): Promise<Submodule[]> {
  const args = ['config', '-z', '--blob', `${sha}:.gitmodules`, '--get-regexp', '^submodule\\..*\\.(path|url)$'];
  const output = await readGit({ args, cwd: source.toplevel, env, signal }).catch((error) => {
    if (error instanceof GitError) return Buffer.alloc(0);
    throw error;
  });
  const settings = new Map<string, string>();
  for (const entry of output.toString().split('\0')) {
    const end = entry.indexOf('\n');
    if (end > 0) settings.set(entry.slice(0, end), entry.slice(end + 1));
  }
  return [...settings].flatMap(([key, path]) => {
    const name = /^submodule\.([\s\S]+)\.path$/.exec(key)?.[1];
    const sha = links.get(path);
    if (name === undefined || sha === undefined) return [];
    const isSafe = !name.split(/[/\\]/).includes('..') && !/^[-/]/.test(name);
    return isSafe ? [{ name, path, sha, url: settings.get(`submodule.${name}.url`) }] : [];
  });
}

/** Puts them below `modules` of a clone's git folder, before its submodules are updated. */
export async function placeSubmodules(
  submodules: readonly PushedSubmodule[],
  gitDir: string,
  call: { env: Record<string, string>; signal: AbortSignal },
): Promise<void> {
  await inTurns(submodules.values(), async ({ name, pushed, submodules: nested }) => {
    const own = join(gitDir, 'modules', name);
    await makeFolders(dirname(own));
    // git makes the working tree when it checks the submodule out; a clone cannot do without one.
    const directory = `${own}.tree`;
    await clonePushed(pushed, pushed.url, { directory, gitDir: own, ...call });
    await rm(directory, { recursive: true });
    await placeSubmodules(nested, own, call);
  });
}

/** A few at a time. Waits for all that are under way, also when one has failed: nothing is written after the answer. */
async function inTurns<T>(items: Iterator<T, undefined>, work: (item: T) => Promise<void>): Promise<void> {
  const worker = async () => {
    for (let next = items.next(); !next.done; next = items.next()) await work(next.value);
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
