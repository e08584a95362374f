import type { Hook } from '@oclif/core/interfaces';
import { closest } from 'fastest-levenshtein';
import { UsageError } from '../simulator/usage-error.js';

/** A word that is no command: on a terminal oclif's own question, otherwise an error with the nearest command. */
const commandNotFound: Hook.CommandNotFound = async function (options) {
  if (process.stdin.isTTY && process.stdout.isTTY) {
    const { default: ask } = await import('@oclif/plugin-not-found');
    return ask.call(this, options);
  }
  const { bin, commands } = options.config;
  const name = options.id.replaceAll(':', ' ');
  const known = commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '));
  throw new UsageError(
    `There is no command "${name}" in ${bin}. Did you mean "${closest(name, known)}"? Run \`${bin} help\` for all of them.`,
  );
};

export default commandNotFound;
