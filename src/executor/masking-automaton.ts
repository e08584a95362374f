/**
 * Finds many byte strings at once (Aho and Corasick): one step a byte however many there are, and its state says at
 * any time how much of what came last may be the beginning of one.
 */

/** Of a long form the automaton has the beginning; once that is found, the rest is compared byte by byte. */
const LONGEST_HEAD = 128;
const SHORTEST_HEAD = 8;
/** About as many states are made; with more forms, heads are shorter. */
const MOST_STATES = 2_000_000;
/** Cells of the table that has a state's every step; states near the start have rows, the others have their children. */
const TABLE_CELLS = 4 * 1024 * 1024;

export class Automaton {
  /** Byte → column; 0: in no form, 1: passed over. */
  readonly columns = new Uint8Array(256);
  readonly width: number;
  /** The states that have rows are those below this. */
  readonly rows: number;
  /** `rows` × `width`: the next state, or its complement where a form ends. */
  readonly table: Int32Array;
  /** So many bytes of a form at most are searched for. */
  readonly head: number;
  /** How long the beginning of a form is that a state stands for. */
  readonly depth: Uint8Array;
  /** Length of the longest form that ends in a state; 0: none. */
  readonly found: Uint8Array;
  /** The forms of which a state is only the head. */
  readonly long = new Map<number, Buffer[]>();
  /** What a state falls back to where it has no child. */
  readonly #fallback: Int32Array;
  readonly #children: Map<number, number>;

  /** @param passedOver bytes that may stand anywhere in a form */
  constructor(forms: readonly Buffer[], passedOver: readonly number[]) {
    const head = Math.max(SHORTEST_HEAD, Math.min(LONGEST_HEAD, Math.floor(MOST_STATES / Math.max(1, forms.length))));
    this.head = head;
    const trie = makeTrie(forms, head);
    let columns = 2;
    for (const byte of trie.bytes) this.columns[byte] = columns++;
    for (const byte of passedOver) this.columns[byte] = 1;
    this.width = columns;
    this.depth = Uint8Array.from(trie.depth);
    this.found = new Uint8Array(trie.depth.length);
    for (const [state, form] of trie.ends) {
      this.found[state] = this.depth[state] ?? 0;
      if (form.length > head) this.long.set(state, [...(this.long.get(state) ?? []), form]);
    }
    this.#children = trie.children;
    this.#fallback = new Int32Array(trie.depth.length);
    this.rows = Math.min(trie.depth.length, Math.floor(TABLE_CELLS / this.width));
    this.table = new Int32Array(this.rows * this.width);
    this.#link(trie);
  }

  /** States are in the order of their depth, so what one falls back to is complete before it. */
  #link({ depth, parent, byte }: Trie): void {
    const { found, table, width, rows } = this;
    for (let state = 1; state < depth.length; state++) {
      const up = parent[state] as number;
      if (up < rows) table[up * width + (this.columns[byte[state] as number] as number)] = state;
    }
    for (let state = 0; state < depth.length; state++) {
      const up = parent[state] as number;
      const back = up === 0 ? 0 : this.#stepFrom(this.#fallback[up] as number, byte[state] as number);
      this.#fallback[state] = back;
      found[state] = found[state] || (found[back] as number);
      if (state >= rows) continue;
      const [to, from] = [state * width, back * width];
      table[to + 1] = state;
      for (let column = 2; column < width; column++) table[to + column] ||= table[from + column] as number;
    }
    for (let cell = 0; cell < table.length; cell++) {
      if (cell % width !== 1) table[cell] = this.#marked(table[cell] as number);
    }
  }

  #marked(state: number): number {
    return (this.found[state] as number) > 0 ? ~state : state;
  }

  #stepFrom(from: number, byte: number): number {
    const next = this.step(from, byte);
    return next < 0 ? ~next : next;
  }

  /** The state after one more byte; its complement where a form ends. */
  step(from: number, byte: number): number {
    const column = this.columns[byte] as number;
    if (column === 1) return from;
    for (let state = from; ; state = this.#fallback[state] as number) {
      if (state < this.rows) return this.table[state * this.width + column] as number;
      const child = this.#children.get(state * 256 + byte);
      if (child !== undefined) return this.#marked(child);
    }
  }
}

