import { isWord, memberTest, NOTHING } from './code-points.js';
import type { SetNode } from './nodes.js';

const NEWLINE = 0x0a;
const NOT_ASCII = /[^\p{ASCII}]/u;

/** A text in the alphabet, and where each of its characters begins in the text as it was. */
export interface Encoded {
  text: string;
  offsets: number[];
}

/**
 * To RE2 only ASCII has words, to Python every script. So a pattern with `\b`, and a text beyond ASCII, are written in an
 * alphabet of ASCII: characters that no set of the pattern tells apart share one letter of it, which is one of a word's
 * where they are. The alphabet grows with the texts that are read.
 */
export class WordAlphabet {
  readonly #sets: Map<SetNode, number>;
  readonly #tests: ((code: number) => boolean)[];
  /** By what the tests say of a character, in the order of the tests. */
  readonly #letters = new Map<string, string>();
  readonly #known = new Map<string, string>();
  readonly #free: Record<'word' | 'other', string[]> = { word: [], other: [] };

  constructor(sets: SetNode[]) {
    this.#sets = new Map(sets.map((set, i) => [set, i]));
    this.#tests = sets.map(memberTest);
    const ascii = Array.from({ length: 0x80 }, (_, code) => code).filter((code) => code !== NEWLINE);
    for (const code of ascii) this.#free[isWord(code) ? 'word' : 'other'].push(String.fromCharCode(code));
  }

  /** How many letters there are; a pattern written with fewer is to be written again. */
  get size(): number {
    return this.#letters.size;
  }

  /** @returns undefined for a text that needs no alphabet, or more letters than there are */
  encode(text: string): Encoded | undefined {
    if (!NOT_ASCII.test(text)) return undefined;
    let encoded = '';
    const offsets: number[] = [];
    let at = 0;
    for (const char of text) {
      const letter = this.#letterFor(char);
      if (letter === undefined) return undefined;
      encoded += letter;
      offsets.push(at);
      at += char.length;
    }
    offsets.push(at);
    return { text: encoded, offsets };
  }

  /** One of the sets that the alphabet was made for, as a class of letters. */
  classOf(set: SetNode): string {
    const index = this.#sets.get(set) ?? -1;
    const held = [...this.#letters].filter(([signature]) => signature[index] === '1').map(([, letter]) => letter);
    return held.length === 0
      ? NOTHING
      : `[${held.map((letter) => `\\x{${letter.charCodeAt(0).toString(16)}}`).join('')}]`;
  }

  #letterFor(char: string): string | undefined {
    const known = this.#known.get(char);
    if (known !== undefined) return known;
    const code = char.codePointAt(0) as number;
    // The newline is what `$` looks at, and stays.
    const kind = code === NEWLINE ? 'newline' : isWord(code) ? 'word' : 'other';
    const signature = `${this.#tests.map((test) => (test(code) ? 1 : 0)).join('')} ${kind}`;
    const letter = this.#letters.get(signature) ?? (kind === 'newline' ? char : this.#free[kind].pop());
    if (letter === undefined) return undefined;
    this.#letters.set(signature, letter);
    this.#known.set(char, letter);
    return letter;
  }
}
