/**
 * Keeps secrets out of all that is shown or kept (SPEC 8): a value and every form in which programs show it, wherever
 * a console is cut into pieces. The time does not grow with the number of secrets, nor with their length.
 */
import { Automaton, Sieve } from './masking-automaton.js';
import { secretForms } from './masking-patterns.js';

const MASK = Buffer.from('***');
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

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
  const { plain, base64 } = secretForms(secrets);
  if (plain.length === 0) return PASS;
  // `base64` breaks its lines wherever the secret stands in what it encodes.
  const automatons = [new Automaton(plain, []), new Automaton(base64, [LINE_FEED, CARRIAGE_RETURN])];
  const sieve = new Sieve({ whole: plain, parted: base64 }, Math.min(...automatons.map(({ head }) => head)));
  const newStream = () => new SearchingStream(automatons, sieve);
  const text = (value: string) => {
    const stream = newStream();
    return Buffer.concat([...stream.write(Buffer.from(value)), ...stream.end()]).toString();
  };
  return {
    empty: false,
    text,
    values: (value) => mapStrings(value, text),
    stream: () => newStream(),
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

/** A part of a buffer that is masked. */
interface Span {
  start: number;
  end: number;
}

/** One stream's way through one automaton. */
class Scanner {
  readonly #automaton: Automaton;
  #state = 0;
  /** Long forms that were masked up to the end of the last piece, and how far each goes. */
  #going: { form: Buffer; at: number }[] = [];

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  /** @returns how far what was masked in the last piece goes on in this one, which begins at `from` */
  goOn(bytes: Buffer, from: number): number {
    const going = this.#going;
    this.#going = [];
    return Math.max(0, ...going.map(({ form, at }) => this.#follow(form, at, bytes, from)));
  }

  /** Adds the spans of what ends between `from` and `to`. Unless `fresh`, it goes on where it ended the last time. */
  scan(bytes: Buffer, from: number, to: number, fresh: boolean, spans: Span[]): void {
    const { table, columns, width, rows } = this.#automaton;
    let state = fresh ? 0 : this.#state;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number;
      const next =
        state < rows ? (table[state * width + (columns[byte] as number)] as number) : this.#automaton.step(state, byte);
      if (next >= 0) state = next;
      else {
        state = ~next;
        this.#found(state, bytes, at + 1, spans);
      }
    }
    this.#state = state;
  }

  /** Where the beginning of a form stands at the end of `bytes`. */
  openEnd(bytes: Buffer): number {
    return this.#startOf(bytes, bytes.length, this.#automaton.depth[this.#state] as number);
  }

  #found(state: number, bytes: Buffer, end: number, spans: Span[]): void {
    const start = this.#startOf(bytes, end, this.#automaton.found[state] as number);
    let last = end;
    for (const form of this.#automaton.long.get(state) ?? []) {
      last = Math.max(last, this.#follow(form, this.#automaton.depth[state] as number, bytes, end));
    }
    // Line breaks that are passed over stay.
    let begin = start;
    for (let at = start; at <= last; at++) {
      if (at < last && !this.#isPassedOver(bytes[at])) continue;
      if (at > begin) addSpan(spans, begin, at);
      begin = at + 1;
    }
  }

  /** Where the part of `form` ends that goes on at `from`. */
  #follow(form: Buffer, offset: number, bytes: Buffer, from: number): number {
    let at = from;
    for (let next = offset; next < form.length; at++) {
      if (at === bytes.length) {
        this.#going.push({ form, at: next });
        break;
      }
      if (bytes[at] === form[next]) next++;
      else if (!this.#isPassedOver(bytes[at])) break;
    }
    return at;
  }

  #startOf(bytes: Buffer, end: number, length: number): number {
    let start = end;
    for (let left = length; left > 0; start--) if (!this.#isPassedOver(bytes[start - 1])) left--;
    return start;
  }

  #isPassedOver(byte = 0): boolean {
    return this.#automaton.columns[byte] === 1;
  }
}

/** Most matches overlap the one before, or come after it. */
function addSpan(spans: Span[], start: number, end: number): void {
  const last = spans.at(-1);
  if (last !== undefined && start >= last.start && start < last.end) last.end = Math.max(last.end, end);
  else spans.push({ start, end });
}

class SearchingStream implements MaskingStream {
  readonly #scanners: Scanner[];
  #held: Buffer = Buffer.alloc(0);
  /** So many of the held bytes lie under a mask that is already written. */
  #covered = 0;
  /** Masked parts of the held bytes. */
  #spans: Span[] = [];

  readonly #sieve: Sieve;

  constructor(automatons: readonly Automaton[], sieve: Sieve) {
    this.#sieve = sieve;
    this.#scanners = automatons.map((automaton) => new Scanner(automaton));
  }

  write(chunk: Buffer): Buffer[] {
    const before = this.#held.length;
    const bytes = before === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let stop = bytes.length;
    const { marks, size } = this.#sieve.blocks(bytes, before);
    const spans: Span[] = [];
    for (const scanner of this.#scanners) {
      const covered = scanner.goOn(bytes, before);
      if (covered > before) this.#goOn(before, covered);
      for (let block = 0; block < marks.length; block++) {
        if (marks[block] === 0) continue;
        const from = before + block * size;
        const fresh = block > 0 && marks[block - 1] === 0;
        scanner.scan(bytes, from, Math.min(bytes.length, from + size), fresh, spans);
      }
      stop = Math.min(stop, scanner.openEnd(bytes));
    }
    this.#spans.push(...spans);
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

  /** What was masked up to `end` goes on up to `covered`: the same mask. */
  #goOn(end: number, covered: number): void {
    const last = this.#spans.find((span) => span.end === end);
    if (last !== undefined) last.end = covered;
    else this.#covered = Math.max(this.#covered, covered);
  }

  /** `bytes` up to `stop`; spans that overlap become one mask. What goes beyond is counted from `stop` on. */
  #mask(bytes: Buffer, stop: number): Buffer[] {
    const out: Buffer[] = [];
    const later: Span[] = [];
    let done = this.#covered;
    for (const span of this.#spans.sort((a, b) => a.start - b.start)) {
      const { start, end } = span;
      if (start >= stop && start >= done) {
        later.push({ start: start - stop, end: end - stop });
        continue;
      }
      if (start >= done) {
        if (start > done) out.push(bytes.subarray(done, start));
        out.push(MASK);
      }
      done = Math.max(done, end);
    }
    if (done < stop) out.push(bytes.subarray(done, stop));
    this.#covered = Math.max(0, done - stop);
    this.#spans = later;
    return out;
  }
}
