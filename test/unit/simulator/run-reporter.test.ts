import { openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMasker, RunFailure } from '../../../src/executor/index.js';
import { openConsole, RunReporter } from '../../../src/simulator/index.js';
import type { RunView } from '../../../src/terminal/index.js';
import { scratchFolder } from '../../support/fake-ports.js';

const unseen: RunView = { write: () => {}, end: () => {} };

async function reporterWith(options: { secrets?: string[]; view?: RunView; read?: (text: string) => void } = {}) {
  const path = join(await scratchFolder(), 'console.log');
  const { read } = options;
  const reporter = new RunReporter({
    file: openConsole(path),
    path,
    masker: createMasker(options.secrets ?? []),
    view: options.view ?? unseen,
    ...(read === undefined ? {} : { reader: { write: (bytes) => read(Buffer.from(bytes).toString()) } }),
  });
  return { reporter, path };
}

describe('the reporter of a simulated run', () => {
  it('keeps every byte in order, small pieces and large ones mixed', async () => {
    const { reporter, path } = await reporterWith();
    const wanted: Buffer[] = [];
    for (let n = 0; n < 300; n++) {
      const piece = Buffer.alloc((n * 977) % 100_000, n);
      wanted.push(Buffer.from(piece));
      await reporter.write(piece);
      piece.fill(0);
    }
    await reporter.end();
    await reporter.end();
    expect(readFileSync(path).equals(Buffer.concat(wanted))).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('shows small pieces when the event loop has had its turn, without waiting for more', async () => {
    const shown: string[] = [];
    const { reporter, path } = await reporterWith({
      view: { write: (parts) => void shown.push(Buffer.concat(parts).toString()), end: () => {} },
    });
    reporter.write(Buffer.from('a'));
    reporter.write(Buffer.from('b'));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(shown).toEqual(['ab']);
    expect(readFileSync(path, 'utf8')).toBe('ab');
    await reporter.end();
  });

  it('masks what it keeps and shows, and reads tests from what was really written', async () => {
    const shown: string[] = [];
    let read = '';
    const { reporter, path } = await reporterWith({
      secrets: ['hunter22'],
      view: { write: (parts) => void shown.push(Buffer.concat(parts).toString()), end: () => {} },
      read: (text) => {
        read += text;
      },
    });
    await reporter.write(Buffer.from('x hunt'));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await reporter.write(Buffer.from('er22 y hunt'));
    await reporter.end();
    expect(readFileSync(path, 'utf8')).toBe('x *** y hunt');
    expect(shown.join('')).toBe('x *** y hunt');
    expect(read).toBe('x hunter22 y hunt');
  });

  it('slows its writer down to the speed of the screen, and loses nothing', async () => {
    let release = () => {};
    const shown: string[] = [];
    const view: RunView = {
      write: (parts) => {
        shown.push(Buffer.concat(parts).toString());
        return new Promise((resolve) => {
          release = resolve;
        });
      },
      end: () => {},
    };
    const { reporter, path } = await reporterWith({ view });
    let taken = 0;
    const writes = ['a', 'b', 'c'].map((letter) =>
      Promise.resolve(reporter.write(Buffer.alloc(70_000, letter))).then(() => {
        taken += 1;
      }),
    );
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(taken).toBe(turn);
      expect(shown.length).toBe(turn + 1);
      release();
    }
    await Promise.all(writes);
    await reporter.end();
    expect(readFileSync(path, 'utf8')).toBe('a'.repeat(70_000) + 'b'.repeat(70_000) + 'c'.repeat(70_000));
  });

  it('will not write over a file, or through a link, that is there', async () => {
    const folder = await scratchFolder();
    writeFileSync(join(folder, 'console.log'), 'mine');
    expect(() => openConsole(join(folder, 'console.log'))).toThrow('EEXIST');
  });

  it('stops the run when the console can no longer be kept', async () => {
    // A device that is always full stands in for the file.
    const full = new RunReporter({
      file: openSync('/dev/full', 'w'),
      path: 'console.log',
      masker: createMasker([]),
      view: unseen,
    });
    await full.write(Buffer.alloc(100_000));
    expect(full.cancelled.aborted).toBe(true);
    const { reason } = full.cancelled;
    expect(reason).toBeInstanceOf(RunFailure);
    expect(reason).toMatchObject({ environment: 'disk', message: expect.stringContaining('the disk is full') });
    await full.write(Buffer.from('the run’s last lines'));
    await full.end();
  });
});
