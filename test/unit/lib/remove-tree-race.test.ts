/** A container that still runs exchanges a folder for a link to the host's files, between any two calls of the removal. */
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { removeTree, removeTreeNow } from '../../../src/lib/index.js';

/** Called before each call to the file system. */
const adversary = { before: () => {} };

const WATCHED = ['chmodSync', 'lstatSync', 'openSync', 'readdirSync', 'renameSync', 'rmdirSync', 'unlinkSync'] as const;
const original = { ...fs };

beforeAll(() => {
  for (const name of WATCHED) {
    const call = original[name] as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]) => {
      adversary.before();
      return call(...args);
    };
    Object.assign(fs, { [name]: watched });
  }
  syncBuiltinESMExports();
});

afterAll(() => {
  for (const name of WATCHED) Object.assign(fs, { [name]: original[name] });
  syncBuiltinESMExports();
});

afterEach(() => {
  adversary.before = () => {};
});

it.each(['a', 'a/b'])('no file of the host is touched, whenever %s becomes a link', async (folder) => {
  let calls = 0;
  for (let at = 1; ; at++) {
    const root = mkdtempSync(join(tmpdir(), 'jobserv-race-'));
    const outside = join(root, 'outside');
    mkdirSync(join(outside, 'b'), { recursive: true, mode: 0o755 });
    for (const name of ['kept', 'b/kept']) writeFileSync(join(outside, name), 'kept');
    const tree = join(root, 'tree');
    mkdirSync(join(tree, 'a/b/c'), { recursive: true });
    for (const name of ['secret', 'a/kept', 'a/b/kept', 'a/b/c/kept']) writeFileSync(join(tree, name), '');
    calls = 0;
    let swapped = false;
    const place = join(tree, folder);
    adversary.before = () => {
      calls += 1;
      if (calls !== at) return;
      adversary.before = () => {};
      if (!existsSync(place)) return;
      renameSync(place, join(root, 'away'));
      symlinkSync(outside, place);
      swapped = true;
    };
    if (at % 2 === 0) removeTreeNow(tree);
    else await removeTree(tree).catch(() => {});
    const finished = calls < at;
    adversary.before = () => {};
    expect(readdirSync(outside, { recursive: true }).sort()).toEqual(['b', 'b/kept', 'kept']);
    expect(statSync(outside).mode & 0o777).toBe(0o755);
    // A link that came last of all is left, and reported.
    if (!swapped) expect(existsSync(tree)).toBe(false);
    if (finished) break;
  }
  expect(calls).toBeGreaterThan(15);
});
