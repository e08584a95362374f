/** Where the code of a git trigger's runs comes from: the working tree at hand, or GIT_URL (SPEC 8). */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join, normalize, resolve } from 'node:path';
import type { Source } from '../../executor/index.js';
import {
  captureWorkingTree,
  fileUrl,
  gitSource,
  ignoredAmong,
  type RepositoryInfo,
  repositoryFolder,
  repositoryInfo,
  type Snapshot,
  workingTreeSource,
} from '../../git/index.js';
import { UsageError } from '../../lib/index.js';
import type { StringMap } from '../../schema/index.js';
import type { Difference } from './ledger.js';

export type SourceChoice = 'local' | 'remote';

/** A project's name when none is given: the repository's folder, or the definition's. */
export function defaultProject(folder: string): string {
  return basename(repositoryFolder(folder) ?? resolve(folder)) || 'project';
}

/**
 * Which source is asked for, by flag or by a GIT_SHA that is given.
 *
 * @throws UsageError for a flag that cannot be meant
 */
export function chooseSource(
  flag: SourceChoice | undefined,
  params: StringMap,
  repository: string | undefined,
): SourceChoice {
  const sha = Object.hasOwn(params, 'GIT_SHA');
  if (flag === 'local' && sha) {
    throw new UsageError(
      '--source local runs the working tree, and -p GIT_SHA= names another commit. Leave one of them out.',
    );
  }
  if (flag === 'local' && repository === undefined) {
    throw new UsageError(
      '--source local runs the working tree, and the definition lies in no git repository. Leave the flag out, or go there.',
    );
  }
  return flag ?? (sha || repository === undefined ? 'remote' : 'local');
}

/** The source of every run of a simulation that needs one. */
export interface Checkout {
  source: Source;
  repository?: RepositoryInfo | undefined;
  /** The commit of the working tree, or of HEAD where the remote's is to be run; and the one before it. */
  sha?: string | undefined;
  oldSha?: string | undefined;
  differences: Difference[];
  /** What differs because of what a script does. */
  scriptDifferences?: (script: string) => Promise<Difference[]>;
}

/**
 * GIT_URL is cloned as a worker does.
 *
 * @param given the GIT_URL that the user gave: like the repository's own addresses, it may be a folder of this host
 */
export async function remoteCheckout(folder: string, signal: AbortSignal, given?: string): Promise<Checkout> {
  const repository = await repositoryInfo(folder, signal);
  const own = [given, repository?.remoteUrl, repository && fileUrl(repository.toplevel)];
  const message = `The definition lies in no git repository: GIT_URL was cloned, and the files in ${resolve(folder)} are not in /repo.`;
  return {
    source: gitSource({ repositories: { given: own, within: folder } }),
    repository,
    sha: repository?.headSha,
    oldSha: repository?.parentSha,
    differences: repository === undefined ? [{ kind: 'working-tree', message }] : [],
    scriptDifferences: async (script) => ownerDifferences(script),
  };
}

/**
 * The working tree as it is now, for any number of runs. The scratch folder is the caller's to remove after them.
 *
 * @param exclude absolute paths of files that are left out: those that secrets were read from
 */
export async function localCheckout(
  folder: string,
  scratch: string,
  signal: AbortSignal,
  exclude: readonly string[] = [],
): Promise<Checkout> {
  try {
    const snapshot = await captureWorkingTree({ repository: folder, scratch, exclude, signal });
    return {
      source: workingTreeSource(snapshot, { repositories: { within: folder } }),
      repository: snapshot.info,
      sha: snapshot.sha,
      oldSha: snapshot.sha === snapshot.baseSha ? snapshot.info.parentSha : snapshot.baseSha,
      differences: differencesOf(snapshot),
      scriptDifferences: async (script) => [
        ...ownerDifferences(script),
        ...(await ignoredDifferences(snapshot, script, signal)),
      ],
    };
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
}

function differencesOf({ dirty, leftOut, notes, unpushed, paths }: Snapshot): Difference[] {
  const found: Difference[] = [];
  if (dirty > 0) {
    const files = dirty === 1 ? 'an uncommitted file' : `${dirty} uncommitted files`;
    found.push({
      kind: 'working-tree',
      message: `The run got ${paths.toplevel} with ${files}, which nobody has pushed.`,
    });
  }
  for (const path of leftOut) {
    found.push({ kind: 'working-tree', message: `Secrets were read from ${path}: it is not part of /repo.` });
  }
  for (const message of notes) found.push({ kind: 'working-tree', message });
  for (const message of unpushed) found.push({ kind: 'unpushed', message });
  return found;
}

/** git refuses a repository that belongs to another user; whose /repo is follows from who runs the simulation. */
function ownerDifferences(script: string): Difference[] {
  if (process.getuid?.() !== 0 || !/(^|[\s;&|(`])git\s/m.test(script) || script.includes('safe.directory')) return [];
  const message =
    'The script uses git, and /repo belongs to root here. Where a worker runs as an ordinary user, git in the container refuses it (dubious ownership): `git config --global --add safe.directory /repo` first.';
  return [{ kind: 'repo-owner', message }];
}

/** Files that the script names, the working tree has, and git ignores: a push would not bring them to /repo. */
async function ignoredDifferences(snapshot: Snapshot, script: string, signal: AbortSignal): Promise<Difference[]> {
  const { toplevel } = snapshot.paths;
  const words = new Set(script.match(/[\w./+@%-]+/g)?.map((word) => normalize(word.replace(/^\/repo\//, ''))));
  const candidates = [...words].filter((path) => !/^(\.{0,2}$|\.\.\/|\/|\.git(\/|$))/.test(path)).slice(0, 10_000);
  const there = candidates.filter((path) => existsSync(join(toplevel, path)));
  return (await ignoredAmong(snapshot, there, signal)).map((path) => ({
    kind: 'unpushed',
    message: `The script names ${path}, which git ignores: it is in the working tree, and not in /repo.`,
  }));
}
