/**
 * The state of a run between two steps of its story, and how a step ends. The state is plain data: it is written to
 * a file, and another process continues where the one that wrote it died.
 */
import { EnvironmentError, machineFault } from '../lib/index.js';

/** Why a run FAILED. `script`: it exited non-zero, or was killed by the kernel. */
export type FailureCause =
  | 'script'
  | 'tests'
  | 'timeout'
  | 'cancelled'
  | 'setup'
  | 'artifacts'
  | 'lost'
  | 'interrupted';

/** The part of the environment that was not there (exit status 3), where that is why a run failed. */
export type Environment = 'engine' | 'registry' | 'git' | 'server' | 'disk' | 'workspace';

interface FailureOptions {
  environment?: Environment;
  /** What to do about it, sentences: the end of the message. */
  advice?: string;
  final?: boolean;
  retryAfterMs?: number;
  cause?: unknown;
}

/** An expected reason for FAILED; its message is a sentence for the console. */
export class RunFailure extends Error {
  override name = 'RunFailure';
  readonly reason: FailureCause;
  readonly environment: Environment | undefined;
  /** The message without `advice`. */
  readonly finding: string;
  readonly advice: string | undefined;
  /** Trying again would bring the same answer. */
  readonly final: boolean;
  /** How long to wait before the next try, as the other side demands it, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: FailureCause, finding: string, options: FailureOptions = {}) {
    const message = options.advice === undefined ? finding : `${finding} ${options.advice}`;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.finding = finding;
    this.advice = options.advice;
    this.reason = reason;
    this.environment = options.environment;
    this.final = options.final ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** `upAt`: when the run's time is up, by `monotonicMs`, which all processes of a machine share; `left`: ms, while the clock is paused. */
export type ClockState = { upAt: number } | { left: number };

export interface ImageInfo {
  /** The engine's id of the image, `sha256:…`. */
  id: string;
  /** The registry's digest, `sha256:…`, when the image came from one. */
  digest?: string;
  os: string;
  architecture: string;
  /** The reference was an id, which means nothing on another machine. */
  byId?: boolean;
  /** Absent when the image has none. */
  entrypoint?: string[];
}

export interface ContainerExit {
  /** 0–255; 128 + n for a death by signal n. */
  exitCode: number;
  oomKilled: boolean;
  /** The engine's own words when it could not start the process. */
  error?: string;
}

/** A script that requests a reboot, and what runs after it. */
export interface RebootRequest {
  cold: boolean;
  /** The script that runs after the reboot. */
  script: string;
}

/** How many bytes of each stream were read. They are counted separately: their order is not always the same. */
export interface StreamPosition {
  stdout: number;
  stderr: number;
}

/** A position in the console of one container. */
export interface ConsolePosition extends StreamPosition {
  container: string;
}

/** The end of a step: with a failure, or without one. */
export interface Ended {
  failure?: { reason: FailureCause; message: string; environment?: Environment };
}

/** Steps that are done once, whichever process does them. */
export type Step = 'scripts' | 'upload' | 'tests' | 'verdict';

/** A field is absent while the story has not reached that step. */
export interface Checkpoint {
  image?: ImageInfo | undefined;
  clock?: ClockState | undefined;
  /** The engine's id of the container that was made; it has been started unless this process died in between. */
  container?: string | undefined;
  /** How that container ended. */
  exit?: ContainerExit | undefined;
  /** A reboot that was requested and is not over. */
  reboot?: RebootRequest | undefined;
  /** The script to run after a reboot, instead of the rundef's. */
  script?: string | undefined;
  scripts?: Ended | undefined;
  upload?: Ended | undefined;
  tests?: Ended | undefined;
  verdict?: Ended | undefined;
  /** Whether the verdict was written to the console. */
  told?: boolean | undefined;
}

/** A failure as the checkpoint keeps it. */
export function recordOf(failure: RunFailure | undefined): Ended {
  if (failure === undefined) return {};
  const { reason, message, environment } = failure;
  return { failure: { reason, message, ...(environment && { environment }) } };
}

function failureOf({ failure }: Ended): RunFailure | undefined {
  if (failure === undefined) return undefined;
  const { reason, message, environment } = failure;
  return new RunFailure(reason, message, environment && { environment });
}

/** The checkpoint of a run in progress: every change is kept. */
export class Notes {
  readonly known: Checkpoint;
  readonly #keep: (known: Checkpoint) => void | Promise<void>;

