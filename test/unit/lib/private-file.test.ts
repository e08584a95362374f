import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { replaceContent, writeNamed } from '../../../src/lib/index.js';

let folder: string;
let host: string;

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'jobserv-private-file-'));
  folder = join(root, 'clone');
  host = join(root, 'host');
  mkdirSync(folder);
  writeFileSync(host, 'of the host\n', { mode: 0o644 });
});

describe('a file that a person named, in a repository that was only cloned', () => {
  it('is a new one where the repository has a link, and only its owner may read it', async () => {
    symlinkSync(host, join(folder, 'out.json'));
    await writeNamed(join(folder, 'out.json'), 'secret');
    expect(readFileSync(host, 'utf8')).toBe('of the host\n');
    expect(lstatSync(join(folder, 'out.json')).mode & 0o177777).toBe(0o100600);
  });

  it('may be a device, which stays one', async () => {
    await writeNamed('/dev/null', 'text');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('is not taken from a pipe, also behind a link to its folder', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    symlinkSync(folder, join(folder, 'd'));
    for (const path of [pipe, join(folder, 'd/pipe')]) {
      await expect(writeNamed(path, 'text')).rejects.toThrow('it is a pipe or a device');
    }
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });
});

describe('a file that is repaired', () => {
  it('keeps its mode, and nothing else is in its folder afterwards', async () => {
    const file = join(folder, '.jobserv.yml');
    writeFileSync(file, 'old');
    chmodSync(file, 0o664);
    await replaceContent(file, 'new');
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['new', 0o664]);
    expect(readdirSync(folder)).toEqual(['.jobserv.yml']);
  });

  it('is written under a name that differs each time, so that no repository can plant a link there', async () => {
    const file = join(folder, '.jobserv.yml');
    writeFileSync(file, 'old');
    const watcher = watch(folder);
    const names = new Set<string>();
    watcher.on('change', (_, name) => void names.add(String(name)));
    for (const text of ['one', 'two', 'three']) await replaceContent(file, text);
    await vi.waitFor(() =>
      expect([...names].filter((name) => /^\.jobserv\.yml\.[0-9a-f]{12}\.new$/.test(name))).toHaveLength(3),
    );
    watcher.close();
  });
});
