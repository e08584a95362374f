/** A server's words in a message of ours. */
import type { Masker } from '../executor/masking.js';

/** Makes somebody else's text fit for a message: one line, not long, no control characters, no credentials. */
export type Words = (text: string) => string;

const LONGEST = 300;

export function wordsWithout(masker: Masker): Words {
  return (text) => {
    const line = masker
      .text(text.slice(0, 16 * LONGEST))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal would act on them
      .replace(/[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
      .replace(/ {2,}/g, ' ')
      .trim();
    return (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line).replace(/[.\s]+$/, '');
  };
}
