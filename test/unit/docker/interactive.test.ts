import { Duplex, PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { converse, ENGINE_LIMITS } from '../../../src/docker/index.js';

it('leaves the window the size that it had last, though an engine takes its time with the one before', async () => {
  const asked: { w: number; finish: () => void }[] = [];
  let width = 0;
  const container = {
    attach: async () => new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() }),
    start: async () => {},
    resize: ({ w }: { w: number }) =>
      new Promise<void>((resolve) => {
        const finish = () => {
          width = w;
          resolve();
        };
        asked.push({ w, finish });
      }),
  } as unknown as Docker.Container;
  const stop = new AbortController();
  let columns = 80;
  let resized = () => {};
  const terminal = {
    input: new PassThrough(),
    output: new PassThrough(),
    size: () => ({ columns, rows: 24 }),
    onResize: (listener: () => void) => {
      resized = listener;
      return () => {};
    },
  };
  const talk = converse(container, terminal, ENGINE_LIMITS, stop.signal);
  await expect.poll(() => asked.length).toBe(1);
  columns = 91;
  resized();
  await new Promise(setImmediate);
  // The engine ends with the one that it was asked last before the first, should there be two.
  for (let done = 0; done < 2; done++) {
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    asked.pop()?.finish();
  }
  await expect.poll(() => width).toBe(91);
  stop.abort();
  await talk;
});