  constructor(resumed: Checkpoint | undefined, keep: (known: Checkpoint) => void | Promise<void>) {
    this.known = { ...resumed };
    this.#keep = keep;
  }

  async add(news: Checkpoint): Promise<void> {
    Object.assign(this.known, news);
    await this.#keep({ ...this.known });
  }

  /** Does a step, unless an earlier process has done it: then its result is returned. */
  async once(step: Step, work: () => Promise<RunFailure | undefined>): Promise<RunFailure | undefined> {
    const before = this.known[step];
    if (before !== undefined) return failureOf(before);
    const failure = await work();
    await this.add({ [step]: recordOf(failure) });
    return failure;
  }
}

/** Runs `work`; returns the failure that ended it. The signal's reason takes precedence over the error that its abort caused. */
export async function endedBy(signal: AbortSignal, work: () => Promise<void>): Promise<RunFailure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (signal.aborted && signal.reason instanceof RunFailure) return signal.reason;
    return asFailure(error);
  }
}

/** @throws the error itself when it is not an expected failure */
export function asFailure(error: unknown): RunFailure {
  if (error instanceof RunFailure) return error;
  const fault = error instanceof EnvironmentError ? error.message : machineFault(error);
  if (fault === undefined) throw error;
  return new RunFailure('setup', fault, { environment: 'disk', cause: error });
}

const KILLED = 128 + 9;

/**
 * @param script its text, where the run definition has it
 * @throws RunFailure(script) unless the script exited with 0
 */
export function throwUnlessPassed(exit: ContainerExit, memoryBytes: number | undefined, script = ''): void {
  if (exit.exitCode === 0) return;
  const limit = memoryBytes === undefined ? '' : ` of ${memoryBytes} bytes`;
  const its = memoryBytes === undefined ? '' : `; its limit is ${memoryBytes} bytes`;
  let message = `The script exited with status ${exit.exitCode}.`;
  if (exit.error !== undefined) {
    message = `The script could not be started (status ${exit.exitCode}): ${exit.error}.${hintFor(exit, script)}`;
  } else if (exit.oomKilled) message = `The script was killed: out of memory (OOM), more than its limit${limit}.`;
  else if (exit.exitCode > 128 && exit.exitCode < 160) {
    // An engine does not notice every time why the kernel has killed something.
    const why = exit.exitCode === KILLED ? `, as the kernel does to what is out of memory (OOM)${its}` : '';
    message = `The script exited with status ${exit.exitCode}: killed by signal ${exit.exitCode - 128}${why}.`;
  } else message += HINTS[exit.exitCode] ?? '';
  throw new RunFailure('script', message);
}

/** What shells mean by a status. */
const HINTS: Readonly<Record<number, string>> = {
  126: ' As a rule that means: a file that it calls may not be executed (chmod +x), or is no program.',
  127: ' As a rule that means: a command that it calls is not in the image. The console names it.',
};

/** What can be done about a script that could not be started. */
function hintFor({ exitCode, error = '' }: ContainerExit, script: string): string {
  const format = /exec format error/i.test(error);
  if (!format && (exitCode === 126 || /permission denied/i.test(error))) {
    return ' Is the file executable? A script of a script-repo needs it in git: git update-index --chmod=+x PATH.';
  }
  if (!format && (exitCode === 127 || /no such file or directory|not found/i.test(error))) {
    const [first = ''] = script.split('\n', 1);
    return /^#!.*\r$/.test(first)
      ? ' The first line of the script ends as on Windows (CRLF), and the carriage return counts as part of the name of its interpreter. Save the script with line feeds (LF) only.'
      : ' The interpreter that the first line of the script names has to be in the image. An image made FROM scratch has none. Line ends as on Windows (CRLF) also count as part of that name.';
  }
  return '';
}
