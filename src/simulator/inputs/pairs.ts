import { UsageError } from '../../lib/errors.js';
import type { StringMap } from '../../schema/model.js';

/**
 * `LEFT=RIGHT` as flags give it; the last of a name wins.
 *
 * @throws UsageError for one without both sides
 */
export function readPairs(flag: string, words: readonly string[]): StringMap {
  const pairs: StringMap = Object.create(null);
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1 || equals === word.length - 1) {
      throw new UsageError(`--${flag} ${word} is not of the form NAME=VALUE. Write, for example, --${flag} a=b.`);
    }
    pairs[word.slice(0, equals)] = word.slice(equals + 1);
  }
  return pairs;
}

const UNITS: Record<string, number> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** `512m`, `2g`, or bytes. @throws UsageError */
export function readMemory(text: string): number {
  const [, digits, unit = ''] = /^(\d+)([bkmg]?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  // Less than this no engine takes.
  if (bytes >= 6 * 2 ** 20) return bytes;
  throw new UsageError(
    `--memory ${text} is no amount of at least 6m. Write, for example, --memory 512m or --memory 2g.`,
  );
}
