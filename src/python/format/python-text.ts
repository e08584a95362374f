import { PyFloat } from '../yaml/nodes.js';

/** What Python makes of a text, where JavaScript makes something else of it. */

/** How many characters Python counts: code points. */
export function pythonLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      length--;
      i++;
    }
  }
  return length;
}

// A pattern with a class of Unicode takes 0.2 ms to make: not before it is needed.
const isPrintable = (character: string) => !/[\p{C}\p{Z}]/u.test(character);
const isDecimalDigit = (character: string) => /\p{Nd}/u.test(character);
const NAMED_ESCAPES = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** `repr(text)`; with `asciiOnly`, `ascii(text)`. */
export function pythonRepr(text: string, asciiOnly = false): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const character of text) {
    const named = NAMED_ESCAPES.get(character);
    const code = character.codePointAt(0) ?? 0;
    if (named !== undefined) out += named;
    else if (character === quote) out += `\\${quote}`;
    else if (code < 0x20 || code === 0x7f) out += hexEscape(code);
    else if (code < 0x7f) out += character;
    else out += asciiOnly || !isPrintable(character) ? hexEscape(code) : character;
  }
  return out + quote;
}

function hexEscape(code: number): string {
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** The value of a decimal digit of any script, as Python counts with it; undefined for anything else. */
export function decimalDigit(character: string): number | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return code >= 0x30 && code <= 0x39 ? code - 0x30 : undefined;
  if (!isDecimalDigit(character)) return undefined;
  // Digits stand in tens from zero to nine; some tens follow each other without a gap.
  let before = 0;
  while (isDecimalDigit(String.fromCodePoint(code - before - 1))) before++;
  return before % 10;
}

/** `str(value)` of what came out of JSON. */
export function pythonStr(value: unknown): string {
  return typeof value === 'string' ? value : reprOf(value);
}

function reprOf(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'string') return pythonRepr(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return `[${value.map(reprOf).join(', ')}]`;
  if (typeof value === 'object' && (Object.getPrototypeOf(value) ?? Object.prototype) === Object.prototype) {
    const entries = Object.entries(value).map(([key, item]) => `${pythonRepr(key)}: ${reprOf(item)}`);
    return `{${entries.join(', ')}}`;
  }
  return String(value);
}

/** As of what JSON says for this number: whether 5 was 5.0 once, nobody knows; from 10^21 on there is an exponent. */
function numberText(value: number): string {
  const whole = Number.isInteger(value) && Math.abs(value) < 1e21;
  return whole ? BigInt(value).toString() : new PyFloat(value).toString();
}
