/** A command line that does something again, with the flags that were given: quoted, to be pasted into a shell. */
import { createMasker } from '../../executor/masking.js';
import { shellCommand } from '../../lib/shell-command.js';
import type { StringMap } from '../../schema/model.js';

/** A word of a command line as oclif's parser has it. */
interface Token {
  type: 'arg' | 'flag';
  flag?: string;
  input: string;
}

/**
 * A secret stands in it by its name, to be taken from the environment; a login of a server does not stand in it.
 *
 * @param words the command, its arguments, and flags that replace those that were given
 * @param given what oclif's parser found, and the secrets that must not be shown
 * @param without names of flags that do not belong to it
 */
export function rerun(
  words: readonly string[],
  given: { raw: readonly Token[]; secrets: StringMap },
  without: readonly string[] = [],
): string {
  const replaced = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2));
  const left = new Set(['json', 'report', 'token', 'header', ...without, ...replaced]);
  const flags = given.raw.flatMap(({ flag, input }) => {
    if (flag === undefined || left.has(flag)) return [];
    // The parser has a flag without a value as it was written.
    if (input === `--${flag}` || input === `--no-${flag}`) return [input];
    const value = flag === 'secret' ? input.replace(/=.*/s, '') : input;
    return value.startsWith('-') ? [`--${flag}=${value}`] : [`--${flag}`, value];
  });
  const masker = createMasker(Object.values(given.secrets));
  return shellCommand(['jobserv', ...words, ...flags.map((word) => masker.text(word))]);
}