interface Trie {
  depth: number[];
  parent: number[];
  byte: number[];
  /** `state * 256 + byte` → state. */
  children: Map<number, number>;
  ends: [state: number, form: Buffer][];
  bytes: Set<number>;
}

/** All forms at once, one byte further at a time: states get numbers in the order of their depth. */
function makeTrie(forms: readonly Buffer[], head: number): Trie {
  const trie: Trie = { depth: [0], parent: [0], byte: [0], children: new Map(), ends: [], bytes: new Set() };
  let growing = forms.map((form) => ({ form, state: 0 }));
  for (let at = 0; growing.length > 0; at++) {
    for (const one of growing) {
      const byte = one.form[at] as number;
      const key = one.state * 256 + byte;
      let next = trie.children.get(key);
      if (next === undefined) {
        next = trie.depth.push(at + 1) - 1;
        trie.parent.push(one.state);
        trie.byte.push(byte);
        trie.children.set(key, next);
        trie.bytes.add(byte);
      }
      one.state = next;
    }
    const complete = Math.min(head, at + 1);
    for (const { form, state } of growing)
      if (form.length === at + 1 || complete === head) trie.ends.push([state, form]);
    growing = complete === head ? [] : growing.filter(({ form }) => form.length > at + 1);
  }
  return trie;
}

const BLOCK = 256;
/** Longer parts of a form are not counted on: what breaks lines may break them at fewer columns than 76. */
const LONGEST_PART = 32;
const GRAM_BITS = 22;

/**
 * Finds the blocks of a buffer where a form may be, by looking at five bytes in every so many: whatever holds none of
 * the forms' own four-byte strings there cannot hold a form.
 */
export class Sieve {
  readonly #grams = new Uint8Array(1 << GRAM_BITS);
  readonly #stride: number;

  /** @param parts forms that are whole where they stand, and those that one line break may part */
  constructor(parts: { whole: readonly Buffer[]; parted: readonly Buffer[] }, head: number) {
    let shortest = LONGEST_PART;
    const add = (form: Buffer, part: number) => {
      shortest = Math.min(shortest, part);
      for (let at = 0; at + 4 <= form.length; at++) this.#grams[gramAt(form, at)] = 1;
    };
    for (const form of parts.whole) add(form.subarray(0, head), Math.min(head, form.length));
    for (const form of parts.parted) add(form.subarray(0, head), Math.ceil(Math.min(head, form.length) / 2));
    this.#stride = shortest - 4;
  }

  /** For each block of `bytes` after `from`, `size` bytes long: 1 where a form may begin, be or end. The first and the last always. */
  blocks(bytes: Buffer, from: number): { marks: Uint8Array; size: number } {
    const marks = new Uint8Array(Math.max(1, Math.ceil((bytes.length - from) / BLOCK)));
    if (this.#stride < 2) return { marks: marks.fill(1), size: BLOCK };
    const last = bytes.length - 5;
    for (let at = from; at <= last; at += this.#stride) {
      if (this.#grams[gramAt(bytes, at)] === 0 || this.#grams[gramAt(bytes, at + 1)] === 0) continue;
      const block = Math.floor((at - from) / BLOCK);
      marks.fill(1, Math.max(0, block - 1), block + 2);
    }
    marks[0] = 1;
    marks.fill(1, Math.max(0, marks.length - 2));
    return { marks, size: BLOCK };
  }
}

function gramAt(bytes: Buffer, at: number): number {
  const four =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
  return Math.imul(four, 0x9e3779b1) >>> (32 - GRAM_BITS);
}
