/** The console as the engine has kept it, for a process that comes after the one that was attached. */
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { StreamPosition } from '../executor/checkpoint.js';
import { BrokenStream, type Demuxer } from './demux.js';
import { callOptions } from './endpoint.js';
import { within } from './engine-limits.js';

const HEADER_BYTES = 8;
const STDERR = 2;
const NEWLINE = 0x0a;
/** The engine keeps a longer line in parts of this size. */
const PART_BYTES = 16 * 1024;

/**
 * Opens the log from its start.
 *
 * @param follow whether to wait for what the container will write
 */
export async function openLog(container: Docker.Container, follow: boolean, callMs: number): Promise<Readable> {
  const query = { stdout: true, stderr: true, follow };
  return within(
    callMs,
    () =>
      new Promise<Readable>((resolve, reject) => {
        const request = {
          path: `/containers/${container.id}/logs?`,
          method: 'GET',
          isStream: true,
          options: callOptions({ query }),
          statusCodes: { 200: true, 404: 'no such container', 500: 'server error', 501: 'no log is kept' },
        };
        container.modem.dial(request, (error: unknown, answer: unknown) =>
          error ? reject(error) : resolve(answer as Readable),
        );
      }),
  );
}

/**
 * Takes a log apart, and leaves out what has been taken before. One frame is one line, or a
 * part of a long one.
 *
 * Docker before 23 leaves out the newline of every line of 16 KiB and more when it reads its
 * driver `local` (measured with 20.10.24): there `mendLines` puts it back. A line whose length
 * is a multiple of 16 KiB, with another such line after it, cannot be told from one line.
 */
export class LogDemuxer implements Demuxer {
  readonly position: StreamPosition = { stdout: 0, stderr: 0 };
  readonly #from: StreamPosition;
  readonly #mendLines: boolean;
  /** Of each stream the length of its last frame, when that was an unfinished line. */
  readonly #open: { [stream in keyof StreamPosition]?: number | undefined } = {};
  #rest: Buffer = Buffer.alloc(0);

  constructor(from: StreamPosition, mendLines: boolean) {
    this.#from = { ...from };
    this.#mendLines = mendLines;
  }

  push(chunk: Buffer): Buffer {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const news: Buffer[] = [];
    while (data.length >= HEADER_BYTES) {
      const [stream = 0] = data;
      if (stream > STDERR) throw new BrokenStream("the engine's log of the console cannot be read");
      const end = HEADER_BYTES + data.readUInt32BE(4);
      if (data.length < end) break;
      this.#take(stream === STDERR ? 'stderr' : 'stdout', data.subarray(HEADER_BYTES, end), news);
      data = data.subarray(end);
    }
    // A copy: what is left of a read is small, the read is not.
    this.#rest = Buffer.from(data);
    return news.length === 1 && news[0] ? news[0] : Buffer.concat(news);
  }

  end(): void {
    if (this.#rest.length > 0) throw new BrokenStream("the engine's log of the console was cut in the middle");
  }

  #take(stream: keyof StreamPosition, frame: Buffer, news: Buffer[]): void {
    if (frame.length === 0) return;
    const ends = frame[frame.length - 1] === NEWLINE;
    const before = this.#open[stream];
    if (this.#mendLines && before !== undefined && (before < PART_BYTES || ends)) {
      this.#count(stream, Buffer.of(NEWLINE), news);
    }
    this.#open[stream] = ends ? undefined : frame.length;
    this.#count(stream, frame, news);
  }

  #count(stream: keyof StreamPosition, bytes: Buffer, news: Buffer[]): void {
    const known = this.#from[stream] - this.position[stream];
    this.position[stream] += bytes.length;
    if (known < bytes.length) news.push(known > 0 ? bytes.subarray(known) : bytes);
  }
}
