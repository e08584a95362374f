/** What git ignores in a working tree. */
import { join } from 'node:path';
import { userEnvironment } from './environment.js';
import { type GitCall, readGit } from './git.js';
import { repositoryPaths } from './repository.js';

/** Of these files, those that match a pattern of git's ignore files. */
export async function checkIgnore(
  options: readonly string[],
  files: readonly string[],
  call: Omit<GitCall, 'args' | 'input'>,
): Promise<string[]> {
  if (files.length === 0) return [];
  const args = ['check-ignore', '-z', ...options, '--stdin'];
  const output = await readGit({ ...call, args, input: files.map((path) => `${path}\0`).join('') }).catch((error) => {
    call.signal.throwIfAborted();
    if (error instanceof Error && 'exitCode' in error && error.exitCode === 1) return Buffer.alloc(0);
    throw error;
  });
  return output.toString().split('\0').filter(Boolean);
}

/** A working tree as a commit of it would be: without what git ignores. */
export interface SeenTree {
  toplevel: string;
  /** What is ignored now, absolute paths; a folder stands for all that is in it. */
  ignored: ReadonlySet<string>;
  /** Those of the files, absolute paths, that a commit of the tree would hold. */
  seen(files: readonly string[]): Promise<string[]>;
}

/** undefined where the folder lies in no repository. */
export async function seenTree(folder: string, signal: AbortSignal): Promise<SeenTree | undefined> {
  const paths = await repositoryPaths(folder, signal);
  if (paths === undefined) return undefined;
  const { toplevel } = paths;
  const call = { cwd: toplevel, env: userEnvironment(), signal };
  const list = ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', '-z'];
  const ignored = (await readGit({ ...call, args: list })).toString().split('\0').filter(Boolean);
  return {
    toplevel,
    ignored: new Set(ignored.map((path) => join(toplevel, path.replace(/\/$/, '')))),
    seen: async (files) => {
      // Of a submodule's files git says nothing here: then all of them count.
      const hidden = new Set(await checkIgnore([], files, call).catch((): string[] => []));
      return files.filter((path) => !hidden.has(path));
    },
  };
}
