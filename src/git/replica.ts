/**
 * A repository as a clone of it would be after a push of the one commit: the user's
 * `origin/*` are origin's branches here too, and the current branch is where a push would
 * have put it. Without a remote the user's own branches are origin's.
 */
import { appendFile, copyFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { configLine, configSection } from './config-text.js';
import { makeFolder, writePublic } from './files.js';
import { readGit } from './git.js';
import { withoutCredentials } from './guard.js';
import { copyObjects } from './object-copy.js';
import { chosenRemote, type RepositoryPaths, readUser } from './repository-info.js';

export interface ReplicaRequest {
  source: RepositoryPaths;
  /** Object folders beside the source's own. */
  objects: string[];
  /** What was pushed: the commit, and the branch it went to. */
  tip: { sha: string; branch: string | undefined };
  /** What `origin` is to be; the source's own remote, or its path, if not given. */
  url: string | undefined;
  /** The new git folder. One that is not called `.git` is a submodule's, below `modules` of its parent's. */
  gitDir: string;
  /** Environment of the run (environment.ts). */
  env: Record<string, string>;
  signal: AbortSignal;
}

interface Origin {
  url: string;
  /** Short name to SHA. */
  branches: Map<string, string>;
  /** Full name to SHA. */
  tags: Map<string, string>;
  defaultBranch: string | undefined;
  /** Of a partial clone: whatever is missing can be had from the remote. */
  partialFilter: string | undefined;
}

/** Makes the git folder; nothing is checked out. Throws GitError, system errors, the signal's reason. */
export async function replicate(request: ReplicaRequest): Promise<void> {
  const { source, gitDir, env, signal } = request;
  const format = source.objectFormat === 'sha1' ? [] : [`--object-format=${source.objectFormat}`];
  const parent = dirname(gitDir);
  await makeFolder(parent);
  // A submodule's working tree is not there yet; git writes its right place when it checks the submodule out.
  const place = basename(gitDir) === '.git' ? {} : { GIT_DIR: gitDir, GIT_WORK_TREE: parent };
  await readGit({ args: ['init', '--quiet', ...format], cwd: parent, env: { ...env, ...place }, signal });

  const copies = [join(source.commonDir, 'objects'), ...request.objects].map((from) =>
    copyObjects(from, join(gitDir, 'objects'), signal),
  );
  const [origin, ...copied] = await Promise.allSettled([originOf(request), ...copies]);
  if (origin.status === 'rejected') throw origin.reason;
  for (const copy of copied) if (copy.status === 'rejected') throw copy.reason;
  await copyFile(join(source.commonDir, 'shallow'), join(gitDir, 'shallow')).catch(ignoreMissing);
  await writeOrigin(gitDir, origin.value);

  const { defaultBranch, branches, url } = origin.value;
  const start = defaultBranch === undefined ? undefined : branches.get(defaultBranch);
  if (defaultBranch === undefined || start === undefined) return;
  const ref = `refs/heads/${defaultBranch}`;
  await writePublic(join(gitDir, 'HEAD'), `ref: ${ref}\n`);
  const args = ['update-ref', '--create-reflog', '-m', `clone: from ${withoutCredentials(url)}`, ref, start];
  await readGit({ args, cwd: parent, env: { ...env, ...place }, signal });
}

/** What `origin` would hold after the push. */
async function originOf({ source, tip, url, signal }: ReplicaRequest): Promise<Origin> {
  const remote = await chosenRemote(source, signal);
  const prefix = remote ? `refs/remotes/${remote.name}/` : 'refs/heads/';
  const args = ['for-each-ref', '--format=%(objectname) %(refname) %(symref)', prefix, 'refs/tags/'];
  const [refs, partialFilter] = await Promise.all([
    readUser(source, args, signal),
    remote && partialFilterOf(source, remote.name, signal),
  ]);
  const branches = new Map<string, string>();
  const tags = new Map<string, string>();
  let defaultBranch: string | undefined;
  for (const line of refs.split('\n').filter(Boolean)) {
    const [sha = '', name = '', target = ''] = line.split(' ');
    if (name.startsWith('refs/tags/')) tags.set(name, sha);
    else if (name === `${prefix}HEAD` && remote) defaultBranch = target.slice(prefix.length);
    else branches.set(name.slice(prefix.length), sha);
  }
  const { branch, sha } = tip;
  if (branch !== undefined && !clashes(branch, branches)) branches.set(branch, sha);
  const candidates = [defaultBranch, 'main', 'master', branch, ...branches.keys()];
  return {
    // An address in the repository, and in the container, is no place for the user's own password.
    url: url ?? (remote ? withoutCredentials(remote.url) : source.toplevel),
    branches,
    tags,
    defaultBranch: candidates.find((name) => name !== undefined && branches.has(name)),
    partialFilter,
  };
}

/** `a` and `a/b` cannot both be references; such a push would be refused. */
function clashes(branch: string, branches: Map<string, string>): boolean {
  return [...branches.keys()].some((name) => name.startsWith(`${branch}/`) || branch.startsWith(`${name}/`));
}

async function partialFilterOf(
  source: RepositoryPaths,
  remote: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const args = ['config', '--default', '', '--get', `remote.${remote}.partialclonefilter`];
  return (await readUser(source, args, signal)).trim() || undefined;
}

/** References and configuration, in the files and words that `git clone` writes. */
async function writeOrigin(gitDir: string, origin: Origin): Promise<void> {
  const { url, branches, tags, defaultBranch, partialFilter } = origin;
  const refs = [...[...branches].map(([name, sha]) => [`refs/remotes/origin/${name}`, sha] as const), ...tags];
  const lines = refs.map(([name, sha]) => `${sha} ${name}\n`);
  const byName = (a: string, b: string) => Buffer.compare(Buffer.from(a.slice(41)), Buffer.from(b.slice(41)));
  await writePublic(join(gitDir, 'packed-refs'), `# pack-refs with: sorted \n${lines.sort(byName).join('')}`);

  let config = configSection('remote', 'origin') + configLine('url', url);
  config += configLine('fetch', '+refs/heads/*:refs/remotes/origin/*');
  if (partialFilter !== undefined) {
    config += configLine('promisor', 'true') + configLine('partialclonefilter', partialFilter);
  }
  if (defaultBranch !== undefined) {
    config += configSection('branch', defaultBranch) + configLine('remote', 'origin');
    config += configLine('merge', `refs/heads/${defaultBranch}`);
    const head = join(gitDir, 'refs/remotes/origin/HEAD');
    await makeFolder(dirname(head));
    await writePublic(head, `ref: refs/remotes/origin/${defaultBranch}\n`);
  }
  await appendFile(join(gitDir, 'config'), config);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
