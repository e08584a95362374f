/**
 * What others wrote, made harmless for a terminal: a console as it streams (`HarmlessText`), a text on one line
 * (`printable`, `plainLine`), and JSON (`escapeInJson`).
 *
 * A console as a terminal may show it. A script's output is somebody else's: colours may
 * pass, but nothing that moves the cursor away, asks the terminal a question whose answer
 * is typed into the shell, sets a title or writes the clipboard.
 */

const ESC = 0x1b;
const NEWLINE = 0x0a;
/** Both break off a sequence. */
const CANCEL = 0x18;
const SUBSTITUTE = 0x1a;
const PASSING_CONTROLS = new Set([0x08, 0x09, NEWLINE, 0x0d]);
/** SGR (colours) and EL (erase the line, which every progress display uses). */
const SGR = 'm'.charCodeAt(0);
const PASSING_CSI = new Set([SGR, 'K'.charCodeAt(0)]);
/** What follows ESC, or stands as its C1 twin, to open a string that only ST or BEL ends: DCS, SOS, OSC, PM, APC. */
const STRING_OPENERS = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);
const CSI = 0x9b;
/** A colour sequence that is longer than any is none. */
const LONGEST_CSI = 64;
/** Of a script that never takes its colours back, the last ones count. */
const LONGEST_COLOURS = 512;

/** Bytes that need no look: printable ASCII and the controls that pass. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 0x20 && byte < 0x7f) || PASSING_CONTROLS.has(byte) ? 1 : 0,
);

type State = 'text' | 'escape' | 'escape-intermediate' | 'csi' | 'string' | 'string-escape';

/** One console's filter; sequences and characters may be cut anywhere between two calls. */
export class HarmlessText {
  #state: State = 'text';
  /** Bytes of a sequence, or of a character, that is not complete yet. */
  #held: number[] = [];
  /** Continuation bytes that the character in `#held` still lacks. */
  #missing = 0;
  /** The sequences since the last one that took all colours back. */
  #colours = '';

