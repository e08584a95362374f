/**
 * Keeps secrets out of all that is shown or kept (SPEC 8). The search is Wu and Manber's:
 * it looks at one pair of bytes and jumps by nearly the length of the shortest pattern, so
 * its time does not grow with the number of secrets.
 */
import { secretPatterns } from './masking-patterns.js';

const MASK = Buffer.from('***');

/** Stateless masking of whole texts, and streams for what comes in pieces. */
export interface Masker {
  /** True when there is nothing to hide: texts and streams pass as they are. */
  readonly empty: boolean;
  text(text: string): string;
  /** A copy with every string in it masked; keys stay. */
  values<T>(value: T): T;
  stream(): MaskingStream;
}

/** One console. What may be the beginning of a secret is held back until the next piece shows. */
export interface MaskingStream {
  /** The masked bytes, in order; they share memory with `chunk`. */
  write(chunk: Buffer): Buffer[];
  /** The end: what was held back. */
  end(): Buffer[];
}

export function createMasker(secrets: Iterable<string>): Masker {
  const patterns = secretPatterns(secrets);
  if (patterns.length === 0) return PASS;
  const search = new PatternSearch(patterns);
  const text = (value: string) => {
    const stream = new SearchingStream(search);
    return Buffer.concat([...stream.write(Buffer.from(value)), ...stream.end()]).toString();
  };
  return {
    empty: false,
    text,
    values: (value) => mapStrings(value, text),
    stream: () => new SearchingStream(search),
  };
}

const PASS: Masker = {
  empty: true,
  text: (text) => text,
  values: (value) => value,
  stream: () => ({ write: (chunk) => [chunk], end: () => [] }),
};

function mapStrings<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T;
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change)) as T;
  if (value === null || typeof value !== 'object') return value;
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) copy[key] = mapStrings(item, change);
  return copy as T;
}

/** Where the patterns are in a buffer. */
class PatternSearch {
  /** For each pair of bytes: how far the window may jump. */
  readonly #shift: Uint8Array;
  /** Patterns by the pair that ends their first `#window` bytes. */
  readonly #candidates = new Map<number, Buffer[]>();
  readonly #byFirst: Buffer[][] = Array.from({ length: 256 }, () => []);
  readonly #window: number;
  readonly #longest: number;

  constructor(patterns: Buffer[]) {
    this.#window = Math.min(255, ...patterns.map((pattern) => pattern.length));
    this.#longest = Math.max(...patterns.map((pattern) => pattern.length));
    this.#shift = new Uint8Array(65_536).fill(this.#window - 1);
    for (const pattern of patterns) this.#add(pattern);
  }

  #add(pattern: Buffer): void {
    for (let last = 1; last < this.#window; last++) {
      const pair = pairAt(pattern, last);
      this.#shift[pair] = Math.min(this.#shift[pair] ?? 0, this.#window - 1 - last);
    }
    const key = pairAt(pattern, this.#window - 1);
    this.#candidates.set(key, [...(this.#candidates.get(key) ?? []), pattern]);
    this.#byFirst[pattern[0] ?? 0]?.push(pattern);
  }

  /** Start of the first match at or after `from`, with the end of the longest one there; undefined if none is complete. */
  next(bytes: Buffer, from: number): { start: number; end: number } | undefined {
    const shift = this.#shift;
    const length = bytes.length;
    let last = from + this.#window - 1;
    while (last < length) {
      const pair = ((bytes[last - 1] as number) << 8) | (bytes[last] as number);
      const jump = shift[pair] as number;
      if (jump > 0) {
        last += jump;
        continue;
      }
      const start = last - this.#window + 1;
      const end = this.#matchAt(bytes, start, pair);
      if (end > start) return { start, end };
      last++;
    }
    return undefined;
  }

  #matchAt(bytes: Buffer, start: number, pair: number): number {
    let end = start;
    for (const pattern of this.#candidates.get(pair) ?? []) {
      const stop = start + pattern.length;
      if (stop > end && stop <= bytes.length && pattern.compare(bytes, start, stop) === 0) end = stop;
    }
    return end;
  }

  /** Where the longest end of `bytes` begins that is also the beginning of a pattern. */
  openEnd(bytes: Buffer): number {
    const length = bytes.length;
    for (let start = Math.max(0, length - this.#longest + 1); start < length; start++) {
      const size = length - start;
      for (const pattern of this.#byFirst[bytes[start] as number] ?? []) {
        if (pattern.length > size && pattern.compare(bytes, start, length, 0, size) === 0) return start;
      }
    }
    return length;
  }
}

const pairAt = (bytes: Buffer, last: number) => ((bytes[last - 1] ?? 0) << 8) | (bytes[last] ?? 0);

class SearchingStream implements MaskingStream {
  readonly #search: PatternSearch;
  #held: Buffer = Buffer.alloc(0);
  /** So many of the held bytes lie under a mask that is already written. */
  #covered = 0;

  constructor(search: PatternSearch) {
    this.#search = search;
  }

  write(chunk: Buffer): Buffer[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const stop = this.#search.openEnd(bytes);
    const out = this.#mask(bytes, stop);
    // A copy: the chunk is the caller's again once it has been written.
    this.#held = Buffer.from(bytes.subarray(stop));
    return out;
  }

  end(): Buffer[] {
    const out = this.#mask(this.#held, this.#held.length);
    this.#held = Buffer.alloc(0);
    return out;
  }

  /** `bytes` up to `stop`; matches that overlap become one mask. Leaves `#covered` counted from `stop`. */
  #mask(bytes: Buffer, stop: number): Buffer[] {
    const out: Buffer[] = [];
    let done = this.#covered;
    for (
      let match = this.#search.next(bytes, 0);
      match !== undefined;
      match = this.#search.next(bytes, match.start + 1)
    ) {
      if (match.start >= stop) break;
      if (match.start >= done) {
        if (match.start > done) out.push(bytes.subarray(done, match.start));
        out.push(MASK);
      }
      done = Math.max(done, match.end);
    }
    if (done < stop) out.push(bytes.subarray(done, stop));
    this.#covered = Math.max(0, done - stop);
    return out;
  }
}
