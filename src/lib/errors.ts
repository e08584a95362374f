import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The request cannot be meant as it stands: the command line, or a file it names, has to change (exit status 2). */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The machine does not provide what is needed: a folder, a file, a program, an output (exit status 3). */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
}

const FULL = ['the disk is full', 'Free some space, or choose a folder on another disk.'] as const;
const MANY = ['too many files are open', 'Raise the limit (ulimit -n), or do less at once.'] as const;
const FORBIDDEN = ['this user has no permission', 'Give this user access to it, or choose another folder.'] as const;
const BROKEN = ['its disk cannot be read or written', 'Check the disk, or choose a folder on another one.'] as const;

/** What the system refuses for reasons of the machine: why, and what to do. */
const MACHINE: Readonly<Record<string, readonly [string, string]>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EMFILE: MANY,
  ENFILE: MANY,
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  EROFS: ['its disk is read-only', 'Choose a folder on another disk.'],
  ENAMETOOLONG: ['its name is too long', 'Choose a shorter one.'],
  EIO: BROKEN,
  ESTALE: BROKEN,
};

/** As `machineFault`, for one reason only: this process has too many files open, whatever it was opening. */
export function tooManyFiles(error: unknown): string | undefined {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE' ? machineFault(error) : undefined;
}

/** Only with the path of a file: of a process, a socket or a number it would be a defect of ours. */
const ABOUT_A_FILE = new Set(['EACCES', 'EPERM', 'ENAMETOOLONG']);

/** A paragraph for an error of the file system that the machine is to blame for; undefined for any other error. */
export function machineFault(error: unknown): string | undefined {
  const { code = '', path, address, syscall = '' } = (error ?? {}) as NodeJS.ErrnoException & { address?: string };
  if (syscall === '' || (ABOUT_A_FILE.has(code) && (path === undefined || syscall.startsWith('spawn'))))
    return undefined;
  const fault = MACHINE[code];
  if (fault === undefined) return undefined;
  const [why, repair] = fault;
  const place = path ?? address;
  // Node names no file when writing to one that is open fails.
  const sentence = place === undefined ? capitalised(why) : `${place} cannot be used: ${why}`;
  return `${sentence} (${code}). ${repair}`;
}

const ABOUT_THE_NAME: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'what is above it is no folder',
  EISDIR: 'it is a folder',
  EBUSY: 'it is in use, or something is mounted in it',
};

/** Why the file system refused, as part of a sentence: Node's own words name a system call. */
export function systemWords(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return MACHINE[code]?.[0] ?? ABOUT_THE_NAME[code] ?? message;
}

/**
 * For a file that somebody named, and that cannot be written. Node's own words name a temporary file and a system call.
 *
 * @param what the start of a sentence: `The report`
 * @param repair a sentence, where there is a better one than that of the fault
 */
export function notWritten(what: string, path: string, error: unknown, repair?: string): EnvironmentError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const folder = dirname(resolve(path));
  const [why, advice = 'Name a file in a folder that can be written.'] = MACHINE[code] ?? [
    placeFault(code, folder) ?? message,
  ];
  return new EnvironmentError(`${what} cannot be written to ${path}: ${why}. ${repair ?? advice}`, { cause: error });
}

function placeFault(code: string, folder: string): string | undefined {
  if (code === 'ENOENT')
    return existsSync(folder) ? `no file can be made in ${folder}` : `the folder ${folder} does not exist`;
  if (code === 'ENOTDIR') return `${folder} is no folder`;
  return code === 'EISDIR' ? 'it is a folder' : undefined;
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
