import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notRemoved, removeOrSetAside, removeTree, systemWords } from '../../../src/lib/index.js';

let root: string;
const at = (name: string) => join(root, name);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'jobserv-remove-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Deeper than a path can be long: built from the inside out. */
function makeDeep(path: string, levels: number): void {
  mkdirSync(path);
  for (let level = 0; level < levels; level++) {
    const outer = `${path}.outer`;
    mkdirSync(outer);
    writeFileSync(join(outer, 'file'), '');
    symlinkSync('/etc', join(outer, 'link'));
    renameSync(path, join(outer, 'd'.repeat(200)));
    renameSync(outer, path);
  }
}

describe('a tree', () => {
  it('is removed, and what its links lead to is not', async () => {
    mkdirSync(at('outside'));
    writeFileSync(at('outside/kept'), 'kept');
    mkdirSync(at('tree/sub'), { recursive: true });
    symlinkSync('../../outside', at('tree/sub/link'));
    await removeTree(at('tree'));
    await removeTree(at('tree'));
    expect(existsSync(at('tree'))).toBe(false);
    expect(readFileSync(at('outside/kept'), 'utf8')).toBe('kept');
    symlinkSync('outside', at('link'));
    await removeTree(at('link'));
    expect(readdirSync(root)).toEqual(['outside']);
  });

  it('that is deeper than a path can be long is removed', async () => {
    makeDeep(at('tree'), 60);
    await removeTree(at('tree'));
    expect(readdirSync(root)).toEqual([]);
  });

  it('whose folders have no mode is removed', async () => {
    mkdirSync(at('tree/a/b'), { recursive: true });
    writeFileSync(at('tree/a/b/file'), '');
    for (const name of ['tree/a/b', 'tree/a', 'tree']) chmodSync(at(name), 0);
    await removeTree(at('tree'));
    expect(readdirSync(root)).toEqual([]);
  });

  describe.runIf(process.getuid?.() === 0)('with a folder of another user in it', () => {
    const USER = 12_345;
    beforeEach(() => {
      mkdirSync(at('tree/mine/theirs'), { recursive: true });
      for (const path of [root, at('tree'), at('tree/mine')]) chownSync(path, USER, USER);
      writeFileSync(at('tree/mine/theirs/file'), '');
      writeFileSync(at('tree/secret'), '');
      process.seteuid?.(USER);
    });
    afterEach(() => process.seteuid?.(0));

    it('leaves alone what a link leads to that cannot be removed', async () => {
      process.seteuid?.(0);
      symlinkSync('mine', at('tree/link'));
      chownSync(at('tree'), 0, 0);
      chmodSync(at('tree/mine'), 0o755);
      process.seteuid?.(USER);
      await expect(removeTree(at('tree/link'))).rejects.toThrow('tree/link could not be removed');
      expect(statSync(at('tree/mine')).mode & 0o777).toBe(0o755);
      expect(existsSync(at('tree/mine/theirs/file'))).toBe(true);
    });

    it('is emptied as far as possible, and the error has the repair', async () => {
      await expect(removeTree(at('tree'))).rejects.toThrow(`Remove it as root: sudo rm -rf "${at('tree')}".`);
      expect(existsSync(at('tree/secret'))).toBe(false);
      expect(readdirSync(root)).toEqual(['tree']);
    });

    it('is moved aside, and its place is free', async () => {
      const { keptAt = '', problem } = await removeOrSetAside(at('tree'), at('aside'));
      expect(problem).toContain('could not be removed');
      expect(readdirSync(root)).toEqual(['aside']);
      expect(existsSync(keptAt)).toBe(true);
    });

    it('is removed by whoever may do it as root', async () => {
      const asRoot = async (path: string) => {
        process.seteuid?.(0);
        rmSync(path, { recursive: true });
      };
      expect(await removeOrSetAside(at('tree'), at('aside'), asRoot)).toEqual({});
      expect(readdirSync(root)).toEqual([]);
    });
  });
});

it.each([
  ['EBUSY', 'it is in use, or something is mounted in it. Unmount what is below it, and try again.'],
  ['EPERM', 'this user has no permission. Remove it as root: sudo rm -rf "/x".'],
])('a tree that stays for %s has the advice for it', (code, words) => {
  const why = systemWords(Object.assign(new Error('rmdir'), { code }));
  expect(notRemoved('/x', why)).toBe(`/x could not be removed: ${words}`);
});
