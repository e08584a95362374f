/** The console's queue on disk, after the processes and the machines that died over it. */
import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Spool } from '../../../src/worker/index.js';
import { scratchFolder } from './folder.js';

const MEBIBYTE = 1024 * 1024;
/** Three segments of the queue, the last one not full; each byte tells where it stands. */
const BYTES = Buffer.from(Uint8Array.from({ length: 9 * MEBIBYTE }, (_, index) => (index * 31) % 251));

function opened(folder: string): Spool {
  const spool = new Spool(folder);
  onTestFinished(() => spool.close());
  return spool;
}

/** A queue that a process left behind: so much of it the server has. */
function left(acknowledged: number): { folder: string; segments: string[] } {
  const folder = join(scratchFolder(), 'spool');
  const spool = new Spool(folder);
  for (let at = 0; at < BYTES.length; at += MEBIBYTE) spool.append(BYTES.subarray(at, at + MEBIBYTE));
  if (acknowledged > 0) spool.acknowledge(acknowledged);
  spool.close();
  const segments = readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .sort()
    .map((name) => join(folder, name));
  return { folder, segments };
}

const unsent = (spool: Spool): Buffer => spool.read(spool.mark.acked, spool.unsent);

describe('what a process left', () => {
  it.each([0, 1, 5 * MEBIBYTE])('is there for the next one, when the server has %i bytes of it', (acknowledged) => {
    const spool = opened(left(acknowledged).folder);
    expect([spool.resumed, spool.lost]).toEqual([true, 0]);
    expect(unsent(spool).equals(BYTES.subarray(acknowledged))).toBe(true);
  });

  it('but could not say of its last bytes any more, is as if it had not come', () => {
    const { folder, segments } = left(0);
    truncateSync(segments.at(-1) ?? '', 3 * MEBIBYTE);
    const spool = opened(folder);
    expect(spool.unsent).toBe(BYTES.length);
    spool.append(Buffer.from('more'));
    expect(unsent(spool).equals(Buffer.concat([BYTES, Buffer.from('more')]))).toBe(true);
  });
});

describe('after a loss of power, which may take bytes that the mark knows of,', () => {
  const cases: [string, (segments: string[]) => number][] = [
    [
      'the end of the last file',
      ([, , last = '']) => {
        truncateSync(last, 10);
        return 8 * MEBIBYTE + 10;
      },
    ],
    [
      'the last file',
      ([, , last = '']) => {
        rmSync(last);
        return 8 * MEBIBYTE;
      },
    ],
    [
      'a piece in the middle',
      ([, middle = '']) => {
        truncateSync(middle, 7);
        return 4 * MEBIBYTE + 7;
      },
    ],
    [
      'all of it',
      (segments) => {
        for (const segment of segments) rmSync(segment);
        return 0;
      },
    ],
  ];

  it.each(cases)('%s is missing: what is there is sent, nothing is made up, and the loss is known', (_, damage) => {
    const { folder, segments } = left(0);
    const there = damage(segments);
    const spool = opened(folder);
    expect([spool.lost, spool.unsent]).toEqual([BYTES.length - there, there]);
    expect(unsent(spool).equals(BYTES.subarray(0, there))).toBe(true);
    spool.append(Buffer.from('and so on'));
    expect(unsent(spool).equals(Buffer.concat([BYTES.subarray(0, there), Buffer.from('and so on')]))).toBe(true);
    spool.close();
    const next = opened(folder);
    expect([next.lost, next.unsent]).toEqual([0, there + 9]);
  });

  it('what the server has already is not missed', () => {
    const { folder, segments } = left(BYTES.length - 5);
    truncateSync(segments.at(-1) ?? '', statSync(segments.at(-1) ?? '').size - 20);
    const spool = opened(folder);
    expect([spool.lost, spool.unsent]).toEqual([5, 0]);
    spool.append(Buffer.from('next'));
    expect(unsent(spool).toString()).toBe('next');
  });
});
