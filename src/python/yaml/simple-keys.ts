import type { Cursor } from './cursor.js';
import { invisibleHelp, YamlFault } from './positions.js';

/** A token turns out to begin a key if a `:` follows on its line, at most this many characters on. */
const MAX_KEY_LENGTH = 1024;

interface SimpleKey {
  /** Index of the token that the key would begin with. */
  token: number;
  /** It stands where only a key can: without a `:` the text is wrong. */
  required: boolean;
  pos: number;
  line: number;
  column: number;
}

/** The possible keys: one candidate for each level of brackets; level 0 is the block that contains them. */
export class SimpleKeys {
  readonly #cursor: Cursor;
  readonly #keys: (SimpleKey | undefined)[] = [];

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** Notes that token number `token`, about to be scanned at the cursor, may begin a key. */
  save(token: number): void {
    const { pos, line, column, indent, flowLevel, allowSimpleKey } = this.#cursor;
    if (!allowSimpleKey) return;
    this.drop();
    const required = flowLevel === 0 && indent === column;
    this.#keys[flowLevel] = { token, required, pos, line, column };
  }

  /** Forgets the candidate of the current level: something else begins. */
  drop(): void {
    const { flowLevel } = this.#cursor;
    const key = this.#keys[flowLevel];
    if (key?.required) throw this.#missingColon(key);
    this.#keys[flowLevel] = undefined;
  }

  /** The candidate that the `:` at the cursor makes a key, if there is one. */
  take(): SimpleKey | undefined {
    const { flowLevel } = this.#cursor;
    const key = this.#keys[flowLevel];
    if (key === undefined || this.#isStale(key)) return undefined;
    this.#keys[flowLevel] = undefined;
    return key;
  }

  /** Fails when a key that must be one has no `:` in reach any more. Only the block's can be of that kind. */
  checkRequired(): void {
    const key = this.#keys[0];
    if (key?.required && this.#isStale(key)) throw this.#missingColon(key);
  }

  /** The number of the first token that may still turn out to begin a key, or has to. */
  firstPending(): number | undefined {
    return this.#keys.find((key) => key !== undefined && (key.required || !this.#isStale(key)))?.token;
  }

  #isStale(key: SimpleKey): boolean {
    const { text, pos, line } = this.#cursor;
    const length = pos - key.pos;
    if (key.line !== line || length > 2 * MAX_KEY_LENGTH) return true;
    // The limit counts characters, of which some are two code units.
    return length > MAX_KEY_LENGTH && Array.from(text.slice(key.pos, pos)).length > MAX_KEY_LENGTH;
  }

  #missingColon(key: SimpleKey): YamlFault {
    const { text } = this.#cursor;
    const end = key.pos + text.slice(key.pos).search(/[\0\r\n]/);
    const help =
      invisibleHelp(text.slice(key.pos, end)) ??
      "Write ': ' after the key, or indent the line if it continues the text above.";
    return new YamlFault("This is read as a key, but no ':' follows it on its line.", key.pos, end, help);
  }
}
