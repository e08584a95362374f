/** One container, from its creation to its removal. */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import {
  type ConsoleSink,
  type Container,
  type ContainerExit,
  RunFailure,
  type StreamPosition,
} from '../executor/index.js';
import { monotonicMs } from '../lib/index.js';
import { type EngineLimits, engineWords, isUnreachable, statusOf, within } from './client.js';
import { attach, ContainerConsole, openLog } from './console.js';
import { BrokenStream, LogDemuxer, pumpFrames } from './demux.js';
import { awaitExit, type ContainerEnd, cutFailure, engineGone, inspect, removedFailure } from './exit.js';
import { removeContainer } from './owned-containers.js';
import { startFailure } from './pull-failure.js';

/** The engine's answer to a start that came second. */
const STARTED_ALREADY = 304;
const GOING = new Set(['removing', 'dead']);
/** What runc and crun write to the console when the kernel refuses the program. */
const EXEC_FORMAT = /exec format error/i;
/** All that a container runtime writes to the console in place of a script that the kernel did not start. */
const NOT_STARTED =
  /^(?:exec \S+|standard_init_linux\.go:\d+: exec user process caused): (exec format error|no such file or directory|permission denied)\s*$/i;

/** What a container needs to know about its engine. */
export interface ContainerContext {
  limits: EngineLimits;
  /** Whether this engine's log lacks newlines, see `LogDemuxer`. */
  mendLog?: boolean;
  /** A sentence on the platforms of the container's image and of the engine. */
  platforms?: (image: string) => Promise<string>;
}

export class DockerContainer implements Container {
  readonly id: string;
  readonly #api: Docker.Container;
  readonly #context: ContainerContext;
  readonly #limits: EngineLimits;
  #console: ContainerConsole | undefined;
  #process: Promise<ContainerEnd> | undefined;
  #end: Promise<ContainerExit> | undefined;
  #removal: Promise<void> | undefined;

  constructor(api: Docker.Container, context: ContainerContext) {
    this.id = api.id;
    this.#api = api;
    this.#context = context;
    this.#limits = context.limits;
  }

  async start(sink: ConsoleSink, from?: StreamPosition): Promise<void> {
    try {
      if (from === undefined) await this.#begin(sink);
      else await this.#resume(sink, from);
    } catch (error) {
      this.#console?.close();
      if (error instanceof RunFailure) throw error;
      const failure = startFailure(error);
      if (failure instanceof RunFailure) throw failure;
      this.#end = this.#explainFormat(failure);
    }
  }

