/** Uploads the artifacts of a real run to where the server keeps them, many at a time. */
import { closeSync, fstatSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { ArchiveFolder, type ArtifactFile, type Artifacts, type Log, RunFailure } from '../../executor/index.js';
import { doubling, plural, retry } from '../../lib/index.js';
import { MOST_NAMES, ServerFailure, type SignedUpload } from '../../server/index.js';
import type { RunServer } from './run-server.js';

export interface ArtifactLimits {
  /** Uploads at a time. */
  parallel: number;
  /** Tries of an upload that the server refuses, each with a new URL. */
  tries: number;
  /** How long a storage may be away, ms. */
  patience: number;
  firstWait: number;
  longestWait: number;
}

export const ARTIFACT_LIMITS: ArtifactLimits = {
  parallel: 16,
  tries: 4,
  patience: 15 * 60_000,
  firstWait: 1_000,
  longestWait: 15_000,
};

/** Files that the server writes itself: an upload would overwrite them. */
const RESERVED = new Set(['.rundef.json', 'console.log']);
/** From this number of files on, the console reports the progress. */
const LARGE_SET = 2 * MOST_NAMES;
/** The console names this many failures and counts the others. */
const NAMED_FAILURES = 10;
/** A file up to this size is read as a whole, a larger one in pieces. */
const SMALL_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;
const PIECE_BYTES = 64 * 1024;
const readPiece = promisify(read);

/** @param gone aborts when the server accepts nothing more of the run */
export function signedArtifacts(server: RunServer, gone: AbortSignal, limits = ARTIFACT_LIMITS): Artifacts {
  return {
    store: async (root, files, log, signal) => {
      const stop = AbortSignal.any([signal, gone]);
      stop.throwIfAborted();
      const wanted: ArtifactFile[] = [];
      for (const file of files) {
        if (RESERVED.has(file.path)) {
          await log.warn(
            `Not uploaded: ${JSON.stringify(file.path)}, a name that the server keeps for a file of its own`,
          );
        } else wanted.push(file);
      }
      if (wanted.length > 0) await new Upload(server, root, wanted, log, stop, limits).run();
    },
  };
}

class Upload {
  readonly #server: RunServer;
  readonly #archive: ArchiveFolder;
  readonly #files: ArtifactFile[];
  readonly #log: Log;
  readonly #stop: AbortSignal;
  readonly #limits: ArtifactLimits;
  readonly #failures: string[] = [];
  #next = 0;
  #done = 0;
  #reported = 0;
  /** The URLs of each batch of names, requested once. */
  readonly #batches: Promise<Map<string, SignedUpload>>[] = [];
  /** Since when no upload has succeeded. */
  #troubledSince: number | undefined;

  constructor(
    server: RunServer,
    root: string,
    files: ArtifactFile[],
    log: Log,
    stop: AbortSignal,
    limits: ArtifactLimits,
  ) {
    this.#server = server;
    this.#archive = new ArchiveFolder(root);
    this.#files = files;
    this.#log = log;
    this.#stop = stop;
    this.#limits = limits;
  }

  /** @throws RunFailure(artifacts) when some could not be uploaded; all are tried */
  async run(): Promise<void> {
    const work = async () => {
      for (let index = this.#next++; index < this.#files.length; index = this.#next++) await this.#upload(index);
    };
    await Promise.all(Array.from({ length: Math.min(this.#limits.parallel, this.#files.length) }, work)).finally(() =>
      this.#archive.close(),
    );
    this.#stop.throwIfAborted();
    if (this.#failures.length === 0) return;
    const named = this.#failures.slice(0, NAMED_FAILURES);
    for (const failure of named) await this.#log.error(failure);
    const more = this.#failures.length - named.length;
    if (more > 0) await this.#log.error(`and ${more} more`);
    throw new RunFailure(
      'artifacts',
      `${this.#failures.length} of ${plural(this.#files.length, 'artifact')} could not be uploaded: ${named[0]}`,
    );
  }

  async #upload(index: number): Promise<void> {
    const file = this.#files[index];
    if (file === undefined || this.#stop.aborted) return;
    try {
      await this.#insist(file.path, index);
    } catch (error) {
      if (this.#stop.aborted) return;
      if (!(error instanceof RunFailure)) throw error;
      this.#failures.push(error.message);
    }
    this.#done++;
    await this.#reportProgress();
  }

  async #insist(path: string, index: number): Promise<void> {
    const { firstWait, longestWait, patience, tries } = this.#limits;
    let tried = 0;
    let refused = 0;
    const attempt = async () => {
      // An address is valid for a while only; which answer means that it has expired depends on the storage.
      const batch = tried++ === 0 ? await this.#batch(index) : undefined;
      const to = batch?.get(path) ?? (await this.#server.sign([path], this.#stop)).get(path);
      if (to === undefined) throw new RunFailure('artifacts', `The server gives no URL for ${JSON.stringify(path)}`);
      await this.#send(path, to);
      this.#troubledSince = undefined;
    };
    await retry(attempt, {
      waits: doubling(firstWait, longestWait),
      signal: this.#stop,
      passing: (error) => {
        if (!(error instanceof ServerFailure) || error.kind === 'completed') return false;
        if (!error.passing) return ++refused < tries;
        this.#troubledSince ??= performance.now();
        return performance.now() - this.#troubledSince <= patience;
      },
      wait: (error, planned) => {
        const { passing, retryAfterMs = planned } = error as ServerFailure;
        return passing ? Math.min(retryAfterMs, patience) : 0;
      },
    });
  }

  /** The URLs of the batch that a file belongs to. */
  #batch(index: number): Promise<Map<string, SignedUpload>> {
    const number = Math.floor(index / MOST_NAMES);
    const batch = this.#batchOf(number);
    // The next batch is requested before it is needed.
    if (index % MOST_NAMES > MOST_NAMES / 2 && (number + 1) * MOST_NAMES < this.#files.length) {
      this.#batchOf(number + 1).catch(() => {});
    }
    return batch;
  }

  #batchOf(number: number): Promise<Map<string, SignedUpload>> {
    const known = this.#batches[number];
    if (known !== undefined) return known;
    const names = this.#files.slice(number * MOST_NAMES, (number + 1) * MOST_NAMES).map(({ path }) => path);
    const asked = this.#server.sign(names, this.#stop);
    this.#batches[number] = asked;
    // The next file requests it again.
    asked.catch(() => delete this.#batches[number]);
    return asked;
  }

  async #send(path: string, to: SignedUpload): Promise<void> {
    const file = this.#archive.openFile(path);
    if (file === undefined) {
      await this.#log.warn(`Skipping ${JSON.stringify(path)}: it is no longer a regular file`);
      return;
    }
    try {
      const { size } = fstatSync(file);
      const body =
        size <= SMALL_BYTES ? readSmall(file, size, path) : { bytes: size, open: () => readLarge(file, size, path) };
      await this.#server.upload(to, { name: path, body }, this.#stop);
      if (fstatSync(file).size > size) {
        await this.#log.warn(`${JSON.stringify(path)} grew while it was sent: its first ${size} bytes were uploaded`);
      }
    } finally {
      closeSync(file);
    }
  }

  async #reportProgress(): Promise<void> {
    if (this.#files.length < LARGE_SET) return;
    const percent = Math.floor((this.#done / this.#files.length) * 10) * 10;
    if (percent <= this.#reported) return;
    this.#reported = percent;
    await this.#log.info(`Uploaded ${percent}%: ${this.#done} of ${this.#files.length} artifacts`);
  }
}

/** @throws RunFailure(artifacts) when the file has become shorter */
function readSmall(file: number, size: number, path: string): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; ) {
    const count = readSync(file, bytes, at, size - at, at);
    if (count === 0) throw shorter(path);
    at += count;
  }
  return bytes;
}

/**
 * As `readSmall`, piece by piece; the next pieces are read while one is sent. Two buffers are reused: fresh memory for
 * each piece costs more than the copying (1.2 against 0.6 s of processor time per GB).
 */
async function* readLarge(file: number, size: number, path: string): AsyncGenerator<Uint8Array> {
  const fill = async (buffer: Buffer, at: number): Promise<Buffer> => {
    const wanted = Math.min(buffer.length, size - at);
    for (let done = 0; done < wanted; ) {
      const { bytesRead } = await readPiece(file, buffer, done, wanted - done, at + done);
      if (bytesRead === 0) throw shorter(path);
      done += bytesRead;
    }
    return buffer.subarray(0, wanted);
  };
  let [one, other] = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)];
  let next = fill(one, 0);
  for (let at = 0; at < size; ) {
    const bytes = await next;
    at += bytes.length;
    [one, other] = [other, one];
    if (at < size) {
      next = fill(one, at);
      // Thrown when it is awaited.
      next.catch(() => {});
    }
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) yield bytes.subarray(from, from + PIECE_BYTES);
  }
}

const shorter = (path: string) =>
  new RunFailure('artifacts', `${JSON.stringify(path)} became shorter while it was sent`);
