import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type WatchKey, watch } from '../../../src/simulator/index.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A watch of a repository whose rounds end when they are let go, or are interrupted. */
async function watching(options: { seesTree?: boolean; repository?: boolean; before?: (folder: string) => void } = {}) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'jobserv-watch-')));
  const write = (path: string, text = `${Math.random()}`) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('.gitignore', 'build/\n*.log\n');
  write('build/old.o');
  write('definition.yml');
  write('src/main.c');
  if (options.repository !== false) execFileSync('git', ['init', '-q', folder]);
  options.before?.(folder);
  const rounds: { failed: boolean; reason?: string }[] = [];
  const messages: string[] = [];
  let release = () => {};
  let press: (key: WatchKey) => void = () => {};
  const stop = new AbortController();
  const done = watch({
    folder,
    inputs: [join(folder, 'definition.yml')],
    outputs: [join(folder, 'out')],
    seesTree: () => options.seesTree ?? true,
    keys: (listener) => {
      press = listener;
      return () => {};
    },
    tell: (message) => messages.push(message),
    signal: stop.signal,
    round: ({ failed, signal }) =>
      new Promise((resolve) => {
        const round: (typeof rounds)[number] = { failed };
        rounds.push(round);
        release = resolve;
        signal.addEventListener('abort', () => {
          round.reason = signal.reason.message;
          resolve();
        });
      }),
  });
  stops.push(async () => {
    stop.abort(new Error('the test is over'));
    await done;
  });
  const begun = (count: number) => vi.waitFor(() => expect(rounds).toHaveLength(count), { timeout: 30_000 });
  await begun(1);
  return {
    folder,
    write,
    rounds,
    messages,
    begun,
    done,
    release: async () => {
      const before = messages.length;
      release();
      await vi.waitFor(() => expect(messages.length).toBeGreaterThan(before), { timeout: 30_000 });
    },
    press: (key: WatchKey) => press(key),
  };
}

describe('a watch', () => {
  it('runs again when a file changes, once for changes that come together, and names them', async () => {
    const { write, begun, release, messages, rounds } = await watching();
    await release();
    write('src/main.c');
    write('src/new.c');
    await begun(2);
    expect(messages.at(-1)).toMatch(/^Changed: src\/(main|new)\.c, src\/(main|new)\.c\. Running again\.$/);
    expect(rounds[1]).toEqual({ failed: false });
  });

  it('interrupts the round in progress, and begins when that has ended', async () => {
    const { write, begun, rounds } = await watching();
    write('src/main.c');
    await begun(2);
    expect(rounds[0]?.reason).toBe('It begins again.');
  });

  it('does not notice what git ignores, what the runs write, nor git itself; but its inputs wherever they are', async () => {
    const { write, begun, release, messages, folder } = await watching();
    await release();
    for (const path of ['build/new.o', 'src/a.log', 'out/console', 'new/b.log']) write(path);
    execFileSync('git', ['-C', folder, 'add', '.gitignore']);
    write('definition.yml');
    await begun(2);
    expect(messages.at(-1)).toBe('Changed: definition.yml. Running again.');
  });

  it('does not follow links of the tree, but an input that is one', async () => {
    const [outside, inputs] = ['outside', 'inputs'].map((name) =>
      realpathSync(mkdtempSync(join(tmpdir(), `jobserv-watch-${name}-`))),
    ) as [string, string];
    mkdirSync(join(outside, 'deep'));
    const real = join(inputs, 'real.yml');
    writeFileSync(real, 'first');
    const { begun, release, messages, folder } = await watching({
      before: (tree) => {
        symlinkSync(outside, join(tree, 'src/outside'));
        rmSync(join(tree, 'definition.yml'));
        symlinkSync(real, join(tree, 'definition.yml'));
      },
    });
    await release();
    writeFileSync(join(outside, 'deep/other'), 'changed');
    writeFileSync(real, 'second');
    await begun(2);
    expect(messages.at(-1)).toBe(`Changed: ${relative(folder, real)}. Running again.`);
  });

  it('looks only at the definition where the runs do not get the tree, and outside of a repository', async () => {
    for (const options of [{ seesTree: false }, { repository: false }]) {
      const { write, begun, release, messages } = await watching(options);
      await release();
      write('src/main.c');
      write('definition.yml');
      await begun(2);
      expect(messages.at(-1)).toBe('Changed: definition.yml. Running again.');
    }
  });

  it('runs at the press of a key, all or what failed, and ends at another, during a round too', async () => {
    const { press, begun, release, rounds, done } = await watching();
    await release();
    press('failed');
    await begun(2);
    expect(rounds[1]).toEqual({ failed: true });
    press('run');
    await begun(3);
    expect(rounds[1]?.reason).toBe('It begins again.');
    expect(rounds[2]?.failed).toBe(false);
    press('quit');
    await done;
    expect(rounds).toHaveLength(3);
    expect(rounds[2]?.reason).toBe('It begins again.');
  });
});
