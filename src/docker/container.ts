/** One container, from its creation to its removal. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { StreamPosition } from '../executor/checkpoint.js';
import { type ConsoleSink, type Container, type ContainerExit, RunFailure } from '../executor/ports.js';
import { attach, ContainerConsole, isConsoleClosed } from './console.js';
import { BrokenStream } from './demux.js';
import { callOptions } from './endpoint.js';
import { engineWords, isUnreachable, statusOf } from './engine-error.js';
import { type EngineLimits, within } from './engine-limits.js';
import { LogDemuxer, openLog } from './engine-log.js';
import { execInside } from './exec.js';
import { awaitExit, cutFailure, engineGone, type ProcessEnd, removedFailure } from './exit.js';
import { removeContainer } from './remove-container.js';
import { startFailure } from './start-failure.js';

/** The engine's answer to a start that came second. */
const STARTED_ALREADY = 304;
const GOING = new Set(['removing', 'dead']);

export class DockerContainer implements Container {
  readonly id: string;
  readonly #api: Docker.Container;
  readonly #limits: EngineLimits;
  readonly #mendLog: boolean;
  #console: ContainerConsole | undefined;
  #process: Promise<ProcessEnd> | undefined;
  #end: Promise<ContainerExit> | undefined;
  #removal: Promise<void> | undefined;

  /** @param mendLog whether this engine's log lacks newlines, see `LogDemuxer` */
  constructor(api: Docker.Container, limits: EngineLimits, mendLog = false) {
    this.id = api.id;
    this.#api = api;
    this.#limits = limits;
    this.#mendLog = mendLog;
  }

  async start(sink: ConsoleSink, from?: StreamPosition): Promise<void> {
    try {
      if (from === undefined) await this.#begin(sink);
      else await this.#resume(sink, from);
    } catch (error) {
      this.#console?.close();
      const failure = startFailure(error);
      if (failure instanceof RunFailure) throw failure;
      this.#end = Promise.resolve(failure);
    }
  }

  async #begin(sink: ConsoleSink): Promise<void> {
    // Podman prepares the process here already: what it cannot start fails now.
    const console = new ContainerConsole(await attach(this.#api, this.#limits.call), sink);
    this.#console = console;
    await within(this.#limits.call, () => this.#api.start());
    this.#process = awaitExit(this.#api, console, this.#limits);
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
    const read = async (follow: boolean, after: StreamPosition) => {
      const demuxer = new LogDemuxer(after, this.#mendLog);
      const stream = await openLog(this.#api, follow, this.#limits.call);
      this.#console = new ContainerConsole(stream, sink, demuxer);
      return { console: this.#console, demuxer };
    };
    const { console, demuxer } = await read(true, from);
    this.#process = awaitExit(this.#api, console, this.#limits);
    this.#end = this.#follow(console, this.#process).then(async (exit) => {
      // An engine may end a log that it follows before it has read it to its end.
      const { stdout, stderr } = demuxer.position;
      const taken = { stdout: Math.max(stdout, from.stdout), stderr: Math.max(stderr, from.stderr) };
      await (await read(false, taken)).console.done;
      return exit;
    });
    this.#end.catch(() => {});
  }

  async #hasStarted(): Promise<boolean> {
    try {
      const { State } = await this.#inspect();
      return State.Status !== 'created';
    } catch (error) {
      if (statusOf(error) === 404) throw removedFailure();
      throw this.#lost(error);
    }
  }

  async wait(): Promise<ContainerExit> {
    if (!this.#end) throw new Error('a container is waited for before its start');
    return this.#end;
  }

  async kill(): Promise<void> {
    try {
      await within(this.#limits.call, () => this.#api.kill(callOptions({ query: { signal: 'KILL' } })));
    } catch (error) {
      if (!hasEnded(error)) throw this.#lost(error);
    }
    const ended = this.#process?.catch(() => {});
    if (ended) await within(this.#limits.call, () => ended);
  }

  exec(argv: string[], timeoutMs: number): Promise<Buffer> {
    return execInside(this.#api, argv, timeoutMs);
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
  async #follow(console: ContainerConsole, process: Promise<ProcessEnd>): Promise<ContainerExit> {
    try {
      const [end] = await Promise.all([
        process,
        console.done.catch((error: unknown) => this.#explainConsole(error)),
        this.#boundDrain(console, process),
        this.#checkEarlyEnd(console, process),
      ]);
      return await this.#judge(end);
    } finally {
      console.close();
    }
  }

  /** What the sink threw is passed on; a broken stream is told from an engine that is gone. */
  async #explainConsole(error: unknown): Promise<never> {
    if (!(error instanceof BrokenStream)) throw error;
    try {
      await this.#inspect();
    } catch (failure) {
      if (statusOf(failure) === 404) throw removedFailure();
      if (isUnreachable(failure)) throw engineGone(failure);
    }
    throw cutFailure(error);
  }

  /** The process is gone, its console is drained: an engine that then goes silent without ending it is not waited for. */
  async #boundDrain(console: ContainerConsole, process: Promise<ProcessEnd>): Promise<void> {
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

  /** A script may close its console and go on; a connection that was cut between two frames looks the same. */
  async #checkEarlyEnd(console: ContainerConsole, process: Promise<ProcessEnd>): Promise<void> {
    await console.done.catch(() => {});
    const { earlyEnd, call } = this.#limits;
    if (await Promise.race([process.then(() => true), sleep(earlyEnd, false, { ref: false })])) return;
    try {
      const { State } = await this.#inspect();
      if (!State.Running || (await isConsoleClosed(this.#api, call, earlyEnd))) return;
    } catch (error) {
      // Gone: whoever waits for the process finds out and says so.
      if (!isUnreachable(error)) return;
      // An engine that does not come back is told by the same; after one that does, nobody knows what is missing.
      await process;
    }
    throw cutFailure();
  }

  async #judge({ exitCode, error }: ProcessEnd): Promise<ContainerExit> {
    if (exitCode === 0 && error === undefined) return { exitCode, oomKilled: false };
    const told = error === undefined ? {} : { error };
    try {
      const { State } = await this.#inspect();
      // A forced removal kills first: the container is still there, on its way out.
      if (this.#removal || !GOING.has(State.Status)) return { exitCode, oomKilled: State.OOMKilled, ...told };
    } catch (failure) {
      if (this.#removal || statusOf(failure) !== 404) return { exitCode, oomKilled: false, ...told };
    }
    throw removedFailure();
  }

  #inspect(): Promise<Docker.ContainerInspectInfo> {
    return within(this.#limits.call, () => this.#api.inspect());
  }

  #lost(error: unknown): RunFailure {
    if (isUnreachable(error)) return engineGone(error);
    return new RunFailure('lost', `The container could not be killed: ${engineWords(error)}.`, { cause: error });
  }
}

/** 409: it does not run (any more), which is 500 and words to Podman; 404: somebody has removed it. */
function hasEnded(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || status === 409 || (status === 500 && /can only kill running/.test(engineWords(error)));
}
