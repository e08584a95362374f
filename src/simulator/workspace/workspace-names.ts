/** Where simulations keep their workspaces, and how names of a project become names of folders. */
import { basename, dirname, join } from 'node:path';
import { EnvironmentError, homeFolder, makeFolder } from '../../lib/index.js';

/** The largest file that is read whole out of a workspace, bytes. */
export const LARGEST_KEPT = 256 * 1024 * 1024;

/** Where a workspace keeps the console of its run. */
export const CONSOLE = 'console.log';

/** The user's cache folder for all that is ours. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const base = platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(absolute(env['XDG_CACHE_HOME']) ?? join(homeFolder(env), base), 'jobserv');
}

/** Makes it, or a folder in it. @throws EnvironmentError that says how another folder is named */
export async function makeCacheFolder(path: string): Promise<string> {
  return makeFolder(path).catch((error: Error) => {
    if (!(error instanceof EnvironmentError)) throw error;
    const message = `${error.message} It is for the cache, which XDG_CACHE_HOME moves to another folder.`;
    throw new EnvironmentError(message, { cause: error });
  });
}

/** Where the locks of all workspaces are. */
export const locksIn = (cache: string): string => join(cache, 'locks');

/** Where objects of uncommitted trees are, while a simulation needs them. */
export const scratchIn = (cache: string): string => join(cache, 'snapshots');

/** Where the persistent volumes of workspaces in the cache are. */
export const volumesIn = (cache: string): string => join(cache, 'volumes');

const BESIDE = '.jobserv-volumes';

/** Where those of a workspace of `--workspace` are: next to it, under a name that no folder of the user's has. */
export const volumesBeside = (workspace: string): string => join(dirname(workspace), BESIDE);

export const areBeside = (volumes: string): boolean => basename(volumes) === BESIDE;

/** The base directory specification has relative ones ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}
