import type { Reader } from './reader.js';

/** Flags inside of a pattern: `(?i)` for all of it, `(?i-s:…)` for a part. */

const FLAGS = 'iLmsxatu';
const TYPES = 'aLu';
const LETTER = { ignoreCase: 'i', verbose: 'x', dotAll: 's', multiline: 'm', ascii: 'a' } as const;

export interface Flags {
  /** For a part: a colon and the part follow. */
  scoped: boolean;
  /** Whether it is turned on or off; undefined where nothing is said. */
  on(flag: keyof typeof LETTER): boolean | undefined;
}

/** @param char what follows `(?`, taken already */
export function readFlags(reader: Reader, char: string, begin: number): Flags {
  if (!FLAGS.includes(char) && char !== '-') throw reader.fault(`Python knows no \`(?${char}\`.`, begin, reader.at);
  let added = '';
  let next: string | undefined = char;
  while (next !== undefined && FLAGS.includes(next)) {
    added += next;
    if (next === 'L') throw reader.fault('`L` is no flag for text.', begin, reader.at);
    if (added.includes('a') && added.includes('u'))
      throw reader.fault('`a` and `u` exclude each other.', begin, reader.at);
    next = reader.take();
  }
  if (next === undefined || !')-:'.includes(next))
    throw reader.fault('After the flags comes `)`, `:` or `-`.', begin, reader.at);
  const removed = next === '-' ? readRemoved(reader, begin) : '';
  if ([...removed].some((flag) => added.includes(flag)))
    throw reader.fault('A flag cannot be turned on and off at once.', begin, reader.at);
  return {
    scoped: next !== ')',
    on: (flag) => {
      if (added.includes(LETTER[flag])) return true;
      return removed.includes(LETTER[flag]) || (flag === 'ascii' && added.includes('u')) ? false : undefined;
    },
  };
}

function readRemoved(reader: Reader, begin: number): string {
  let removed = '';
  for (let next = reader.take(); next !== ':' || removed === ''; next = reader.take()) {
    if (next === undefined || next.length !== 1 || !FLAGS.includes(next) || TYPES.includes(next))
      throw reader.fault('After `-` come flags to turn off, of `imsx`, and a colon.', begin, reader.at);
    removed += next;
  }
  return removed;
}
