/** That a checkout is whole: git's exit status 0 alone is not believed. */
import { RunFailure } from '../executor/index.js';
import { runEnvironment } from './environment.js';
import { readGit } from './git.js';

interface CheckoutRequest {
  directory: string;
  home: string;
  signal: AbortSignal;
}

const STATUS = ['status', '--porcelain=v2', '-z', '--untracked-files=no', '--no-renames', '--ignore-submodules=dirty'];

/**
 * Compares what lies in the working tree with the commit, by git's own index. What differs is written once more, one
 * file after the other: line endings that git normalises stay "changed", a file that cannot be written fails then.
 *
 * @throws RunFailure for a file that is missing; GitError for one that cannot be written
 */
export async function verifyCheckout(request: CheckoutRequest, hasSubmodules = false): Promise<void> {
  const folders = [request.directory, ...(hasSubmodules ? await submoduleFolders(request) : [])];
  for (const folder of folders) await verifyFolder(folder, request);
}

async function verifyFolder(folder: string, { home, signal }: CheckoutRequest): Promise<void> {
  const git = (args: string[], input?: Buffer) =>
    readGit({ args, cwd: folder, env: runEnvironment(home), signal, ...(input === undefined ? {} : { input }) });
  const changed = entries(await git(STATUS));
  const staged = changed.filter(({ state }) => state[0] !== '.');
  if (staged.length > 0) throw incomplete(folder, staged);
  const unwritten = changed.filter(({ state }) => state[1] !== '.');
  if (unwritten.length === 0) return;
  const paths = Buffer.from(unwritten.map(({ path }) => `${path}\0`).join(''), 'latin1');
  await git(['checkout-index', '--force', '-z', '--stdin'], paths);
  const missing = entries(await git(STATUS)).filter(({ state, isLink }) => state[1] === 'D' || isLink);
  if (missing.length > 0) throw incomplete(folder, missing);
}

interface Entry {
  /** Of the index against HEAD, and of the working tree against the index: `.` where they agree. */
  state: string;
  /** A submodule that is not at the commit of its link. */
  isLink: boolean;
  path: string;
}

/** A byte a character: a name need not be UTF-8. */
function entries(output: Buffer): Entry[] {
  const fields = output.toString('latin1').split('\0').filter(Boolean);
  // 1 XY sub modes names path
  return fields.map((field) => {
    const words = field.split(' ');
    return { state: words[1] ?? '', isLink: words[2]?.startsWith('S') ?? false, path: words.slice(8).join(' ') };
  });
}

function incomplete(folder: string, files: Entry[]): RunFailure {
  const names = files.slice(0, 3).map(({ path }) => Buffer.from(path, 'latin1').toString());
  const more = files.length > names.length ? `, and ${files.length - names.length} more` : '';
  return new RunFailure(
    'setup',
    `git reported that the checkout at ${folder} is complete, but it differs from its commit: ${names.join(', ')}${more}. Check the disk for room and errors, and run again.`,
    { environment: 'disk' },
  );
}

/** The working trees of all submodules that are there, nested ones too. */
async function submoduleFolders({ directory, home, signal }: CheckoutRequest): Promise<string[]> {
  // git's shell runs this text of ours; names only ever stand in its variables.
  const print = 'printf "%s/%s\\0" "$toplevel" "$sm_path"';
  const args = ['submodule', '--quiet', 'foreach', '--recursive', print];
  const output = await readGit({ args, cwd: directory, env: runEnvironment(home), signal });
  return output.toString().split('\0').filter(Boolean);
}
