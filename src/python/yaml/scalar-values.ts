import { type Constructed, PyFloat, type ScalarNode, TAG } from './nodes.js';
import { readFloat, readInt } from './python-numbers.js';

/** What a scalar of a known tag is; undefined where PyYAML fails to make one of the text. */
export function constructScalar(tag: string, node: ScalarNode): Constructed | undefined {
  const { value } = node;
  switch (tag) {
    case TAG.str:
      return { kind: 'scalar', value };
    case TAG.null:
      return { kind: 'scalar', value: null };
    case TAG.bool: {
      const flag = BOOLEANS.get(value.toLowerCase());
      return flag === undefined ? undefined : { kind: 'scalar', value: flag };
    }
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

const BOOLEANS = new Map([
  ['yes', true],
  ['no', false],
  ['true', true],
  ['false', false],
  ['on', true],
  ['off', false],
]);

function constructInt(text: string): Constructed | undefined {
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return { kind: 'scalar', value: Number(text) };
  const exact = readInt(text);
  if (exact === undefined) return undefined;
  const number = Number(exact);
  return { kind: 'scalar', value: Number.isSafeInteger(number) ? number : exact };
}

const TIMESTAMP =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+]([0-9]{1,2})(?::([0-9]{2}))?))?)?\n?$/;

/** A date or time if the calendar has it, else undefined. Neither has a form in JSON, so the value itself does not matter. */
function constructTimestamp(text: string): Constructed | undefined {
  const match = TIMESTAMP.exec(text);
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
