import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { outputOf } from '../../../src/terminal/index.js';

/** A terminal that takes a piece when it is told to. */
function terminal() {
  let shown = '';
  let go: (() => void) | undefined;
  let open = false;
  const stream = Object.assign(
    new Writable({
      write: (chunk: Buffer, _, done) => {
        shown += chunk.toString();
        if (open) done();
        else go = done;
      },
    }),
    { isTTY: true },
  );
  return {
    output: outputOf(stream),
    shown: () => shown,
    read: () => {
      open = true;
      go?.();
    },
  };
}

const lines = (from: number, to: number) =>
  Buffer.from(
    Array.from({ length: to - from }, (_, index) => `${from + index}`.padStart(9, '0'))
      .map((line) => `${line}\n`)
      .join(''),
  );

it('a terminal that is slower than the script holds nobody back, and misses nothing of a burst', async () => {
  const { output, shown, read } = terminal();
  const wanted = lines(0, 100_000);
  for (let at = 0; at < wanted.length; at += 50_000) {
    expect(output.write([wanted.subarray(at, at + 50_000)])).toBeUndefined();
  }
  read();
  await output.settle();
  expect(shown()).toBe(wanted.toString());
});

it('a terminal that stopped gets the last whole lines, how much was left out, and no unbounded queue', async () => {
  const { output, shown, read } = terminal();
  for (let n = 0; n < 20; n++) output.write([lines(n * 50_000, (n + 1) * 50_000)]);
  const settled = output.settle();
  await settled;
  read();
  await new Promise((resolve) => setImmediate(resolve));
  const [notice = ''] = /\[ [\d.]+ MB left out.*\]\n/.exec(shown()) ?? [];
  expect(notice).toMatch(/^\[ 10\.0 MB left out/);
  const after = shown().slice(shown().indexOf(notice) + notice.length);
  expect(after).toMatch(/^(\d{9}\n)+$/);
  expect(after.endsWith('000999999\n')).toBe(true);
  expect(shown().length).toBeLessThan(64 * 1024);
});
