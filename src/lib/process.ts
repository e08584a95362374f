/**
 * The one place that starts programs: an argument vector, never a shell; a process group of its own, so that
 * helpers of a program end with it; a bound on time and output; and no variable that a secret was read from.
 */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { Readable } from 'node:stream';
import { execa, execaSync } from 'execa';
import { systemWords } from './errors.js';
import { environmentOf } from './programs.js';
import { startHeard } from './start-heard.js';

export type Command = readonly [program: string, ...args: string[]];

export interface ProcessOptions {
  cwd?: string | undefined;
  /** All of the environment; without it, `childEnvironment()`. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Fed to stdin, which is empty otherwise. */
  input?: string | Uint8Array | Readable | undefined;
  /** Kills the whole group when it aborts. */
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  /** The file mode mask of the program; ours otherwise. */
  umask?: number | undefined;
  /** An open file of ours that the program gets as stdin, in place of `input`. */
  stdin?: number | undefined;
}

/** How a program ended: exactly one of `status` and `signal` is there. */
export interface ProcessEnd {
  status?: number;
  signal?: string;
}

export interface ProcessResult extends ProcessEnd {
  stdout: Buffer;
  /** The end of what it wrote to stderr, at most 16 KiB. */
  stderr: string;
  /** `status 3: <its last words>`, for a message; undefined when it exited with 0. */
  failure?: string;
}

/** The program could not be started, or was stopped here. What a program itself fails with is a `ProcessResult`. */
export class ProcessError extends Error {
  override name = 'ProcessError';
  readonly reason: 'not-found' | 'not-started' | 'timeout' | 'too-much-output';

  /** @param message reads on after the program's name: `git is not installed, or not on PATH` */
  constructor(reason: ProcessError['reason'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

const TAIL_BYTES = 16 * 1024;
const LONGEST_FAILURE = 500;
const MOST_OUTPUT = 64 * 1024 * 1024;

export interface RunningProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Both, in the order in which they are read. */
  readonly all: Readable;
  /**
   * Resolves when the program has ended and its output is closed.
   *
   * @throws ProcessError when it was not started or took too long; the signal's reason when that aborted
   */
  readonly ended: Promise<ProcessEnd>;
  /** Kills the group. */
  kill(): void;
}

/** Starts a program whose output the caller reads as it comes. */
export function startProcess(command: Command, options: ProcessOptions = {}): RunningProcess {
  options.signal?.throwIfAborted();
  const child = startHeard(() => spawn(command, options));
  if (child === undefined) return neverStarted();
  const { pid } = child;
  const kill = () => killGroup(pid);
  let expired = false;
  const stop = () => {
    kill();
    // A helper that left the group may hold the pipes open: nobody waits for it.
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  };
  const expire = () => {
    expired = true;
    stop();
  };
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(expire, options.timeoutMs);
  options.signal?.addEventListener('abort', stop, { once: true });
  if (pid !== undefined) trackGroup(pid);
  const end = async (): Promise<ProcessEnd> => {
    const { exitCode, signal, cause } = await child.finally(() => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', stop);
      if (pid !== undefined) groups.delete(pid);
    });
    options.signal?.throwIfAborted();
    if (expired) throw new ProcessError('timeout', `did not end within ${(options.timeoutMs ?? 0) / 1000} s`);
    if (pid === undefined) throw notStarted(command[0], options.cwd, cause);
    return signal === undefined ? { status: exitCode ?? 0 } : { signal };
  };
  const { stdout, stderr, all } = child;
  const ended = end();
  // Whoever stops reading may not come to wait for the end.
  ended.catch(() => {});
  return { stdout, stderr, all, ended, kill };
}

function neverStarted(): RunningProcess {
  const [stdout, stderr, all] = [Readable.from([]), Readable.from([]), Readable.from([])];
  return { stdout, stderr, all, ended: tooManyOpen(), kill: () => {} };
}

function tooManyOpen(): Promise<never> {
  const ended = Promise.reject(new ProcessError('not-started', 'could not be started: too many files are open'));
  ended.catch(() => {});
  return ended;
}

/**
 * Runs a program to its end.
 *
 * @param options.maxBytes of stdout; more is a ProcessError
 * @throws as `RunningProcess.ended`
 */
export async function runProcess(
  command: Command,
  options: ProcessOptions & { maxBytes?: number } = {},
): Promise<ProcessResult> {
  const child = startProcess(command, options);
  const { maxBytes = MOST_OUTPUT } = options;
  const chunks: Buffer[] = [];
  const tail = new Tail();
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) child.kill();
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => tail.push(chunk));
  const end = await child.ended;
  if (size > maxBytes) throw new ProcessError('too-much-output', `wrote more than ${maxBytes} bytes`);
  const stdout = Buffer.concat(chunks);
  const result = { ...end, stdout, stderr: tail.text() };
  if (end.status === 0) return result;
  return { ...result, failure: failureOf(end, result.stderr || stdout.subarray(-TAIL_BYTES).toString()) };
}

