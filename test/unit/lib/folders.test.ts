import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeFolder, makeFolderBelow } from '../../../src/lib/index.js';

const STRANGER = 12_345;
const isRoot = process.getuid?.() === 0;
let root: string;
const at = (name: string) => join(root, name);
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'jobserv-folders-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a folder of ours', () => {
  it('is made with those above it, and kept when it is there', async () => {
    expect(await makeFolder(at('a/b/c'))).toBe(at('a/b/c'));
    expect([modeOf(at('a')), modeOf(at('a/b/c'))]).toEqual(['700', '700']);
    expect(await makeFolder(at('a/b'))).toBe(at('a/b'));
  });

  it('that cannot be made ends with the reason, at once', async () => {
    await expect(makeFolder('/proc/jobserv/x')).rejects.toThrow(
      'The folder /proc/jobserv/x cannot be used: /proc/jobserv: no folder can be made there.',
    );
    await expect(makeFolder('/proc/version/x')).rejects.toThrow('/proc/version is no folder');
  });

  it('may lie behind a link of ours, and is named without it', async () => {
    mkdirSync(at('real'));
    symlinkSync('real', at('link'));
    expect(await makeFolder(at('link/x'))).toBe(at('real/x'));
    symlinkSync('circle', at('circle'));
    await expect(makeFolder(at('circle/x'))).rejects.toThrow('too many links');
  });

  it('is refused where others may write, with the repair', async () => {
    mkdirSync(at('open/ws'), { recursive: true });
    chmodSync(at('open'), 0o777);
    await expect(makeFolder(at('open/ws'))).rejects.toThrow(
      `other users may write into ${at('open')}. Name another folder, or take it back: chmod go-w "${at('open')}".`,
    );
    chmodSync(at('open'), 0o1777);
    expect(await makeFolder(at('open/ws'))).toBe(at('open/ws'));
  });

  it.runIf(isRoot)('is refused when another user owns it, or made a link to it', async () => {
    mkdirSync(at('theirs'));
    chownSync(at('theirs'), STRANGER, STRANGER);
    await expect(makeFolder(at('theirs/ws'))).rejects.toThrow(
      `${at('theirs')} belongs to another user (uid ${STRANGER}). Name another folder, or run this as that user: sudo -u "#${STRANGER}" jobserv ….`,
    );
    expect(existsSync(at('theirs/ws'))).toBe(false);
    mkdirSync(at('target'));
    symlinkSync('target', at('planted'));
    const { lchownSync } = await import('node:fs');
    lchownSync(at('planted'), STRANGER, STRANGER);
    await expect(makeFolder(at('planted/ws'))).rejects.toThrow('is a link of another user');
    expect(existsSync(at('target/ws'))).toBe(false);
  });
});

it.runIf(isRoot)('a folder below one of root that anybody can write into is refused', async () => {
  const open = mkdtempSync('/var/lib/jobserv-folders-');
  try {
    chmodSync(open, 0o777);
    // Nothing on the way there is this user's own.
    vi.spyOn(process, 'getuid').mockReturnValue(STRANGER);
    await expect(makeFolder(join(open, 'ws'))).rejects.toThrow(`other users may write into ${open}`);
    expect(existsSync(join(open, 'ws'))).toBe(false);
  } finally {
    vi.restoreAllMocks();
    rmSync(open, { recursive: true });
  }
});

describe('a folder that containers write to', () => {
  it('is made without following a link, with its mode whatever the mask is', async () => {
    const mask = process.umask(0o077);
    try {
      expect(await makeFolderBelow(root, ['acme', 'ccache'], 0o755)).toBe(at('acme/ccache'));
    } finally {
      process.umask(mask);
    }
    expect(modeOf(at('acme/ccache'))).toBe('755');
    chmodSync(at('acme/ccache'), 0o777);
    await makeFolderBelow(root, ['acme', 'ccache'], 0o755);
    expect(modeOf(at('acme/ccache'))).toBe('777');
    mkdirSync(at('target'));
    symlinkSync('../target', at('acme/link'));
    await expect(makeFolderBelow(root, ['acme', 'link', 'x'], 0o755)).rejects.toThrow('it is no folder');
    expect(existsSync(at('target/x'))).toBe(false);
  });

  it.each(['..', '.', '', 'a/b', '/etc'])('has no name like %j', async (name) => {
    await expect(makeFolderBelow(root, [name], 0o755)).rejects.toThrow('is no name of a folder');
  });
});
