import { CLIError } from '@oclif/core/errors';
import { expect, it } from 'vitest';
import { flagErrorText } from '../../../src/commands/shared/flag-errors.js';

it.each([
  [
    'The following error occurred:\n  All of the following must be provided when using --dry-run: --fix',
    '--dry-run needs --fix, too.',
  ],
  [
    'The following errors occurred:\n  All of the following must be provided when using --a: --b\n  All of the following must be provided when using --c: --d, --e',
    '--a needs --b, too. --c needs --d, --e, too.',
  ],
  ['Parsing --jobs \n\tExpected an integer but received: x', '--jobs: Expected an integer but received: x.'],
])('%j is said as a paragraph', (message, said) => {
  const error = new CLIError(`${message}\nSee more help with --help`);
  expect(flagErrorText(error)).toBe(`${said} --help shows what there is.`);
});

it('a flag that there is not is answered with the one that was meant', () => {
  const error = Object.assign(new CLIError('Nonexistent flag: --formt\nSee more help with --help'), {
    flags: ['--formt'],
    parse: { input: { flags: { format: {} } } },
  });
  expect(flagErrorText(error)).toBe('Nonexistent flag: --formt. Did you mean --format? --help shows what there is.');
});