  write(chunk: Buffer): Buffer {
    if (this.#state === 'text' && this.#missing === 0 && chunk.every(isPlain)) return chunk;
    const out: number[] = [];
    for (const byte of chunk) this.#take(byte, out);
    return Buffer.from(out);
  }

  /** What takes back the colours that the console left on. */
  end(): Buffer {
    return Buffer.from(this.#colours === '' ? '' : '\x1b[0m');
  }

  /** What puts them back, after something else was shown. */
  colours(): Buffer {
    return Buffer.from(this.#colours);
  }

  #take(byte: number, out: number[]): void {
    if (this.#state !== 'text') this.#inSequence(byte, out);
    else if (this.#missing > 0 && byte >= 0x80 && byte < 0xc0) this.#continue(byte, out);
    else this.#inText(byte, out);
  }

  #inText(byte: number, out: number[]): void {
    this.#reset();
    if (PLAIN[byte] === 1) out.push(byte);
    else if (byte === ESC) this.#state = 'escape';
    else if (byte >= 0xc2 && byte < 0xf5) {
      this.#held = [byte];
      this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    } else if (byte >= 0x80 && byte < 0xa0) this.#control(byte);
  }

  /** A character of several bytes; the C1 controls are such characters too. */
  #continue(byte: number, out: number[]): void {
    this.#held.push(byte);
    this.#missing -= 1;
    if (this.#missing > 0) return;
    const [lead = 0, second = 0] = this.#held;
    const isControl = lead === 0xc2 && second < 0xa0;
    if (!isControl) out.push(...this.#held);
    this.#reset();
    if (isControl) this.#control(second);
  }

  #control(c1: number): void {
    if (c1 === CSI) this.#state = 'csi';
    else if (STRING_OPENERS.has(c1)) this.#state = 'string';
  }

  #inSequence(byte: number, out: number[]): void {
    // None of these sequences spans lines: one that does was never ended, and must not hide what follows.
    if (byte === NEWLINE || byte === CANCEL || byte === SUBSTITUTE) {
      this.#reset();
      if (byte === NEWLINE) out.push(byte);
    } else if (this.#state === 'string' || this.#state === 'string-escape') this.#inString(byte);
    else if (byte === ESC) {
      this.#reset();
      this.#state = 'escape';
    } else if (this.#state === 'csi') this.#inCsi(byte, out);
    else if (this.#state === 'escape') this.#afterEscape(byte);
    else if (byte < 0x20 || byte >= 0x30) this.#reset();
  }

  #afterEscape(byte: number): void {
    this.#reset();
    if (byte >= 0x40 && byte < 0x60) this.#control(byte + 0x40);
    else if (byte >= 0x20 && byte < 0x30) this.#state = 'escape-intermediate';
  }

  #inCsi(byte: number, out: number[]): void {
    if (byte >= 0x40 && byte < 0x7f) {
      const digits = this.#held.every((held) => held >= 0x30 && held < 0x3c);
      if (PASSING_CSI.has(byte) && digits && this.#held.length < LONGEST_CSI) {
        out.push(ESC, 0x5b, ...this.#held, byte);
        if (byte === SGR) this.#colour(String.fromCharCode(...this.#held));
      }
      this.#reset();
    } else if (byte < 0x20 || byte >= 0x7f) this.#reset();
    else if (this.#held.length < LONGEST_CSI) this.#held.push(byte);
  }

  #colour(parameters: string): void {
    const kept = /^[0;]*$/.test(parameters) ? '' : `${this.#colours}\x1b[${parameters}m`;
    this.#colours = kept.slice(kept.indexOf('\x1b', kept.length - LONGEST_COLOURS));
  }

  #inString(byte: number): void {
    if (this.#state === 'string-escape') {
      this.#reset();
      if (byte !== 0x5c) this.#afterEscape(byte);
    } else if (byte === ESC) this.#state = 'string-escape';
    else if (byte === 0x07 || byte === 0x9c) this.#reset();
  }

  #reset(): void {
    this.#state = 'text';
    this.#held = [];
    this.#missing = 0;
  }
}

const isPlain = (byte: number) => PLAIN[byte] === 1;

/** Controls, C1 controls, line separators, and the marks that reorder a line: U+061C, U+200E/F, U+202A–E, U+2066–9. */
const ACTIVE = '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff';
const ACTIVE_SIGNS = new RegExp(`[${ACTIVE}]`, 'g');
/** Without those that JSON escapes itself, and XML has no form for. */
const ACTIVE_IN_MARKUP = new RegExp(`[${ACTIVE.replace('\\u0000-\\u001f', '')}]`, 'g');

/** Text on one line, each character in its column: what would act on a terminal becomes a visible sign. */
export function printable(text: string): string {
  return text.replace(ACTIVE_SIGNS, (sign) =>
    sign < ' ' ? String.fromCharCode(0x2400 + sign.charCodeAt(0)) : '\ufffd',
  );
}

/**
 * Likewise for lines of a message. None of them is one that a forge obeys in the log of its job: `::error::` at the
 * beginning, `##[error]` anywhere.
 */
export function printableLines(text: string): string {
  const line = (one: string) =>
    printable(one)
      .replace(/^(\s*:)(?=:)/, '$1 ')
      .replaceAll('##[', '# #[');
  return text.split('\n').map(line).join('\n');
}

/**
 * CSI, OSC and the sequences of two and more characters, as ECMA-48 has them. No part takes an ESC or its C1 twin but at
 * the beginning, so that the time grows with the length only. That of Node's `stripVTControlCharacters` grows with the
 * square of what follows one ESC.
 */
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009b-\u009d]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/g;

/** Without escape sequences, colours too; other controls stay. */
export const withoutSequences = (text: string): string => text.replace(SEQUENCES, '');

/** Text on one line for a person: escape sequences, colours too, are left out, and each run of breaks is a blank. */
export function plainLine(text: string): string {
  return printable(
    withoutSequences(new HarmlessText().write(Buffer.from(text)).toString()).replace(/[\r\n\b\t]+/g, ' '),
  );
}

const LONGEST_EXCERPT = 300;

/** Somebody else's words for a message of ours: one line, not long, without a stop at its end. */
export function excerpt(text: string): string {
  const line = plainLine(text.slice(0, 16 * LONGEST_EXCERPT))
    .replace(/ {2,}/g, ' ')
    .trim();
  return (line.length > LONGEST_EXCERPT ? `${line.slice(0, LONGEST_EXCERPT)}…` : line).replace(/[.\s]+$/, '');
}

/** JSON that a terminal may show: what would act on it is escaped, so that every reader gets the same values. */
export function escapeInJson(json: string): string {
  return json.replace(ACTIVE_IN_MARKUP, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Likewise for XML. */
export function escapeInXml(xml: string): string {
  return xml.replace(ACTIVE_IN_MARKUP, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** As `replace(/x+$/, '')`; that pattern's time grows with the square of a run of `x` that something follows. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end--;
  return text.slice(0, end);
}
