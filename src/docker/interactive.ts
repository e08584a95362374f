/** A container that somebody talks to at a terminal. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type Docker from 'dockerode';
import { RunFailure } from '../executor/index.js';
import { aborted } from '../lib/index.js';
import { type EngineLimits, within } from './client.js';
import { attach } from './console.js';
import { startFailure } from './pull-failure.js';

/** Somebody's terminal, raw: every key goes to the container, Ctrl-C too. */
export interface Terminal {
  input: Readable;
  output: Writable;
  size(): { columns: number; rows: number };
  /** Answers how to stop listening. */
  onResize(listener: () => void): () => void;
}

/** What a container is created with that has a terminal; whatever else it has. */
export const WITH_TERMINAL = { AttachStdin: true, OpenStdin: true, StdinOnce: true, Tty: true } as const;

/** The engine's own keys would take Ctrl-P away from the shell; nobody types these. */
const DETACH_KEYS = 'ctrl-^,ctrl-_,ctrl-^,ctrl-_';

/** Ctrl-U: what stands on the line so far is no input. The client sends the options of a call as its body too, which Podman takes for input. */
const KILL_LINE = '\x15';

/**
 * Starts the container, and connects it with the terminal until its process ends, the terminal
 * is closed, or the signal aborts. The container is the caller's to remove.
 *
 * @throws RunFailure(setup) when it cannot be started: it has no shell, for example
 */
export async function converse(
  container: Docker.Container,
  terminal: Terminal,
  limits: EngineLimits,
  signal: AbortSignal,
): Promise<void> {
  // Podman prepares the process here already: what it cannot start fails now.
  const stream = await attach(container, limits.call, { stdin: true, detachKeys: DETACH_KEYS }).catch(refuse);
  stream.write(KILL_LINE);
  const ended = once(stream, 'close');
  const closed = Promise.race([once(terminal.input, 'end'), once(terminal.input, 'close')]);
  let unlisten = () => {};
  try {
    stream.pipe(terminal.output, { end: false });
    await within(limits.call, () => container.start()).catch(refuse);
    // One after the other: the engine may take two in the wrong order, and the older size would stay.
    let resizing = Promise.resolve();
    const resize = () => {
      resizing = resizing.then(() => passSize(container, terminal, limits));
    };
    unlisten = terminal.onResize(resize);
    resize();
    terminal.input.pipe(stream);
    await Promise.race([ended, closed, aborted(signal)]);
  } finally {
    unlisten();
    terminal.input.unpipe(stream);
    stream.unpipe(terminal.output);
    for (const promise of [ended, closed]) promise.catch(() => {});
    stream.destroy();
  }
}

function refuse(error: unknown): never {
  const failure = startFailure(error);
  if (failure instanceof RunFailure) throw failure;
  throw new RunFailure('setup', `The container could not be started: ${failure.error}.`, { cause: error });
}

/** A window that is of the wrong size is no reason to end anything, and the container may have ended by itself. */
async function passSize(container: Docker.Container, terminal: Terminal, limits: EngineLimits): Promise<void> {
  const { columns: w, rows: h } = terminal.size();
  await within(limits.call, (abortSignal) => container.resize({ h, w, abortSignal })).catch(() => {});
}
