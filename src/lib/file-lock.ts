/**
 * Locks of the kernel's (flock), which go with the process that has them, however it ends.
 * Node has no such call; `flock` of util-linux locks the open file that it is handed, and the
 * lock is that file's, so that it stays ours when the helper has ended. The reference worker
 * locks the same files the same way: the two keep out of each other's way in one folder.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { EnvironmentError } from './errors.js';

export interface FileLock {
  /** What is to stand in the file, for whoever asks who has it. */
  say(text: string): Promise<void>;
  /** May be called twice. The file stays: removing it would let two have it. */
  release(): Promise<void>;
}

const TAKEN = 75;

/**
 * @returns the lock; undefined while another process has it
 * @throws EnvironmentError when the file cannot be opened, or there is no `flock`
 */
export async function takeFileLock(path: string): Promise<FileLock | undefined> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600).catch(
    (cause: NodeJS.ErrnoException) => {
      throw new EnvironmentError(`The lock ${path} cannot be opened: ${cause.message}. Give this user the folder.`, {
        cause,
      });
    },
  );
  if (!(await flock(file, path))) {
    await file.close();
    return undefined;
  }
  let held: FileHandle | undefined = file;
  return {
    say: async (text) => {
      await file.truncate();
      await file.write(text, 0);
    },
    release: async () => {
      const mine = held;
      held = undefined;
      await mine?.close();
    },
  };
}

async function flock(file: FileHandle, path: string): Promise<boolean> {
  const helper = spawn('flock', ['--exclusive', '--nonblock', '--conflict-exit-code', String(TAKEN), '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file.fd],
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    helper.on('error', reject).on('close', resolve);
  }).catch(async (cause: NodeJS.ErrnoException) => {
    await file.close();
    const message = `The lock ${path} cannot be taken: there is no flock command. Install util-linux, and try again.`;
    throw new EnvironmentError(message, { cause });
  });
  if (status === 0) return true;
  if (status === TAKEN) return false;
  await file.close();
  throw new EnvironmentError(`The lock ${path} cannot be taken: flock ended with ${status}. Is it a network folder?`);
}
