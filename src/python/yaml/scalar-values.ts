import { decimalDigit } from '../format/format.js';
import { type Constructed, PyFloat, type ScalarNode, TAG } from './nodes.js';

/** Which type YAML 1.1 gives to a scalar without a tag, by its text alone; the patterns are PyYAML's reading of it. */

const WORDS = new Map<string, string>([
  ['', TAG.null],
  ['~', TAG.null],
  ['null', TAG.null],
  ['Null', TAG.null],
  ['NULL', TAG.null],
  ['<<', TAG.merge],
  ['=', TAG.value],
  ['!', TAG.yaml],
  ['&', TAG.yaml],
  ['*', TAG.yaml],
]);
for (const word of ['yes', 'no', 'true', 'false', 'on', 'off']) {
  for (const form of [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)])
    WORDS.set(form, TAG.bool);
}
const LONGEST_WORD = 5;

const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INT =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const TIMESTAMP =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/;

/** The tag of a plain scalar, or of one that carries the tag `!` (such a one is typed even in quotes). */
export function resolveScalar(value: string): string {
  // Python's `$` also matches before a newline at the very end, which only a scalar in quotes can have.
  const text = value.length > 1 && value.charCodeAt(value.length - 1) === 0x0a ? value.slice(0, -1) : value;
  if (text.length <= LONGEST_WORD) {
    const tag = WORDS.get(text);
    if (tag !== undefined) return tag;
  }
  const first = text.charCodeAt(0);
  const digit = first >= 0x30 && first <= 0x39;
  if (!digit && first !== 0x2d && first !== 0x2b && first !== 0x2e) return TAG.str;
  if (FLOAT.test(text)) return TAG.float;
  if (INT.test(text)) return TAG.int;
  return digit && TIMESTAMP.test(text) ? TAG.timestamp : TAG.str;
}

/** What a scalar of a known tag is; undefined where PyYAML fails to make one of the text. */
export function constructScalar(tag: string, node: ScalarNode): Constructed | undefined {
  const { value } = node;
  switch (tag) {
    case TAG.str:
      return { kind: 'scalar', value };
    case TAG.null:
      return { kind: 'scalar', value: null };
    case TAG.bool:
      if (!/^(?:yes|no|true|false|on|off)$/i.test(value)) return undefined;
      return { kind: 'scalar', value: /^(?:yes|true|on)$/i.test(value) };
    case TAG.int:
      return constructInt(value);
    case TAG.float: {
      const number = readFloat(value);
      return number === undefined ? undefined : { kind: 'scalar', value: new PyFloat(number) };
    }
    case TAG.timestamp:
      return constructTimestamp(value);
    case TAG.binary:
      return isBase64(value) ? { kind: 'foreign', type: 'binary data' } : undefined;
    default:
      return undefined;
  }
}

function constructInt(text: string): Constructed | undefined {
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return { kind: 'scalar', value: Number(text) };
  const exact = readInt(text);
  if (exact === undefined) return undefined;
  const number = Number(exact);
  return { kind: 'scalar', value: Number.isSafeInteger(number) ? number : exact };
}

const DATE_AND_TIME =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+]([0-9]{1,2})(?::([0-9]{2}))?))?)?\n?$/;

