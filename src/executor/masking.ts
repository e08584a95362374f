/**
 * Keeps secrets out of all that is shown or kept (SPEC 8): a value and every form in which programs show it, wherever
 * a console is cut into pieces. Most of a text is passed over by one lookup in every so many bytes (`Sieve`); from the
 * places that are left, a tree of all forms is followed (`FormTree`). The number of secrets hardly matters.
 */
import { FormTree, Sieve, type TreePlace } from './masking-search.js';

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
  const { plain, base64 } = secretForms(secrets);
  if (plain.length === 0) return PASS;
  // `base64` breaks its lines wherever the secret stands in what it encodes.
  const trees = [new FormTree(plain, false), new FormTree(base64, true)];
  const sieve = new Sieve([...plain, ...base64]);
  const newStream = () => new SearchingStream(trees, sieve);
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

/** A part of a buffer that is masked, of a form that begins at `form`. */
interface Span {
  form: number;
  start: number;
  end: number;
}

/** At most this many nested forms are followed into the next piece. */
const MOST_GOING = 16;
/** More than a form is held for, bytes, unless there are many line breaks in it. */
const JOINED = 512;

class SearchingStream implements MaskingStream {
  readonly #trees: readonly FormTree[];
  readonly #sieve: Sieve;
  /** What may be the beginning of a form. */
  #held: Buffer = Buffer.alloc(0);
  /** How many of the held bytes a mask covers that is already written. */
  #covered = 0;
  /** Masked parts of the held bytes whose form began before them. */
  #spans: Span[] = [];
  /** Long forms that are masked up to the end of the last piece. */
  #going: { tree: FormTree; place: TreePlace }[] = [];

  constructor(trees: readonly FormTree[], sieve: Sieve) {
    this.#trees = trees;
    this.#sieve = sieve;
  }

  write(chunk: Buffer): Buffer[] {
    const held = this.#held;
    if (held.length === 0) return this.#piece(chunk, 0);
    // Only the beginning is joined to what was held: copying all of a large piece takes longer than searching it.
    const head = Math.min(chunk.length, JOINED);
    const out = this.#piece(Buffer.concat([held, chunk.subarray(0, head)]), held.length);
    if (head === chunk.length) return out;
    const again = this.#held.length;
    const rest = again <= head ? chunk.subarray(head - again) : Buffer.concat([this.#held, chunk.subarray(head)]);
    return out.concat(this.#piece(rest, again));
  }

  /** @param before how many of the bytes were held */
  #piece(bytes: Buffer, before: number): Buffer[] {
    this.#goOn(bytes, before);
    const stop = this.#search(bytes);
    const out = this.#mask(bytes, stop);
    // A copy: the chunk is the caller's again once it has been written.
    this.#held = Buffer.from(bytes.subarray(stop));
    return out;
  }

  end(): Buffer[] {
    this.#search(this.#held);
    const out = this.#mask(this.#held, this.#held.length);
    this.#held = Buffer.alloc(0);
    return out;
  }

  /** Follows what was masked up to the end of the last piece: the same mask. */
  #goOn(bytes: Buffer, from: number): void {
    const going = this.#going;
    this.#going = [];
    for (const { tree, place } of going) {
      const found = tree.follow(bytes, from, place);
      if (found.place !== undefined) this.#going.push({ tree, place: found.place });
      const [first, ...more] = tree.parts(bytes, from, found.end);
      if (first !== undefined) this.#covered = Math.max(this.#covered, first.end);
      this.#spans.push(...more);
    }
  }

  /** Adds the spans of `bytes`. @returns where the first beginning of a form stands that is not complete */
  #search(bytes: Buffer): number {
    let open = bytes.length;
    for (const start of this.#sieve.places(bytes)) {
      for (const tree of this.#trees) {
        const { end, place } = tree.follow(bytes, start);
        if (place !== undefined) {
          if (!tree.isLong(place)) open = Math.min(open, start);
          else if (this.#going.length < MOST_GOING) this.#going.push({ tree, place });
        }
        if (end > start) this.#spans.push(...tree.parts(bytes, start, end));
      }
    }
    return open;
  }

  /** `bytes` up to `stop`; spans that overlap become one mask. What goes beyond is counted from `stop` on. */
  #mask(bytes: Buffer, stop: number): Buffer[] {
    const out: Buffer[] = [];
    const later: Span[] = [];
    let done = this.#covered;
    for (const { form, start, end } of this.#spans.sort((a, b) => a.start - b.start)) {
      if (start >= stop && start >= done) {
        // What begins in the held bytes is found again.
        if (form < stop) later.push({ form: form - stop, start: start - stop, end: end - stop });
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

/** Which byte strings give a secret away: its value, its lines, and what programs make of them. */

/** Shorter values are not masked: they are words that any console is full of. */
const SHORTEST = 6;

interface SecretForms {
  plain: Buffer[];
  /** Where line breaks may stand anywhere. */
  base64: Buffer[];
}

/**
 * Every form in which a value of these secrets may turn up in text (SPEC 8). Values under
 * six characters have none.
 */
function secretForms(values: Iterable<string>): SecretForms {
  const plain = new Set<string>();
  const base64 = new Set<string>();
  const add = (forms: Set<string>, form: string) => {
    if (isLongEnough(form)) forms.add(form);
  };
  for (const value of values) {
    for (const part of new Set([value, value.trim(), ...value.split(/\r?\n/).map((line) => line.trim())])) {
      if (!isLongEnough(part)) continue;
      add(plain, part);
      for (const escaped of ESCAPES) add(plain, escaped(part.toWellFormed()));
      for (const encoded of base64Forms(Buffer.from(part))) add(base64, encoded);
    }
  }
  const bytes = (forms: Set<string>) => [...forms].map((form) => Buffer.from(form));
  return { plain: bytes(plain), base64: bytes(base64) };
}

/** In characters, of which some are two units. */
function isLongEnough(text: string): boolean {
  return [...text.slice(0, 2 * SHORTEST)].length >= SHORTEST;
}

/** Characters that bash's `printf %q` puts a backslash before. */
const SHELL_SPECIAL = /[\s!"$&'()*,;<>?[\\\]^`{|}]/g;

const ESCAPES: readonly ((text: string) => string)[] = [
  // `docker run --env-file` and the console's own listing write a newline as two characters.
  (text) => text.replaceAll('\n', '\\n'),
  encodeURIComponent,
  (text) => encodeURIComponent(text).replaceAll('%20', '+'),
  json,
  (text) => json(text).replaceAll('/', '\\/'),
  // As Python writes JSON: ASCII alone.
  (text) => json(text).replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  xml,
  (text) => xml(text).replaceAll('"', '&quot;'),
  (text) => xml(text).replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
  (text) => xml(text).replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
  // `set -x`: bash and zsh, then busybox.
  (text) => text.replaceAll("'", "'\\''"),
  (text) => text.replaceAll("'", `'"'"'`),
  (text) => text.replace(SHELL_SPECIAL, '\\$&').replace(/^[~#]/, '\\$&'),
  // bash's $'…', for values with a line break.
  (text) => text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r'),
];

function json(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Base64 of the bytes wherever they stand in a longer text (`user:token`, a header): the
 * characters that do not depend on the neighbours, at each of the three alignments; in
 * both alphabets.
 */
function base64Forms(bytes: Buffer): string[] {
  const plain = bytes.toString('base64');
  const forms = [plain, plain.replace(/=+$/, '')];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    forms.push(text.slice(first, last));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