/** `status 3: its last words`, or `SIGKILL`. @public */
export function failureOf({ status, signal }: ProcessEnd, words: string): string {
  const said = words.trim().slice(-LONGEST_FAILURE);
  return `${signal ?? `status ${status}`}${said === '' ? '' : `: ${said}`}`;
}

interface OutputOptions {
  cwd?: string | undefined;
  /** All of the environment; without it, `childEnvironment()`. */
  env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Runs a program to its end that has no input, and writes to an open file of ours. It stays in our process group:
 * what ends us at the terminal ends it.
 *
 * @throws ProcessError when it was not started
 */
export function runWithOutput(command: Command, output: number, options: OutputOptions = {}): Promise<ProcessEnd> {
  return spawnWithOutput(command, output, options, {}).ended;
}

/** Starts a program in a session of its own, which goes on when we end, and for which we do not wait. */
export function startIndependent(
  command: Command,
  output: number,
  options: OutputOptions,
): { pid: number | undefined; ended: Promise<ProcessEnd> } {
  const started = spawnWithOutput(command, output, options, { detached: true, cleanup: false });
  started.child?.unref();
  return { pid: started.child?.pid, ended: started.ended };
}

function spawnWithOutput(
  [program, ...args]: Command,
  output: number,
  { cwd, env }: OutputOptions,
  how: { detached?: boolean; cleanup?: boolean },
) {
  const streams = { stdin: 'ignore', stdout: output as 3, stderr: output as 3 } as const;
  const where = { ...(cwd === undefined ? {} : { cwd }), env: environmentOf(env), extendEnv: false } as const;
  const child = startHeard(() => execa(program, args, { ...where, ...streams, reject: false, ...how }));
  if (child === undefined) return { ended: tooManyOpen() };
  const ended = child.then(({ exitCode, signal, cause }): ProcessEnd => {
    if (child.pid === undefined) throw notStarted(program, cwd, cause);
    return signal === undefined ? { status: exitCode ?? 0 } : { signal };
  });
  return { child, ended };
}

/** Runs a program to its end and blocks until then. @throws ProcessError when it was not started or took too long */
export function runProcessSync(
  [program, ...args]: Command,
  input: string,
  timeoutMs: number,
): ProcessEnd & { stdout: string } {
  const options = { input, timeout: timeoutMs, reject: false, env: environmentOf(), extendEnv: false } as const;
  const { exitCode, signal, cause, timedOut, stdout } = execaSync(program, args, options);
  if (timedOut) throw new ProcessError('timeout', `did not end within ${timeoutMs / 1000} s`);
  if (signal !== undefined) return { signal, stdout };
  if (exitCode === undefined) throw notStarted(program, undefined, cause);
  return { status: exitCode, stdout };
}

function spawn(command: Command, { cwd, env, input = '', umask, stdin }: ProcessOptions) {
  const [program, ...args] = command;
  // execa's types have files up to 9; it takes any. The mask is inherited when the child starts, which happens before execa returns.
  const ours = umask === undefined ? undefined : process.umask(umask);
  try {
    return execa(program, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: environmentOf(env),
      extendEnv: false,
      ...(stdin === undefined ? { input } : { stdin: stdin as 3 }),
      stdout: 'pipe',
      stderr: 'pipe',
      all: true,
      buffer: false,
      encoding: 'buffer',
      reject: false,
      detached: true,
      cleanup: false,
    });
  } finally {
    if (ours !== undefined) process.umask(ours);
  }
}

function notStarted(program: string, cwd: string | undefined, cause: unknown): ProcessError {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  // A working directory that is not there gives the same error as a program that is not there.
  if (code === 'ENOENT' && cwd !== undefined && !isFolder(cwd)) {
    return new ProcessError('not-started', `could not be started: the folder ${cwd} is not there`, cause);
  }
  if (code === 'ENOENT') {
    const where = isAbsolute(program) ? 'is not there' : 'is not installed, or not on PATH';
    return new ProcessError('not-found', where, cause);
  }
  return new ProcessError('not-started', `could not be started: ${systemWords(cause)}`, cause);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

const groups = new Set<number>();

/** One listener for all: the end of our process, however sudden, ends what we started in groups of their own. */
function trackGroup(pid: number): void {
  if (groups.size === 0 && !process.listeners('exit').includes(killAllGroups)) process.on('exit', killAllGroups);
  groups.add(pid);
}

function killAllGroups(): void {
  for (const pid of groups) killGroup(pid);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: the whole group has ended.
  }
}

/** The last bytes of a stream. @public */
export class Tail {
  #bytes = Buffer.alloc(0);

  push(chunk: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(-TAIL_BYTES);
  }

  text(): string {
    return this.#bytes.toString();
  }
}
