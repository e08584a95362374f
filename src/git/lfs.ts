/** Git LFS, where the host has it. */
import { createHash } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Log, RunFailure } from '../executor/index.js';
import { findProgram, makeFolders } from '../lib/index.js';
import { gitFailure } from './failure.js';
import { readGit, streamGit } from './git.js';

/** Whether `git-lfs` is on PATH. */
export const hasLfs = (): boolean => findProgram('git-lfs') !== undefined;

interface LfsCall {
  env: Record<string, string>;
  signal: AbortSignal;
}

/** Adds the LFS filters to the run's `.gitconfig`; hooks of whatever repository HOME happens to lie in stay as they are. */
export async function setUpLfs(call: LfsCall & { home: string; log: Log }): Promise<void> {
  await call.log.info('Setting up Git LFS');
  try {
    await streamGit({ args: ['lfs', 'install', '--skip-repo'], cwd: call.home, ...call }, call.log);
  } catch (error) {
    throw gitFailure(
      'Could not set up Git LFS',
      error,
      'Run `git lfs install` yourself to see more, or remove git-lfs.',
    );
  }
}

/** The LFS files of a commit, where one of the stores has them: what is not pushed cannot be downloaded. */
export async function copyLargeFiles(
  directory: string,
  sha: string,
  stores: readonly string[],
  { env, signal }: LfsCall,
): Promise<void> {
  for (const oid of await largeFiles(directory, sha, { env, signal })) {
    const path = join('objects', oid.slice(0, 2), oid.slice(2, 4), oid);
    const target = join(directory, '.git/lfs', path);
    await makeFolders(dirname(target));
    for (const store of stores) if (await copyObject(join(store, path), target, oid)) break;
  }
}

async function largeFiles(cwd: string, sha: string, { env, signal }: LfsCall): Promise<string[]> {
  const output = (await readGit({ args: ['lfs', 'ls-files', '--long', sha], cwd, env, signal })).toString();
  return [...output.matchAll(/^[0-9a-f]{64}(?= )/gm)].map(([oid]) => oid);
}

/** A regular file with this SHA-256, never what a link names. @returns false when there is none */
async function copyObject(from: string, to: string, oid: string): Promise<boolean> {
  const file = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error) => {
    if (/^(ENOENT|ENOTDIR|ELOOP|ENXIO)$/.test(error.code)) return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    if (!(await file.stat()).isFile()) return false;
    const hash = createHash('sha256');
    const hashed = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    };
    await pipeline(file.createReadStream({ autoClose: false }), hashed, createWriteStream(to, { flags: 'wx' }));
    if (hash.digest('hex') === oid) return true;
    throw new RunFailure('setup', `The LFS object ${from} is damaged. Remove it, and run \`git lfs fetch\`.`, {
      environment: 'git',
    });
  } finally {
    await file.close();
  }
}

/**
 * Sentences about large files that a push would not take along: only the hook that `git lfs install` makes uploads them.
 *
 * @param hooks the folder of the user's hooks
 */
export async function lfsNotes(directory: string, sha: string, hooks: string, call: LfsCall): Promise<string[]> {
  const hook = await readFile(join(hooks, 'pre-push'), 'utf8').catch(() => '');
  if (/\blfs\b/.test(hook)) return [];
  const count = (await largeFiles(directory, sha, call)).length;
  if (count === 0) return [];
  const files = count === 1 ? 'one LFS file' : `${count} LFS files`;
  return [
    `Whether ${files} of this commit are on the server could not be checked, and a push does not upload them: the pre-push hook of Git LFS is missing. Run \`git lfs install\` and \`git lfs push\`.`,
  ];
}