/** A date or time if the calendar has it, else undefined. Neither has a form in JSON, so the value itself does not matter. */
function constructTimestamp(text: string): Constructed | undefined {
  const match = DATE_AND_TIME.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const isDate = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  const isTime = hour < 24 && minute < 60 && second < 60 && zoneHour * 60 + zoneMinute < 24 * 60;
  if (!isDate || !isTime) return undefined;
  return { kind: 'foreign', type: match[4] === undefined ? 'a date' : 'a date and time' };
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Whether Python's lenient decoder takes it: foreign ASCII is skipped, and a complete padding ends it early. */
function isBase64(text: string): boolean {
  let quad = 0;
  let pads = 0;
  for (const character of text) {
    if (character > '\x7f') return false;
  }
  for (const character of text) {
    if (character === '=') {
      if (quad >= 2 && quad + ++pads >= 4) return true;
    } else if (/[A-Za-z0-9+/]/.test(character)) {
      pads = 0;
      quad = (quad + 1) % 4;
    }
  }
  return quad === 0;
}

/** Python's `int()` and `float()` as PyYAML uses them. All give undefined where Python raises. */

/** More decimal digits than this and Python refuses to convert, in either direction. */
const MAX_DIGITS = 4300;
/** The smallest whole number with more digits than that. */
export const TOO_LONG = 10n ** BigInt(MAX_DIGITS);

const NOT_ASCII = /[^\p{ASCII}]/u;

/** By base: how Python writes a number of it, and the prefix that JavaScript needs. */
const BASES = {
  2: [/^([-+]?)(?:0[bB])?([01]+)$/, '0b'],
  8: [/^([-+]?)(?:0[oO])?([0-7]+)$/, '0o'],
  10: [/^([-+]?)([0-9]+)$/, ''],
  16: [/^([-+]?)(?:0[xX])?([0-9a-fA-F]+)$/, '0x'],
} as const;

/** `int(text, base)`; the text holds no underscores. */
function pythonInt(text: string, base: keyof typeof BASES): bigint | undefined {
  const [pattern, prefix] = BASES[base];
  const [, sign, digits] = pattern.exec(toAscii(text)) ?? [];
  if (digits === undefined || (base === 10 && digits.length > MAX_DIGITS)) return undefined;
  const value = BigInt(prefix + digits);
  return sign === '-' ? -value : value;
}

/** `float(text)`; the text holds no underscores. */
function pythonFloat(text: string): number | undefined {
  const trimmed = toAscii(text);
  const special = /^([-+]?)(?:(inf|infinity)|nan)$/i.exec(trimmed);
  if (special) return special[2] === undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  return /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** A scalar tagged `int`: decimal, `0b`, `0x`, octal with a leading 0, or base 60 (`1:30`). */
function readInt(scalar: string): bigint | undefined {
  const [sign, value] = splitSign(scalar.replaceAll('_', ''));
  if (value === undefined) return undefined;
  const magnitude = readMagnitude(value);
  return magnitude === undefined ? undefined : sign * magnitude;
}

function readMagnitude(value: string): bigint | undefined {
  if (value.startsWith('0b')) return pythonInt(value.slice(2), 2);
  if (value.startsWith('0x')) return pythonInt(value.slice(2), 16);
  if (value === '0') return 0n;
  if (value.startsWith('0')) return pythonInt(value, 8);
  let sum = 0n;
  for (const part of value.split(':')) {
    const digit = pythonInt(part, 10);
    if (digit === undefined) return undefined;
    // Once it is too long to be written anywhere its exact value does not matter, and would cost a lot.
    if (sum < TOO_LONG) sum = sum * 60n + digit;
  }
  return sum;
}

/** A scalar tagged `float`: decimal, `.inf`, `.nan`, or base 60 (`1:30.5`). */
function readFloat(scalar: string): number | undefined {
  const [sign, value] = splitSign(scalar.replaceAll('_', '').toLowerCase());
  if (value === undefined) return undefined;
  if (value === '.inf') return Number(sign) * Infinity;
  if (value === '.nan') return Number.NaN;
  if (!value.includes(':')) {
    const number = pythonFloat(value);
    return number === undefined ? undefined : Number(sign) * number;
  }
  let base = 1n;
  let sum = 0;
  for (const part of value.split(':').reverse()) {
    const digit = pythonFloat(part);
    // Python refuses to make a float of so large a whole number.
    if (digit === undefined || Number(base) === Infinity) return undefined;
    sum += digit * Number(base);
    base *= 60n;
  }
  return Number(sign) * sum;
}

/** The value is undefined when nothing is left of it: Python's PyYAML fails there. */
function splitSign(text: string): [bigint, string | undefined] {
  const sign = text.startsWith('-') ? -1n : 1n;
  const value = /^[-+]/.test(text) ? text.slice(1) : text;
  return [sign, value === '' ? undefined : value];
}

/** Without the blanks around it, and with its digits in ASCII, of whatever script they are. */
function toAscii(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start] as string)) start++;
  while (end > start && isBlank(text[end - 1] as string)) end--;
  const inner = text.slice(start, end);
  return NOT_ASCII.test(inner) ? inner.replaceAll(/\p{Nd}/gu, (digit) => String(decimalDigit(digit))) : inner;
}

/** To numbers U+001C to U+001F are none, though they are elsewhere in Python; JavaScript is of another mind on two more. */
function isBlank(character: string): boolean {
  return character === '\x85' || (character !== '\ufeff' && character.trim() === '');
}
