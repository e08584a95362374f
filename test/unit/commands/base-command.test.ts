import { expect, it, vi } from 'vitest';
import RundefCreate from '../../../src/commands/rundef/create.js';
import { jsonText } from '../../../src/commands/shared/reports.js';
import Register from '../../../src/commands/worker/register.js';
import { UsageError } from '../../../src/lib/index.js';

it('says what to do when there is more than one text can hold', () => {
  // What `JSON.stringify` throws at 512 MB.
  const endless = { toJSON: () => 'x'.repeat(2 ** 29) };
  expect(() => jsonText(endless)).toThrow(UsageError);
  expect(() => jsonText(endless)).toThrow(/512 MB.*fewer runs/);
});

it.each([
  [RundefCreate, ['t/r', '--project', ''], 'The value of --project is empty. Give one, or leave it out.'],
  [RundefCreate, ['t/r', '-f', ' '], 'The value of --file is empty.'],
  [RundefCreate, ['t/r', '-p', ''], 'The value of --param is empty.'],
  [RundefCreate, ['t/r', '--build', ''], '--build: Expected an integer, and nothing was given.'],
  [
    RundefCreate,
    ['--all', '-f', 'examples/projects/artifacts.yml', '--project', 'a\nb'],
    '"a\\nb" cannot be the name of a project',
  ],
  [
    RundefCreate,
    ['t/r', '--file', 'x'.repeat(9000)],
    `Error: ${'x'.repeat(100)}… cannot be read: its name is too long.`,
  ],
  [Register, ['', 'tag'], 'SERVER_URL is empty.'],
  [Register, ['http://h', 'tag', '--hostname', 'a\nb'], '"a\\nb" cannot be the name of a worker'],
])('what cannot be meant is refused: %#', async (command, words, message) => {
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((...args: unknown[]) => {
    const done = args.at(-1);
    if (typeof done === 'function') done();
    return true;
  });
  vi.stubEnv('DEBUG', '');
  await expect(command.run(words, process.cwd())).rejects.toMatchObject({ oclif: { exit: 2 } });
  const shown = write.mock.calls.map(([text]) => text).join('');
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  expect(shown).toContain(message);
});

it('passes on every other mistake', () => {
  const itself: { itself?: unknown } = {};
  itself.itself = itself;
  expect(() => jsonText(itself)).toThrow(TypeError);
});
