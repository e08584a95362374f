/**
 * The folder of a simulated run (SPEC 8): clean when the run begins; afterwards it keeps
 * what is listed here and nothing else, no secret above all.
 */
import { type Dirent, existsSync, readdirSync, realpathSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { openWorkspace, RunFailure, removeSecrets, type Workspace } from '../../executor/index.js';
import {
  EnvironmentError,
  makeFolder,
  makeFolderBelow,
  type RemoveAsRoot,
  type RemovedOrKept,
  readBoundedText,
  removeOrSetAside,
  removeTree,
  removeTreeNow,
  UsageError,
  writeFresh,
} from '../../lib/index.js';
import { abandonedWorkspaces, lockWorkspace, tryLock } from './workspace-lock.js';
import { CONSOLE, LARGEST_KEPT, locksIn, scratchIn, volumesIn } from './workspace-names.js';

/** Says that a folder is ours to clear. */
const MARKER = '.jobserv-workspace';
const MARKER_TEXT = 'A workspace of `jobserv simulate`: the next run in it clears it.\n';

const RUNDEF = 'rundef.json';
const RESULT = 'result.json';
const KEPT = new Set([MARKER, RUNDEF, CONSOLE, 'archive', RESULT]);
/** What an earlier run left and nobody could remove: for a person to look at. */
const SET_ASIDE = '.set-aside';
/** What is set aside of these may hold a secret. */
const SECRETS = /^(secrets|\.netrc|\.curlrc|\.gitconfig)-/;
/** Large, and without secrets: not removed in haste, and kept on request. */
const CHECKOUTS = new Set(['repo', 'script-repo']);

export interface SimulationWorkspace extends Workspace {
  readonly rundef: string;
  readonly console: string;
  readonly result: string;
  /** Of the run before: what could not be removed, and is out of the way now. */
  readonly leftBefore: readonly RemovedOrKept[];
  /**
   * Removes all that is not kept, the secrets first, and gives the workspace free. May be called twice.
   *
   * @returns what could not be removed, and is out of the way now
   * @throws EnvironmentError when a secret could not be removed
   */
  close(options?: { keepCheckouts?: boolean }): Promise<RemovedOrKept[]>;
  /** For the last moment of a process: removes the secrets at once and nothing else. */
  removeSecretsNow(): void;
}

export interface WorkspaceOptions {
  locks: string;
  /** Removes what another user owns. */
  asRoot: RemoveAsRoot;
  /** The folder that the user named with `--workspace`: this one, or one above it. */
  named?: string | undefined;
}

/**
 * Takes the folder for one run, and empties it.
 *
 * @throws UsageError when another simulation uses it; UsageError for a named folder, RunFailure for another one, that
 *   is no folder or holds something that is not ours; EnvironmentError when it cannot be made
 */
export async function openSimulationWorkspace(root: string, options: WorkspaceOptions): Promise<SimulationWorkspace> {
  const problem = foreignFolder(root);
  if (problem !== undefined && options.named !== undefined)
    throw new UsageError(`${problem} Name another with --workspace.`);
  if (problem !== undefined) {
    const message = `${problem} Move it away, or name another with --workspace.`;
    throw new RunFailure('setup', message, { environment: 'workspace' });
  }
  const workspace = await openFolder(root, options.named);
  const lock = await lockWorkspace(options.locks, realpathSync(root));
  try {
    const leftBefore = await removeEntries(root, options.asRoot, (name) => name === MARKER);
    // What is there came with the folder, and may be a link.
    await writeFresh(join(root, MARKER), MARKER_TEXT);
    return {
      ...workspace,
      leftBefore,
      rundef: join(root, RUNDEF),
      console: join(root, CONSOLE),
      result: join(root, RESULT),
      close: async ({ keepCheckouts = false } = {}) => {
        const kept = (name: string) => KEPT.has(name) || (keepCheckouts && CHECKOUTS.has(name));
        const left = await removeEntries(root, options.asRoot, kept).finally(() => lock.release());
        const secret = left.find(({ keptAt = '' }) => SECRETS.test(basename(keptAt)));
        if (secret === undefined) return left;
        throw new EnvironmentError(`${secret.problem} It is in ${secret.keptAt} now, and may hold a secret.`);
      },
      removeSecretsNow: () => {
        for (const name of readdirSync(root)) {
          if (!KEPT.has(name) && !CHECKOUTS.has(name) && name !== SET_ASIDE) removeTreeNow(join(root, name));
        }
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openFolder(root: string, named: string | undefined): Promise<Workspace> {
  try {
    const below = named === undefined ? '' : relative(resolve(named), root);
    // The named folder may lie in a clone, which brings its own links: they would lead elsewhere.
    if (named !== undefined && below !== '') await makeFolderBelow(await makeFolder(named), below.split(sep), 0o700);
    return await openWorkspace(root);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const where =
      'It is the workspace of a run: name another with --workspace, or set XDG_CACHE_HOME to move all of them.';
    throw new EnvironmentError(`${error.message} ${where}`, { cause: error });
  }
}

/** Why the folder cannot be cleared: a sentence. */
function foreignFolder(root: string): string | undefined {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // openWorkspace makes it, or says why that cannot be. One that is there and cannot be read is not cleared.
    if (code === 'ENOENT' || code === 'ENAMETOOLONG' || (code === 'ENOTDIR' && !existsSync(root))) return undefined;
    if (code !== 'ENOTDIR') throw error;
    return `The workspace ${root} is no folder.`;
  }
  if (names.length === 0 || names.includes(MARKER)) return undefined;
  return `The folder ${root} is not empty and is no workspace of an earlier simulation, so it is not cleared.`;
}

/**
 * Removes all that is not kept, the secrets first; everything is tried.
 *
 * @returns what cannot be removed, and is in the folder `.set-aside` now
 */
async function removeEntries(
  root: string,
  asRoot: RemoveAsRoot,
  kept: (name: string) => boolean,
): Promise<RemovedOrKept[]> {
  await removeSecrets(root, asRoot).catch(() => {});
  const names = readdirSync(root).filter((name) => name !== SET_ASIDE && !kept(name));
  const ends = await Promise.all(
    names.map((name) => removeOrSetAside(join(root, name), join(root, SET_ASIDE), asRoot)),
  );
  return ends.filter(({ keptAt }) => keptAt !== undefined);
}

/**
 * Removes the secrets that killed simulations left, their locks, and their folders below
 * `scratch` altogether. Answers the folders that were cleared.
 */
export async function clearAbandoned(options: WorkspaceOptions & { scratch: string }): Promise<string[]> {
  const cleared: string[] = [];
  for (const root of await abandonedWorkspaces(options.locks)) {
    const lock = await tryLock(options.locks, root);
    if (!('release' in lock)) continue;
    try {
      if (dirname(root) === options.scratch) {
        await removeTree(root, options.asRoot);
        cleared.push(root);
      } else if (await isWorkspace(root)) {
        await removeEntries(root, options.asRoot, (name) => KEPT.has(name));
        cleared.push(root);
      }
    } finally {
      lock.release();
    }
  }
  return cleared;
}

function isWorkspace(root: string): Promise<boolean> {
  return lstat(join(root, MARKER)).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Whether the last run in a workspace failed, or did not come to its end; false where there was none. */
export async function didNotPass(root: string): Promise<boolean> {
  if (!existsSync(join(root, RUNDEF))) return false;
  try {
    const text = await readBoundedText(join(root, RESULT), { maxBytes: LARGEST_KEPT });
    return JSON.parse(text).status !== 'PASSED';
  } catch {
    // The process was ended before there was a result.
    return true;
  }
}

/** Every workspace in the user's cache: `<project>/<trigger>/<run>`. A volume, which scripts write to, is none. */
export async function storedWorkspaces(cache: string): Promise<string[]> {
  const others = [locksIn(cache), scratchIn(cache), volumesIn(cache)];
  let level = (await folders(cache)).filter((path) => !others.includes(path));
  for (let depth = 0; depth < 2; depth++) level = (await Promise.all(level.map(folders))).flat();
  const found = await Promise.all(level.map(isWorkspace));
  return level.filter((_, index) => found[index]).sort();
}

async function folders(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch((): Dirent[] => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(parent, entry.name));
}
