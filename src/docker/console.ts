/** The console of a container: attached before its start, or read from the engine's log, to its last byte. */
import type { Duplex, Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { ConsoleSink } from '../executor/index.js';
import { monotonicMs } from '../lib/index.js';
import { within } from './client.js';
import { BrokenStream, type Demuxer, pumpFrames } from './demux.js';

const KEEP_ALIVE_MS = 30_000;

export class ContainerConsole {
  /** Resolves after the last byte was taken. Rejects with a `BrokenStream`, or with what the sink threw. */
  readonly done: Promise<void>;
  /** Set when the script has closed its console itself and continues. */
  closedByScript = false;
  /** True from the stream's end on, whether it was the right one or not. */
  ended = false;
  /** The first bytes, for the engine's own message when the process could not be started. */
  head = '';
  readonly #stream: Readable;
  #heard = monotonicMs();

  constructor(stream: Readable, sink: ConsoleSink, demuxer?: Demuxer) {
    this.#stream = stream;
    const take: ConsoleSink = (chunk, position) => {
      if (this.head.length < HEAD_CHARACTERS) this.head += chunk.toString('latin1', 0, HEAD_CHARACTERS);
      return this.#take(sink(chunk, position));
    };
    this.done = pumpFrames(stream, take, demuxer).finally(() => {
      this.ended = true;
    });
    this.done.catch(() => {});
  }

  /** For how long the engine has sent nothing; a sink that is busy keeps the engine waiting, not us. */
  get silentMs(): number {
    return this.#stream.isPaused() ? 0 : monotonicMs() - this.#heard;
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(taken: void | Promise<void>): void | Promise<void> {
    this.#heard = monotonicMs();
    return taken?.then(() => {
      this.#heard = monotonicMs();
    });
  }
}

const HEAD_CHARACTERS = 200;

/** Attaches to stdout and stderr, and to what `more` names; what was written before is not repeated. */
export async function attach(
  container: Docker.Container,
  callMs: number,
  more: Docker.ContainerAttachOptions = {},
): Promise<Duplex> {
  const stream: NodeJS.ReadWriteStream = await within(callMs, (abortSignal) =>
    container.attach({ stream: true, stdout: true, stderr: true, hijack: true, abortSignal, ...more }),
  );
  const socket = stream as Duplex & { setKeepAlive?(on: boolean, ms: number): void };
  // An engine behind a network may vanish without a word.
  socket.setKeepAlive?.(true, KEEP_ALIVE_MS);
  return socket;
}

/** Whether the container's own end of the console is closed: then a second attachment ends at once. */
export async function isConsoleClosed(container: Docker.Container, callMs: number, boundMs: number): Promise<boolean> {
  const stream = await attach(container, callMs);
  const probe = new ContainerConsole(stream, () => {});
  try {
    await within(boundMs, () => probe.done);
    return true;
  } catch (error) {
    if (error instanceof BrokenStream) throw error;
    return false;
  } finally {
    probe.close();
  }
}

/** The console as the engine has kept it, from its start: followed while the container runs, or what there is now. */
export async function openLog(container: Docker.Container, callMs: number): Promise<Readable> {
  return within(callMs, async (abortSignal) => {
    const stream = await container.logs({ stdout: true, stderr: true, follow: true, abortSignal });
    return stream as Readable;
  });
}
