/**
 * Kernel locks (flock), which end with the process that holds them, however it ends. Node has no such call; `flock`
 * of util-linux locks the open file that it gets, and the lock belongs to that open file, so it stays ours when the
 * helper has ended. The reference worker locks the same files the same way: one folder never has two workers.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { EnvironmentError, systemWords } from './errors.js';
import { ProcessError, runProcess } from './process.js';

export interface FileLock {
  /** Replaces the file's text, which names the holder to others. */
  write(text: string): Promise<void>;
  /** May be called twice. The file stays: if it were removed, two processes could hold the lock. */
  release(): Promise<void>;
}

const TAKEN = 75;
const PATIENCE_MS = 30_000;

/**
 * @returns the lock; undefined while another process holds it
 * @throws EnvironmentError when the file cannot be opened, or there is no `flock`
 */
export async function takeFileLock(path: string): Promise<FileLock | undefined> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600).catch((cause) => {
    throw new EnvironmentError(
      `The lock ${path} cannot be opened: ${systemWords(cause)}. Give this user access to its folder.`,
      { cause },
    );
  });
  if (!(await flock(file, path))) {
    await file.close();
    return undefined;
  }
  let held: FileHandle | undefined = file;
  return {
    write: async (text) => {
      try {
        await file.truncate();
        await file.write(text, 0);
      } catch (error) {
        throw Object.assign(error as Error, { path });
      }
    },
    release: async () => {
      const mine = held;
      held = undefined;
      await mine?.close();
    },
  };
}

async function flock(file: FileHandle, path: string): Promise<boolean> {
  const args = ['--exclusive', '--nonblock', '--conflict-exit-code', String(TAKEN), '0'];
  try {
    const { status, failure } = await runProcess(['flock', ...args], { stdin: file.fd, timeoutMs: PATIENCE_MS });
    if (failure === undefined) return true;
    if (status === TAKEN) return false;
    throw new EnvironmentError(
      `The lock ${path} cannot be taken: flock ended with ${failure}. Is it a network folder?`,
    );
  } catch (error) {
    await file.close();
    if (!(error instanceof ProcessError)) throw error;
    const repair = error.reason === 'not-found' ? ' Install util-linux, and try again.' : '';
    throw new EnvironmentError(`The lock ${path} cannot be taken: flock ${error.message}.${repair}`, { cause: error });
  }
}
