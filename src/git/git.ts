/** The one place that starts git: an argument vector, never a shell, and a whole process group that an abort kills. */
import { access } from 'node:fs/promises';
import type { Log } from '../executor/ports.js';
import { RunFailure } from '../executor/ports.js';

export interface GitCall {
  args: string[];
  cwd: string;
  /** All of it: nothing is inherited (environment.ts). */
  env: Record<string, string>;
  signal: AbortSignal;
  /** Fed to stdin, which is closed otherwise. */
  input?: string | Uint8Array;
}

/** git ran and failed. `output` is the end of what it said, at most 16 KiB. */
export class GitError extends Error {
  override name = 'GitError';
  readonly args: readonly string[];
  readonly exitCode: number | undefined;
  readonly output: string;

  constructor(args: readonly string[], exitCode: number | undefined, output: string) {
    super(`git ${args[0] ?? ''} ended with ${exitCode ?? 'a signal'}: ${output.trim()}`);
    this.args = args;
    this.exitCode = exitCode;
    this.output = output;
  }
}

const TAIL_BYTES = 16 * 1024;

/** gc would go on in the background, out of reach of an abort, in a folder that may be gone. */
const SETTINGS = ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false', '-c', 'core.askPass='];

/**
 * Runs git and answers its stdout.
 *
 * @throws GitError when it exits non-zero; `RunFailure('setup')` when there is no git; the signal's reason
 */
export async function readGit(call: GitCall): Promise<Buffer> {
  const { child } = await start(call);
  const stdout: Buffer[] = [];
  const stderr = new Tail();
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  await finish(call, child, stderr);
  return Buffer.concat(stdout);
}

/** Runs git, its stdout and stderr going to the console as they come; git waits while the log does. Throws as `readGit`. */
export async function streamGit(call: GitCall, log: Log): Promise<void> {
  const { child } = await start(call);
  const tail = new Tail();
  try {
    for await (const chunk of child.all) {
      tail.push(chunk);
      await log.raw(chunk);
    }
  } catch (error) {
    // Whoever stops listening ends the child: it would wait for its reader for ever.
    killGroup(child.pid);
    await child.catch(() => undefined);
    call.signal.throwIfAborted();
    throw error;
  }
  await finish(call, child, tail);
}

type Child = ReturnType<typeof spawnGit>;

function spawnGit(execa: typeof import('execa').execa, call: GitCall) {
  // Files of a clone are as a worker's are, whatever mask the user has; starting a child is synchronous.
  const umask = process.umask(0o022);
  try {
    return execa('git', [...SETTINGS, ...call.args], {
      cwd: call.cwd,
      env: call.env,
      extendEnv: false,
      input: call.input ?? '',
      all: true,
      buffer: false,
      encoding: 'buffer',
      reject: false,
      // A group of its own: git's helpers (git-remote-https, ssh, filters) die with it.
      detached: true,
      cleanup: false,
    });
  } finally {
    process.umask(umask);
  }
}

/** Answers the child in an object: it is a promise itself, and would be waited for. */
async function start(call: GitCall): Promise<{ child: Child }> {
  // Loaded when git is needed: a command that needs none should not pay for it.
  const { execa } = await import('execa');
  call.signal.throwIfAborted();
  const child = spawnGit(execa, call);
  const { pid } = child;
  if (pid === undefined) return { child };
  const abort = () => killGroup(pid);
  call.signal.addEventListener('abort', abort, { once: true });
  trackGroup(pid);
  const forget = () => {
    call.signal.removeEventListener('abort', abort);
    groups.delete(pid);
  };
  child.then(forget, forget);
  return { child };
}

/** Resolves when git has ended well. Its pipes are closed by then: whoever held them, helpers included, is gone. */
async function finish(call: GitCall, child: Child, stderr: Tail): Promise<void> {
  const result = await child;
  call.signal.throwIfAborted();
  if (!result.failed) return;
  if (child.pid === undefined) throw await notStarted(call, result);
  throw new GitError(call.args, result.exitCode, stderr.text());
}

async function notStarted(call: GitCall, { cause }: { cause?: unknown }): Promise<unknown> {
  // A folder that is not there gives the same error as a git that is not there: that of `access` says which.
  await access(call.cwd);
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) {
    return new RunFailure('setup', 'git could not be started on this host.', { environment: 'git', cause });
  }
  const message = 'git could not be started: it is not installed, or not on PATH. Install it and run again.';
  return new RunFailure('setup', message, { environment: 'git', cause });
}

const groups = new Set<number>();

function trackGroup(pid: number): void {
  // One listener for all: a second Ctrl-C ends us at once, and git, in a group of its own, would not hear of it.
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
    // ESRCH: all of the group is gone, which is what was asked.
  }
}

/** The last bytes of a stream. */
class Tail {
  private bytes = Buffer.alloc(0);

  push(chunk: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes, chunk]).subarray(-TAIL_BYTES);
  }

  text(): string {
    return this.bytes.toString('utf8');
  }
}
