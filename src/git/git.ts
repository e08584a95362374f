/** The one place that starts git, with settings that let no repository choose a program. */
import { type Log, RunFailure } from '../executor/index.js';
import { ProcessError, runProcess, startProcess, Tail } from '../lib/index.js';

export interface GitCall {
  args: string[];
  cwd: string;
  /** All of it: nothing is inherited (environment.ts). */
  env: Record<string, string>;
  signal: AbortSignal;
  /** Fed to stdin, which is closed otherwise. */
  input?: string | Uint8Array;
}

/** git ran and failed. `output` is the end of what it printed, at most 16 KiB. */
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

/** A list of the files of a large tree, in bytes. */
const MOST_OUTPUT = 1024 * 1024 * 1024;

/** For every call; they win over all configuration files, and reach git's own children. */
const SETTINGS = Object.entries({
  // gc would go on in the background, out of reach of an abort, in a folder that may be gone.
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'core.askPass': '',
  // A repository that was only cloned starts no program here: not by a folder that looks like a bare repository,
  // nor by hooks, a file system monitor, or a command that lists references.
  'safe.bareRepository': 'explicit',
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.alternateRefsCommand': '',
  // With several workers git ends with 0 although files could not be written.
  'checkout.workers': '1',
  // What a run needs is written again by its next run; waiting for the disk after each object takes long.
  'core.fsync': 'none',
  // New objects live as long as the simulation: compressing them takes longer than copying them.
  'core.compression': '0',
  'pack.compression': '0',
  'pack.packSizeLimit': '0',
}).flatMap(([key, value]) => ['-c', `${key}=${value}`]);

/** Runs git and answers its stdout. Throws as `runGit`. */
export async function readGit(call: GitCall): Promise<Buffer> {
  return (await runGit(call)).stdout;
}

/**
 * Runs git to its end. `warnings` is the end of its stderr, at most 16 KiB.
 *
 * @throws GitError when it exits non-zero; `RunFailure('setup')` when there is no git; the signal's reason
 */
export async function runGit(call: GitCall): Promise<{ stdout: Buffer; warnings: string }> {
  const { stdout, stderr, status } = await runProcess(['git', ...SETTINGS, ...call.args], {
    ...optionsOf(call),
    maxBytes: MOST_OUTPUT,
  }).catch(notRun);
  if (status !== 0) throw new GitError(call.args, status, stderr);
  return { stdout, warnings: stderr };
}

/** Runs git, its stdout and stderr going to the console as they come; git waits while the log does. Throws as `runGit`. */
export async function streamGit(call: GitCall, log: Log): Promise<void> {
  const child = startProcess(['git', ...SETTINGS, ...call.args], optionsOf(call));
  const tail = new Tail();
  try {
    for await (const chunk of child.all) {
      tail.push(chunk);
      await log.raw(chunk);
    }
  } catch (error) {
    // Whoever stops reading ends the child: it would wait for its reader for ever.
    child.kill();
    await child.ended.catch(() => undefined);
    call.signal.throwIfAborted();
    throw error;
  }
  const { status } = await child.ended.catch(notRun);
  if (status !== 0) throw new GitError(call.args, status, tail.text());
}

/** Files of a clone are as a worker's are, whatever mask the user has. */
function optionsOf({ cwd, env, input, signal }: GitCall) {
  return { cwd, env, input, signal, umask: 0o022 };
}

function notRun(error: unknown): never {
  if (!(error instanceof ProcessError)) throw error;
  const message =
    error.reason === 'not-found'
      ? 'git could not be started: it is not installed, or not on PATH. Install it and run again.'
      : `git ${error.message}.`;
  throw new RunFailure('setup', message, { environment: 'git', cause: error });
}
