/** Git LFS, where the host has it. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Log } from '../executor/ports.js';
import { gitFailure } from './failure.js';
import { streamGit } from './git.js';

/** Whether `git-lfs` is on PATH. */
export async function hasLfs(): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, 'git-lfs'), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Adds the LFS filters to the run's `.gitconfig`; hooks of whatever repository HOME happens to lie in stay as they are. */
export async function setUpLfs(call: {
  home: string;
  env: Record<string, string>;
  log: Log;
  signal: AbortSignal;
}): Promise<void> {
  await call.log.info('Setting up Git LFS');
  try {
    await streamGit({ args: ['lfs', 'install', '--skip-repo'], cwd: call.home, ...call }, call.log);
  } catch (error) {
    throw gitFailure('Could not set up Git LFS', error);
  }
}
