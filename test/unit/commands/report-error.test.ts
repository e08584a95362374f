import { CLIError } from '@oclif/core/errors';
import { expect, it, vi } from 'vitest';
import { describeError, endWithError, flagErrorText } from '../../../src/commands/shared/errors.js';
import { RunFailure } from '../../../src/executor/index.js';
import { EnvironmentError, UsageError } from '../../../src/lib/index.js';
import { ServerFailure } from '../../../src/server/index.js';

it('an error shows names from a server or a file, and lets them do nothing to the terminal', async () => {
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((...args: unknown[]) => {
    const done = args.at(-1);
    if (typeof done === 'function') done();
    return true;
  });
  await expect(endWithError(new UsageError('It has x\u001b]0;title\u0007y.\nMore.'))).rejects.toMatchObject({
    oclif: { exit: 2 },
  });
  const shown = write.mock.calls.map(([text]) => text).join('');
  write.mockRestore();
  expect(shown).toBe('Error: It has x␛]0;title␇y.\nMore.\n');
});

it.each([
  ['wrong usage', new UsageError('x'), 2],
  ['an environment that lacks something', new EnvironmentError('x'), 3],
  ['a folder that was deleted', Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'uv_cwd' }), 3],
  ['a full disk', Object.assign(new Error('x'), { code: 'ENOSPC', syscall: 'write' }), 3],
  ['too many open files', Object.assign(new Error('x'), { code: 'EMFILE', syscall: 'open', path: '/x' }), 3],
  [
    'a file that is not there, which nobody foresaw',
    Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open' }),
    70,
  ],
  [
    'a file that this user may not open',
    Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open', path: '/x' }),
    3,
  ],
  ['a process that this user may not end', Object.assign(new Error('x'), { code: 'EPERM', syscall: 'kill' }), 70],
  ['a port that this user may not have', Object.assign(new Error('x'), { code: 'EACCES', syscall: 'listen' }), 70],
  ['a run without its engine', new RunFailure('lost', 'x', { environment: 'engine' }), 3],
  ['a server that is away', new ServerFailure('unreachable', 'x'), 3],
  ['a server that has no such run', new ServerFailure('not-found', 'x'), 2],
  ['a run that failed', new RunFailure('script', 'x'), 1],
  ['a run that was interrupted', new RunFailure('interrupted', 'x'), 130],
  ['a defect', new TypeError('x'), 70],
])('the status of %s', (_, error, status) => {
  expect(describeError(error).status).toBe(status);
});

it.each([
  [
    'The following error occurred:\n  All of the following must be provided when using --dry-run: --fix',
    '--dry-run needs --fix, too.',
  ],
  [
    'The following errors occurred:\n  All of the following must be provided when using --a: --b\n  All of the following must be provided when using --c: --d, --e',
    '--a needs --b, too. --c needs --d, --e, too.',
  ],
  [
    'The following error occurred:\n  --report=a b.xml cannot also be provided when using --dry-run',
    '--report and --dry-run exclude each other.',
  ],
  ['Parsing --jobs \n\tExpected an integer but received: x', '--jobs: Expected an integer but received: x.'],
])('%j becomes one paragraph', (message, paragraph) => {
  const error = new CLIError(`${message}\nSee more help with --help`);
  expect(flagErrorText(error)).toBe(`${paragraph} --help lists the flags and arguments.`);
});

it('names the arguments that are missing', () => {
  const [url, tags] = [
    { name: 'url', description: 'the run' },
    { name: 'host_tags', description: 'of the runs.' },
  ];
  const missing = (...args: object[]) =>
    flagErrorText(Object.assign(new CLIError('Missing 1 or 2:\nNote: …\nSee more help with --help'), { args }));
  expect(missing(url)).toBe('URL (the run) is missing. --help lists the flags and arguments.');
  expect(missing(url, tags)).toBe(
    'URL (the run) and HOST_TAGS (of the runs) are missing. --help lists the flags and arguments.',
  );
});

it('an unknown flag is answered with the nearest one', () => {
  const error = Object.assign(new CLIError('Nonexistent flag: --formt\nSee more help with --help'), {
    flags: ['--formt'],
    parse: { input: { flags: { format: {} } } },
  });
  expect(flagErrorText(error)).toBe(
    'There is no flag --formt. Did you mean --format? --help lists the flags and arguments.',
  );
});
