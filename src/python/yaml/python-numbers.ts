import { decimalDigit } from '../format/python-text.js';

/** Python's `int()` and `float()` as PyYAML uses them. All give undefined where Python raises. */

/** More decimal digits than this and Python refuses to convert, in either direction. */
const MAX_DIGITS = 4300;
/** The smallest whole number with more digits than that. */
export const TOO_LONG = 10n ** BigInt(MAX_DIGITS);

const NOT_ASCII = /[^\p{ASCII}]/u;

const PREFIXES: Record<number, RegExp> = { 2: /^0[bB]/, 8: /^0[oO]/, 10: /^$/, 16: /^0[xX]/ };
const DIGITS: Record<number, RegExp> = { 2: /^[01]+$/, 8: /^[0-7]+$/, 10: /^[0-9]+$/, 16: /^[0-9a-fA-F]+$/ };
const BIGINT_PREFIX: Record<number, string> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };

type Base = 2 | 8 | 10 | 16;

/** `int(text, base)`; the text holds no underscores. */
function pythonInt(text: string, base: Base): bigint | undefined {
  const [, sign, body] = /^([-+]?)(.*)$/s.exec(toAscii(text)) ?? [];
  const digits = (body ?? '').replace(PREFIXES[base] as RegExp, '');
  if (!(DIGITS[base] as RegExp).test(digits)) return undefined;
  if (base === 10 && digits.length > MAX_DIGITS) return undefined;
  const value = BigInt(BIGINT_PREFIX[base] + digits);
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
export function readInt(scalar: string): bigint | undefined {
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
export function readFloat(scalar: string): number | undefined {
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
