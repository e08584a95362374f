import { closeSync, openSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.resetModules();
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
});

/** The module keeps one signal for the whole process, so each test loads its own. */
const fresh = () => import('../../../src/terminal/index.js');
const failed = (code: string, message: string) => Object.assign(new Error(message), { code });

it.each([
  ['a full disk', failed('ENOSPC', 'ENOSPC: no space left on device, write'), 'no space is left on its device'],
  ['an error of the device', failed('EBADF', 'EBADF: bad file descriptor, write'), 'EBADF: bad file descriptor, write'],
])('standard output is lost with %s, and the reason names it', async (_, error, why) => {
  const { outputLost, watchStandardStreams } = await fresh();
  watchStandardStreams();
  process.stdout.emit('error', error);
  expect(outputLost.reason).toMatchObject({
    name: 'RunFailure',
    environment: 'disk',
    message: expect.stringMatching(`^Standard output cannot be written: ${why}\\.`),
  });
});

it.each(['EPIPE', 'EIO'])('a reader that goes away (%s) loses nothing', async (code) => {
  const { outputLost, watchStandardStreams } = await fresh();
  watchStandardStreams();
  process.stdout.emit('error', failed(code, code));
  expect(outputLost.aborted).toBe(false);
});

it('an error of standard error ends nothing', async () => {
  const { outputLost, watchStandardStreams } = await fresh();
  watchStandardStreams();
  process.stderr.emit('error', failed('ENOSPC', 'ENOSPC'));
  expect(outputLost.aborted).toBe(false);
});

it('a file that cannot be written is reported once, and gets nothing more', async () => {
  const { outputOf } = await fresh();
  const readOnly = openSync(new URL(import.meta.url), 'r');
  const errors: Error[] = [];
  const stream = Object.assign(new PassThrough(), { fd: readOnly });
  const output = outputOf(stream, (error) => errors.push(error));
  output.write([Buffer.from('one')]);
  output.write([Buffer.from('two')]);
  closeSync(readOnly);
  expect(errors).toMatchObject([{ code: 'EBADF' }]);
});

it('names work that takes long after a few seconds, and ever more rarely until it ends', async () => {
  const { namedWhenSlow } = await import('../../../src/terminal/index.js');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] });
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  let done = (_answer: string) => {};
  const work = namedWhenSlow('Counting the files', new Promise<string>((resolve) => (done = resolve)));
  vi.advanceTimersByTime(20_000);
  done('all');
  expect(await work).toBe('all');
  vi.advanceTimersByTime(100_000);
  const lines = write.mock.calls.map(([text]) => text);
  vi.restoreAllMocks();
  vi.useRealTimers();
  expect(lines).toEqual(['Counting the files (0:03)\n', 'Counting the files (0:09)\n']);
});