  async #begin(sink: ConsoleSink): Promise<void> {
    // Podman prepares the process here already: what it cannot start fails now.
    const console = new ContainerConsole(await attach(this.#api, this.#limits.call), sink);
    this.#console = console;
    const startedAt = monotonicMs();
    await within(this.#limits.call, () => this.#api.start());
    this.#process = awaitExit(this.#api, console, this.#limits, startedAt);
    this.#end = this.#follow(console, this.#process);
    this.#end.catch(() => {});
  }

  /** A container that another process has made: it may have died before, while or after it was started. */
  async #resume(sink: ConsoleSink, from: StreamPosition): Promise<void> {
    if (!(await this.#hasStarted())) {
      await within(this.#limits.call, () => this.#api.start()).catch((error: unknown) => {
        if (statusOf(error) !== STARTED_ALREADY) throw error;
      });
    }
    await this.#goOn(sink, from);
  }

  /** Follows it by the engine's log, from the first line that was not taken: whoever attaches now may come too late. */
  async #goOn(sink: ConsoleSink, from: StreamPosition): Promise<void> {
    const read = async (after: StreamPosition) => {
      const demuxer = new LogDemuxer(after, this.#context.mendLog ?? false);
      const stream = await openLog(this.#api, this.#limits.call);
      this.#console = new ContainerConsole(stream, sink, demuxer);
      return { console: this.#console, demuxer };
    };
    const { console, demuxer } = await read(from);
    this.#process = awaitExit(this.#api, console, this.#limits);
    this.#end = this.#follow(console, this.#process).then(async (exit) => {
      // An engine may end a log that it follows before it has read it to its end.
      const { stdout, stderr } = demuxer.position;
      const taken = { stdout: Math.max(stdout, from.stdout), stderr: Math.max(stderr, from.stderr) };
      await (await read(taken)).console.done;
      return exit;
    });
    this.#end.catch(() => {});
  }

  async #hasStarted(): Promise<boolean> {
    try {
      const { State } = await inspect(this.#api, this.#limits.call);
      return State.Status !== 'created';
    } catch (error) {
      if (statusOf(error) === 404) throw removedFailure();
      throw this.#lost(error);
    }
  }

  async wait(): Promise<ContainerExit> {
    if (!this.#end) throw new Error('wait was called before start');
    return this.#end;
  }

  async kill(): Promise<void> {
    try {
      await within(this.#limits.call, () => this.#api.kill({ signal: 'KILL' }));
    } catch (error) {
      if (!hasEnded(error)) throw this.#lost(error);
    }
    const ended = this.#process?.catch(() => {});
    if (ended) await within(this.#limits.call, () => ended);
  }

  /**
   * The first MiB. A command that does not end in time is left to the container's end, and what it wrote is answered.
   *
   * @throws RunFailure(lost) when the command could not be started
   */
  async exec(argv: string[], timeoutMs: number): Promise<Buffer> {
    const until = monotonicMs() + timeoutMs;
    const starting = startCommand(this.#api, argv);
    const stream = await within(timeoutMs, () => starting).catch((error: unknown) => {
      starting.then(
        (late) => late.destroy(),
        () => {},
      );
      throw new RunFailure('lost', `${argv[0]} could not be run in the container: ${engineWords(error)}.`, {
        cause: error,
      });
    });
    const chunks: Buffer[] = [];
    let room = MOST_OUTPUT;
    const collect = (chunk: Buffer) => {
      // A copy: what is left of a read is not kept alive by a small part of it.
      chunks.push(Buffer.from(chunk.subarray(0, room)));
      room -= Math.min(room, chunk.length);
      if (room === 0) stream.destroy();
    };
    // Late, cut, or too long: what there is serves as well.
    await within(Math.max(until - monotonicMs(), 0), () => pumpFrames(stream, collect)).catch(() => stream.destroy());
    return Buffer.concat(chunks);
  }

  dispose(): Promise<void> {
    this.#removal ??= removeContainer(this.#api, this.#limits.call)
      .catch((error: unknown) => {
        this.#removal = undefined;
        throw error;
      })
      .finally(() => this.#console?.close());
    return this.#removal;
  }

  /** The process's end and the console's, in whatever order they come; the first thing that is wrong decides. */
  async #follow(console: ContainerConsole, process: Promise<ContainerEnd>): Promise<ContainerExit> {
    try {
      const [end] = await Promise.all([
        process,
        console.done.catch((error: unknown) => this.#explainConsole(error)),
        this.#boundDrain(console, process),
      ]);
      return await this.#judge(end, console);
    } finally {
      console.close();
    }
  }

  /** What the sink threw is passed on; a broken stream is not the same as an engine that is gone. */
  async #explainConsole(error: unknown): Promise<never> {
    if (!(error instanceof BrokenStream)) throw error;
    try {
      await inspect(this.#api, this.#limits.call);
    } catch (failure) {
      if (statusOf(failure) === 404) throw removedFailure();
      if (isUnreachable(failure)) throw engineGone(failure);
    }
    throw cutFailure(error);
  }

  /** The process is gone, its console is drained: an engine that then goes silent without ending it is not waited for. */
  async #boundDrain(console: ContainerConsole, process: Promise<ContainerEnd>): Promise<void> {
    await process;
    const closed = console.done.then(
      () => true,
      () => true,
    );
    const step = this.#limits.drain / 10;
    while (!(await Promise.race([closed, sleep(step, false, { ref: false })]))) {
      if (console.silentMs >= this.#limits.drain) throw cutFailure();
    }
  }

  async #judge({ exitCode, error }: ContainerEnd, { head }: ContainerConsole): Promise<ContainerExit> {
    if (exitCode === 0 && error === undefined) return { exitCode, oomKilled: false };
    const words = error ?? NOT_STARTED.exec(head)?.[1];
    const exit = { exitCode, oomKilled: false, ...(words === undefined ? {} : { error: words }) };
    try {
      const { State } = await inspect(this.#api, this.#limits.call);
      // A forced removal kills first: the container is still there, on its way out.
      if (this.#removal || !GOING.has(State.Status)) {
        return await this.#explainFormat({ ...exit, oomKilled: State.OOMKilled });
      }
    } catch (failure) {
      if (this.#removal || statusOf(failure) !== 404) return exit;
    }
    throw removedFailure();
  }

  /** The kernel's "exec format error" alone helps nobody: with the platforms, when they can be had. */
  async #explainFormat(exit: ContainerExit): Promise<ContainerExit> {
    const { error = '' } = exit;
    const { platforms } = this.#context;
    if (!EXEC_FORMAT.test(error) || platforms === undefined) return exit;
    try {
      const { Image } = await inspect(this.#api, this.#limits.call);
      return { ...exit, error: `${error}: ${await platforms(Image)}` };
    } catch {
      return exit;
    }
  }

  #lost(error: unknown): RunFailure {
    if (isUnreachable(error)) return engineGone(error);
    return new RunFailure('lost', `The container could not be killed: ${engineWords(error)}.`, { cause: error });
  }
}

/** Of a diagnostic command's output, bytes. */
const MOST_OUTPUT = 1024 * 1024;

async function startCommand(container: Docker.Container, argv: string[]): Promise<Duplex> {
  const exec = await container.exec({ Cmd: argv, AttachStdout: true, AttachStderr: true });
  return exec.start({ Detach: false, Tty: false, hijack: true, stdin: false });
}

/** 409: it does not run (any more), which is 500 and words to Podman; 404: somebody has removed it. */
function hasEnded(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || status === 409 || (status === 500 && /can only kill running/.test(engineWords(error)));
}
