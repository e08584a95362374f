/**
 * The console of a container as the engine sends it and keeps it: frames of an 8-byte header
 * (stream, three zeros, length in big-endian) and that many bytes. stdout and stderr come out
 * as one stream, in the order of the frames.
 */
import type { Readable } from 'node:stream';
import type { ConsoleSink, StreamPosition } from '../executor/index.js';

/** The engine's stream does not hold what it should: it was cut inside a frame, or is no such stream. */
export class BrokenStream extends Error {
  override name = 'BrokenStream';
}

const HEADER_BYTES = 8;
const STDERR = 2;
/** The engine's own complaint, in the place of the container's output. */
const ENGINE_ERROR = 3;

/** Of a frame that is held until it is complete, bytes. Others pass as they come, whatever length they claim. */
const LONGEST_HELD = 1024 * 1024;

/** Takes the frames apart, wherever the reads cut them. @public */
export class FrameDemuxer {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #left = 0;
  #complaint: Buffer[] | undefined;
  #stream: keyof StreamPosition = 'stdout';
  /** How many bytes of each stream have come out. */
  readonly position: StreamPosition = { stdout: 0, stderr: 0 };

  /**
   * Answers the payload bytes of one read, which may be none. They lie in `chunk` itself,
   * moved together over the headers between them: a read of a thousand small frames costs
   * no allocation, and is one piece for whoever takes it.
   */
  push(chunk: Buffer): Buffer {
    let start = 0;
    let end = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        at += this.#readHeader(chunk, at);
        continue;
      }
      const size = Math.min(this.#left, chunk.length - at);
      if (this.#complaint) this.#complaint.push(Buffer.from(chunk.subarray(at, at + size)));
      else if (end === start) [start, end] = [at, at + size];
      else {
        chunk.copyWithin(end, at, at + size);
        end += size;
      }
      if (!this.#complaint) this.position[this.#stream] += size;
      at += size;
      this.#left -= size;
      if (this.#left === 0 && this.#complaint) throw new BrokenStream(Buffer.concat(this.#complaint).toString());
    }
    return chunk.subarray(start, end);
  }

  /** @throws BrokenStream when the last frame is not complete */
  end(): void {
    if (this.#left > 0 || this.#headerBytes > 0) {
      throw new BrokenStream('the stream of its console was cut in the middle');
    }
  }

  /** Answers how many bytes of the chunk belonged to the header. */
  #readHeader(chunk: Buffer, at: number): number {
    const size = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at);
    if (size === HEADER_BYTES) {
      this.#open(chunk, at);
      return size;
    }
    chunk.copy(this.#header, this.#headerBytes, at, at + size);
    this.#headerBytes += size;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#open(this.#header, 0);
    }
    return size;
  }

  #open(header: Buffer, at: number): void {
    const stream = header[at] ?? 0;
    if (stream > ENGINE_ERROR || header[at + 1] || header[at + 2] || header[at + 3]) {
      throw new BrokenStream('the stream of its console is not what an engine sends');
    }
    this.#left = header.readUInt32BE(at + 4);
    if (stream > STDERR && this.#left > LONGEST_HELD) {
      throw new BrokenStream('the engine complains without end in place of its console');
    }
    this.#stream = stream === STDERR ? 'stderr' : 'stdout';
    this.#complaint = stream > STDERR ? [] : undefined;
  }
}

/** What takes a stream apart. */
export interface Demuxer {
  push(chunk: Buffer): Buffer;
  end(): void;
  readonly position: StreamPosition;
}

/**
 * Moves the console to the sink, one call at a time; nothing is read from the engine while
 * the sink is busy. Resolves after the last byte was taken. Rejects with the sink's error,
 * the connection's, or a `BrokenStream`; what came before was delivered.
 */
export function pumpFrames(stream: Readable, sink: ConsoleSink, demuxer: Demuxer = new FrameDemuxer()): Promise<void> {
  // A stream may end, or break, while the sink still has its last bytes.
  let busy: Promise<void> | undefined;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      stream.destroy();
      Promise.resolve(busy).then(() => reject(error), reject);
    };
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        fail(error);
      }
    };
    stream.on('data', (chunk: Buffer) =>
      attempt(() => {
        const bytes = demuxer.push(chunk);
        const taken = bytes.length > 0 ? sink(bytes, demuxer.position) : undefined;
        if (!taken) return;
        busy = taken;
        stream.pause();
        taken.then(() => stream.resume(), fail);
      }),
    );
    stream.on('end', () =>
      attempt(() => {
        demuxer.end();
        Promise.resolve(busy).then(() => resolve(), fail);
      }),
    );
    stream.on('error', (error) =>
      fail(new BrokenStream(`the stream of its console broke (${error.message})`, { cause: error })),
    );
    stream.on('close', () => fail(new BrokenStream('the stream of its console was closed')));
  });
}

const NEWLINE = 0x0a;
/** The engine keeps a longer line in parts of this size. */
const PART_BYTES = 16 * 1024;

/**
 * Takes a log apart, and leaves out what has been taken before. One frame is one line, or a
 * part of a long one.
 *
 * Docker before 23 leaves out the newline of every line of 16 KiB and more when it reads its
 * driver `local` (measured with 20.10.24): there `mendLines` puts it back. A line whose length
 * is a multiple of 16 KiB, with another such line after it, cannot be distinguished from one line.
 */
export class LogDemuxer implements Demuxer {
  readonly position: StreamPosition = { stdout: 0, stderr: 0 };
  readonly #from: StreamPosition;
  readonly #mendLines: boolean;
  /** Of each stream the length of its last frame, when that was an unfinished line. */
  readonly #open: { [stream in keyof StreamPosition]?: number | undefined } = {};
  #rest: Buffer = Buffer.alloc(0);
  #left = 0;
  #stream: keyof StreamPosition = 'stdout';

  constructor(from: StreamPosition, mendLines: boolean) {
    this.#from = { ...from };
    this.#mendLines = mendLines;
  }

  push(chunk: Buffer): Buffer {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const news: Buffer[] = [];
    for (;;) {
      if (this.#left === 0) {
        if (data.length < HEADER_BYTES) break;
        this.#begin(data);
        data = data.subarray(HEADER_BYTES);
      }
      const size = Math.min(this.#left, data.length);
      // How a line ends decides about the newline before it.
      if (this.#left > 0 && (size === 0 || (this.#mendLines && size < this.#left))) break;
      this.#take(data.subarray(0, size), news);
      this.#left -= size;
      data = data.subarray(size);
    }
    // A copy: what is left of a read is small, the read is not.
    this.#rest = Buffer.from(data);
    return news.length === 1 && news[0] ? news[0] : Buffer.concat(news);
  }

  end(): void {
    if (this.#left > 0 || this.#rest.length > 0)
      throw new BrokenStream("the engine's log of the console was cut in the middle");
  }

  #begin(header: Buffer): void {
    const [stream = 0] = header;
    this.#left = header.readUInt32BE(4);
    if (stream > STDERR || (this.#mendLines && this.#left > LONGEST_HELD)) {
      throw new BrokenStream("the engine's log of the console cannot be read");
    }
    this.#stream = stream === STDERR ? 'stderr' : 'stdout';
  }

  #take(frame: Buffer, news: Buffer[]): void {
    if (frame.length === 0) return;
    const stream = this.#stream;
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
