/** Where in a text one of many byte strings, the forms, may begin (`Sieve`), and whether one does (`FormTree`). */

/** What has this much of a form is masked as far as it is like the form: a longer one is never held back as a whole. */
const LONG = 128;
/**
 * A form with more line breaks in a row is not one: otherwise a script that prints a form's first character, and empty
 * lines after it, would have all of them held back and searched again and again.
 */
const MOST_BREAKS = 32;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

interface Node {
  /** The bytes that lead here from the node above. */
  label: Buffer;
  isForm: boolean;
  /** By the first byte of their labels. */
  children: Map<number, Node>;
}

/** How far into the tree some bytes lead: `at` bytes of the node's label. */
export interface TreePlace {
  node: Node;
  at: number;
  depth: number;
  /** The line breaks in a row that end these bytes. */
  breaks: number;
}

/** All forms, those with the same beginning on one way. */
export class FormTree {
  readonly #root: Node = { label: Buffer.alloc(0), isForm: false, children: new Map() };
  readonly #breaks: boolean;

  /** @param breaks whether up to `MOST_BREAKS` line breaks may stand anywhere in a form; they are never masked */
  constructor(forms: readonly Buffer[], breaks: boolean) {
    this.#breaks = breaks;
    for (const form of forms) this.#add(form);
  }

  #add(form: Buffer): void {
    let node = this.#root;
    for (let at = 0; at < form.length; ) {
      const child = node.children.get(form[at] as number);
      if (child === undefined) {
        node.children.set(form[at] as number, { label: form.subarray(at), isForm: true, children: new Map() });
        return;
      }
      const { label } = child;
      let same = 1;
      while (same < label.length && label[same] === form[at + same]) same++;
      if (same < label.length) {
        child.children = new Map([[label[same] as number, { ...child, label: label.subarray(same) }]]);
        child.label = label.subarray(0, same);
        child.isForm = false;
      }
      at += same;
      node = child;
    }
    node.isForm = true;
  }

  /**
   * Follows the bytes from `start` on.
   *
   * @returns the end of the longest form, or of what is masked like a long one; `start` for none; and the place, when
   * the bytes ended before the form did
   */
  follow(bytes: Buffer, start: number, from?: TreePlace): { end: number; place?: TreePlace } {
    if (from === undefined && !this.#root.children.has(bytes[start] as number)) return { end: start };
    let { node, at, depth, breaks } = from ?? { node: this.#root, at: 0, depth: 0, breaks: 0 };
    let end = start;
    for (let index = start; index < bytes.length; index++) {
      const byte = bytes[index] as number;
      if (depth > 0 && this.#breaks && isBreak(byte)) {
        if (++breaks > MOST_BREAKS) return { end };
        continue;
      }
      breaks = 0;
      if (at === node.label.length) {
        const child = node.children.get(byte);
        if (child === undefined) return { end };
        node = child;
        at = 0;
      } else if (node.label[at] !== byte) return { end };
      at++;
      depth++;
      const complete = at === node.label.length;
      if (depth >= LONG || (complete && node.isForm)) end = index + 1;
      if (complete && node.children.size === 0) return { end };
    }
    return { end, place: { node, at, depth, breaks } };
  }

  isLong({ depth }: TreePlace): boolean {
    return depth >= LONG;
  }

  /** What is between the line breaks. */
  parts(bytes: Buffer, start: number, end: number): { form: number; start: number; end: number }[] {
    const parts = [];
    let begin = start;
    for (let at = start; at <= end; at++) {
      if (at < end && !(this.#breaks && isBreak(bytes[at] as number))) continue;
      if (at > begin) parts.push({ form: start, start: begin, end: at });
      begin = at + 1;
    }
    return parts;
  }
}

const GRAM = 4;
/** More bytes of a form than this are not looked at. */
const MOST_BYTES = 32;
/** Bits of the sieve for each gram in it: so few others get through. */
const BITS_PER_GRAM = 16;
const MOST_BITS = 24;

/**
 * One look in every `stride` bytes: where two overlapping four-byte strings, without their line breaks, are not both
 * in the first bytes of forms, no form begins in the `stride` bytes up to there.
 */
export class Sieve {
  readonly #stride: number;
  readonly #shift: number;
  /** One bit a hash. */
  readonly #bits: Uint32Array;
  readonly #grams = Buffer.alloc(GRAM + 1);

  constructor(forms: readonly Buffer[]) {
    this.#stride = forms.reduce((least, { length }) => Math.min(least, length), MOST_BYTES) - GRAM;
    const bits = Math.ceil(Math.log2(forms.length * this.#stride * BITS_PER_GRAM));
    this.#shift = 32 - Math.min(MOST_BITS, bits);
    this.#bits = new Uint32Array(2 ** (32 - this.#shift - 5));
    for (const form of forms) {
      for (let at = 0; at <= this.#stride; at++) {
        const hash = hashAt(form, at) >>> this.#shift;
        (this.#bits[hash >>> 5] as number) |= 1 << (hash & 31);
      }
    }
  }

  /** In order; the last few of `bytes`, too few to look up, always. */
  places(bytes: Buffer): number[] {
    const places: number[] = [];
    const stride = this.#stride;
    const last = bytes.length - GRAM - 1;
    let start = 0;
    for (let at = stride - 1; at <= last; at += stride) {
      if (this.#mayHave(bytes, at)) {
        for (let place = start; place < start + stride; place++) places.push(place);
      }
      start += stride;
    }
    for (; start < bytes.length; start++) if (start > last || this.#mayHave(bytes, start)) places.push(start);
    return places;
  }

  #mayHave(bytes: Buffer, at: number): boolean {
    return this.#has(bytes, at) || (hasBreak(bytes, at) && this.#hasWithoutBreaks(bytes, at));
  }

  #has(bytes: Buffer, at: number): boolean {
    const hash = hashAt(bytes, at) >>> this.#shift;
    if ((((this.#bits[hash >>> 5] as number) >>> (hash & 31)) & 1) === 0) return false;
    const next = hashAt(bytes, at + 1) >>> this.#shift;
    return (((this.#bits[next >>> 5] as number) >>> (next & 31)) & 1) === 1;
  }

  #hasWithoutBreaks(bytes: Buffer, from: number): boolean {
    const grams = this.#grams;
    let size = 0;
    let breaks = 0;
    for (let at = from; size <= GRAM; at++) {
      // The next piece shows.
      if (at === bytes.length) return true;
      const byte = bytes[at] as number;
      if (!isBreak(byte)) {
        grams[size++] = byte;
        breaks = 0;
      } else if (++breaks > MOST_BREAKS) return false;
    }
    return this.#has(grams, 0);
  }
}

function hashAt(bytes: Buffer, at: number): number {
  const four =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
  return Math.imul(four, 0x9e3779b1);
}

function isBreak(byte: number): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN;
}

/** Or another control character: one comparison a byte. */
function hasBreak(bytes: Buffer, at: number): boolean {
  for (let next = at; next <= at + GRAM; next++) if ((bytes[next] as number) <= CARRIAGE_RETURN) return true;
  return false;
}
