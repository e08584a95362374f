import { isUtf8 } from 'node:buffer';

/** Characters. Real lines are far shorter, and what is not read has to go somewhere. */
export const LONGEST_LINE = 4 * 1024 * 1024;

export interface NumberedLine {
  number: number;
  text: string;
}

/** Bytes into those lines that a pattern may match. Each byte is looked at once, however the console is cut in pieces. */
export class LineReader {
  /** For each pattern, texts of which a matching line has one; undefined where any line may match. */
  requires: (readonly string[] | undefined)[] = [];
  count = 0;
  /** Some bytes are not UTF-8. */
  isInvalid = false;
  /** Number of the first line that was cut. */
  longest: number | undefined;
  /** The beginning of a character whose end has not come yet. */
  #partial: Uint8Array = new Uint8Array();
  /** The beginning of a line whose end has not come yet. */
  #rest = '';
  #afterCarriageReturn = false;

  write(bytes: Uint8Array): NumberedLine[] {
    const all = this.#partial.length > 0 ? Buffer.concat([this.#partial, bytes]) : bytes;
    const whole = all.length - partialCharacter(all);
    this.#partial = Uint8Array.prototype.slice.call(all, whole);
    return this.#split(this.#decode(all.subarray(0, whole)));
  }

  end(): NumberedLine[] {
    const lines = this.#split(this.#decode(this.#partial));
    const last = this.#rest;
    this.#rest = '';
    if (last === '') return lines;
    this.count += 1;
    return [...lines, { number: this.count, text: last }];
  }

  #decode(bytes: Uint8Array): string {
    if (!isUtf8(bytes)) this.isInvalid = true;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  }

  #split(text: string): NumberedLine[] {
    const lines: NumberedLine[] = [];
    let begin = 0;
    if (this.#afterCarriageReturn && text !== '') {
      this.#afterCarriageReturn = false;
      if (text.startsWith('\n')) begin = 1;
    }
    const feeds = new Occurrences(text, '\n');
    const returns = new Occurrences(text, '\r');
    const required = this.requires.map((texts) => texts?.map((one) => new Occurrences(text, one)));
    const mayMatch = (from: number, end: number) =>
      required.some((texts) => texts === undefined || texts.some((one) => one.from(from) < end));
    for (;;) {
      const end = Math.min(feeds.from(begin), returns.from(begin));
      if (end >= text.length) break;
      this.count += 1;
      if (this.#rest !== '' || mayMatch(begin, end)) {
        lines.push({ number: this.count, text: `${this.#begunLine(text, begin, end)}\n` });
        this.#rest = '';
      } else if (end - begin > LONGEST_LINE) this.longest ??= this.count;
      begin = end + 1;
      if (text[end] !== '\r') continue;
      if (begin === text.length) this.#afterCarriageReturn = true;
      else if (text[begin] === '\n') begin += 1;
    }
    this.#rest = this.#begunLine(text, begin, text.length, this.count + 1);
    return lines;
  }

  #begunLine(text: string, begin: number, end: number, number = this.count): string {
    const room = LONGEST_LINE - this.#rest.length;
    if (end - begin <= room) return this.#rest + text.slice(begin, end);
    this.longest ??= number;
    return this.#rest + text.slice(begin, begin + room);
  }
}

/** Where a text occurs next; asked with places that only grow, it looks at each character once. */
class Occurrences {
  readonly #text: string;
  readonly #wanted: string;
  #next = -1;

  constructor(text: string, wanted: string) {
    this.#text = text;
    this.#wanted = wanted;
  }

  /** Infinity where there is none. */
  from(place: number): number {
    if (this.#next < place) {
      const next = this.#text.indexOf(this.#wanted, place);
      this.#next = next < 0 ? Infinity : next;
    }
    return this.#next;
  }
}

/** How many bytes at the end are the beginning of a character. */
function partialCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}
