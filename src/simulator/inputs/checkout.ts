/** Where the code of a git trigger's runs comes from: the working tree at hand, or GIT_URL (SPEC 8). */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Source } from '../../executor/ports.js';
import type { Snapshot } from '../../git/capture.js';
import type { RepositoryInfo } from '../../git/repository-info.js';
import { UsageError } from '../../lib/errors.js';
import type { StringMap } from '../../schema/model.js';
import type { Difference } from './ledger.js';

export type SourceChoice = 'local' | 'remote';

/** The folder of the repository that `folder` lies in; undefined when it lies in none. Asks only the file system. */
export function repositoryFolder(folder: string): string | undefined {
  for (let place = resolve(folder); ; place = dirname(place)) {
    if (existsSync(join(place, '.git'))) return place;
    if (place === dirname(place)) return undefined;
  }
}

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
}

/** GIT_URL is cloned as a worker does. */
export async function remoteCheckout(folder: string, signal: AbortSignal): Promise<Checkout> {
  const [{ gitSource }, { repositoryInfo }] = await Promise.all([
    import('../../git/remote-source.js'),
    import('../../git/repository-info.js'),
  ]);
  const repository = await repositoryInfo(folder, signal);
  return {
    source: gitSource(),
    repository,
    sha: repository?.headSha,
    oldSha: repository?.parentSha,
    differences: [],
  };
}

/** The working tree as it is now, for any number of runs. The scratch folder is the caller's to remove after them. */
export async function localCheckout(folder: string, scratch: string, signal: AbortSignal): Promise<Checkout> {
  const [{ captureWorkingTree }, { workingTreeSource }, { repositoryInfo }] = await Promise.all([
    import('../../git/capture.js'),
    import('../../git/working-tree.js'),
    import('../../git/repository-info.js'),
  ]);
  try {
    const [snapshot, repository] = await Promise.all([
      captureWorkingTree({ repository: folder, scratch, signal }),
      repositoryInfo(folder, signal),
    ]);
    return {
      source: workingTreeSource(snapshot),
      repository,
      sha: snapshot.sha,
      oldSha: snapshot.sha === snapshot.baseSha ? repository?.parentSha : snapshot.baseSha,
      differences: differencesOf(snapshot),
    };
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
}

function differencesOf({ dirty, notes, paths }: Snapshot): Difference[] {
  const found = notes.map((message): Difference => ({ kind: 'working-tree', message }));
  if (dirty === 0) return found;
  const files = dirty === 1 ? 'an uncommitted file' : `${dirty} uncommitted files`;
  return [
    { kind: 'working-tree', message: `The run got ${paths.toplevel} with ${files}, which nobody has pushed.` },
    ...found,
  ];
}
