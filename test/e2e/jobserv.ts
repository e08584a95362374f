import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { screen } from '../support/screen.js';

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Options {
  cwd?: string;
  input?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** An open file instead of a pipe. */
  stdout?: number;
}

/** The command while it runs. */
export interface Running {
  process: ChildProcess;
  /** Resolves when stdout and stderr together hold the text; rejects when they end without it. */
  says(text: string | RegExp): Promise<void>;
  ended: Promise<Ended>;
}

/** Starts the installed command as a user would. */
export function startJobserv(args: string[], options: Options = {}): Running {
  return watch(installedCommand(), args, options);
}

/** Runs the installed command, and waits for its end. */
export async function jobserv(args: string[], options: Options = {}): Promise<Ended> {
  const { process, ended } = startJobserv(args, options);
  process.stdin?.end(options.input ?? '');
  return ended;
}

/** The same with a terminal of its own; what is typed goes to `process.stdin`, all that is shown is in `stdout`. */
export function inTerminal(args: string[], options: Options = {}): Running {
  const words = [installedCommand(), ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  return shellInTerminal(words.join(' '), options);
}

/** What stands on a terminal after this output: spinners have been erased, control sequences are gone. */
export function rowsOf(output: string): string[] {
  const terminal = screen();
  terminal.stream.write(output);
  return terminal.rows();
}

/** A shell's command line in a terminal of its own. */
export function shellInTerminal(command: string, options: Options = {}): Running {
  return watch('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    ...options,
    env: { TERM: 'xterm-256color', ...options.env },
  });
}

/** The path of the command. */
export function installedCommand(): string {
  return join(inject('installation'), 'node_modules/.bin/jobserv');
}

/** Starts a program, with the environment of a test and what the options add. */
export function watch(command: string, args: string[], options: Options): Running {
  const child = spawn(command, args, {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env['PATH'], HOME: inject('installation'), ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
  });
  const ended: Ended = { status: null, stdout: '', stderr: '' };
  let changed = () => {};
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    ended.stdout += text;
    changed();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    ended.stderr += text;
    changed();
  });
  const end = new Promise<Ended>((resolve, reject) =>
    child.on('error', reject).on('close', (status, signal) => {
      // As a shell tells a death by a signal.
      ended.status = status ?? (signal === 'SIGKILL' ? 137 : null);
      resolve(ended);
    }),
  );
  const says = (text: string | RegExp) =>
    new Promise<void>((resolve, reject) => {
      changed = () => {
        const all = ended.stdout + ended.stderr;
        if (typeof text === 'string' ? all.includes(text) : text.test(all)) resolve();
      };
      changed();
      end.then(() => reject(new Error(`it ended without saying ${text}:\n${ended.stdout}${ended.stderr}`)), reject);
    });
  return { process: child, says, ended: end };
}

/** A new folder with these files. */
export function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-e2e-files-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
