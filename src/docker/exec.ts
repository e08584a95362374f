/** A command inside a container that runs, for diagnostics. */
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { RunFailure } from '../executor/ports.js';
import { pumpFrames } from './demux.js';
import { engineWords } from './engine-error.js';
import { within } from './engine-limits.js';

const MOST_BYTES = 1024 * 1024;

/**
 * Answers stdout and stderr together, the first MiB. A command that does not end in time
 * is left to the container's end, and what it wrote is answered.
 *
 * @throws RunFailure(lost) when the command could not be started
 */
export async function execInside(container: Docker.Container, argv: string[], timeoutMs: number): Promise<Buffer> {
  const until = performance.now() + timeoutMs;
  const starting = startCommand(container, argv);
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
  let room = MOST_BYTES;
  const collect = (chunk: Buffer) => {
    // A copy: what is left of a read is not kept alive by a small part of it.
    chunks.push(Buffer.from(chunk.subarray(0, room)));
    room -= Math.min(room, chunk.length);
    if (room === 0) stream.destroy();
  };
  const left = Math.max(until - performance.now(), 0);
  // Late, cut, or too long: what there is serves as well.
  await within(left, () => pumpFrames(stream, collect)).catch(() => stream.destroy());
  return Buffer.concat(chunks);
}

async function startCommand(container: Docker.Container, argv: string[]): Promise<Duplex> {
  const exec = await container.exec({ Cmd: argv, AttachStdout: true, AttachStderr: true });
  return exec.start({ Detach: false, Tty: false, hijack: true, stdin: false });
}
