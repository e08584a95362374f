import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBounded, readBoundedText, readStreamBounded } from '../../../src/lib/index.js';

let folder: string;
const at = (name: string) => join(folder, name);
const refusal = (path: string, options = {}) =>
  readBounded(path, options).then(
    () => 'was read',
    ({ reason, message }) => `${reason}: ${message}`,
  );

const openFiles = (path: string) =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobserv-read-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file that is read whole', () => {
  it('is read, up to its bound', async () => {
    writeFileSync(at('file'), 'x'.repeat(100_000));
    expect(await readBounded(at('file'), { maxBytes: 100_000 })).toHaveLength(100_000);
    expect(await refusal(at('file'), { maxBytes: 99_999 })).toBe('too-large: it is larger than 99999 bytes');
    expect((await readBoundedText('/proc/self/status')).length).toBeGreaterThan(100);
  });

  it('is no device, FIFO, socket or folder, and nothing waits for one', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    symlinkSync('/dev/zero', at('zero'));
    expect(await refusal(at('fifo'))).toBe('special: it is a named pipe, and a file is needed');
    expect(await refusal(at('zero'))).toBe('special: it is a device, and a file is needed');
    expect(await refusal('/dev/random')).toBe('special: it is a device, and a file is needed');
    expect(await refusal(folder)).toBe('folder: it is a folder, and a file is needed');
    expect(await refusal(at('nothing'))).toBe('missing: there is no such file');
  });

  it('does not lie outside of the folder that is given', async () => {
    mkdirSync(at('repository/sub'), { recursive: true });
    writeFileSync(at('secret'), 'top secret');
    writeFileSync(at('repository/inside'), 'text');
    writeFileSync(at('repository-2'), 'text');
    const inside = at('repository');
    symlinkSync('../inside', at('repository/sub/link'));
    symlinkSync('../../secret', at('repository/sub/out'));
    symlinkSync('../repository-2', at('repository/beside'));
    expect(await readBoundedText(at('repository/inside'), { inside })).toBe('text');
    expect(await readBoundedText(at('repository/sub/link'), { inside, linksTo: () => true })).toBe('text');
    expect(await refusal(at('repository/sub/out'), { inside })).toBe(
      `outside: it is a link that leads out of ${inside}`,
    );
    expect(await refusal(at('repository/beside'), { inside })).toContain('outside');
  });

  it('is no other file of that folder behind a link, unless its kind is allowed, and never one of .git', async () => {
    mkdirSync(at('repository/.git'), { recursive: true });
    mkdirSync(at('repository/private'));
    writeFileSync(at('repository/.git/config'), 'token');
    writeFileSync(at('repository/private/key'), 'token');
    symlinkSync('.git/config', at('repository/config'));
    symlinkSync('.git', at('repository/folder'));
    symlinkSync('private', at('repository/public'));
    symlinkSync('repository', at('way'));
    const inside = at('repository');
    const linksTo = (path: string, content: Buffer) => path === 'private/key' && content.toString() === 'token';
    expect(await refusal(at('repository/public/key'), { inside })).toBe(
      'outside: it is a link to private/key, which may be no file of this kind, and private. If you trust it, name that file itself, or replace the link by a copy',
    );
    expect(await readBoundedText(at('repository/public/key'), { inside, linksTo })).toBe('token');
    expect(await refusal(at('repository/config'), { inside, linksTo: () => true })).toMatch(
      /^outside: .*\.git\/config/,
    );
    expect(await refusal(at('repository/folder/config'), { inside, linksTo: () => true })).toMatch(/^outside/);
    // A link above the folder is the user's own.
    expect(await readBoundedText(at('way/private/key'), { inside: at('way') })).toBe('token');
  });

  it('may be a pipe where that is allowed, bounded too', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    const writer = await open(at('fifo'), 'r+');
    await writer.write('from a pipe');
    expect(await refusal(at('fifo'), { pipes: true, maxBytes: 5 })).toBe('too-large: it is larger than 5 bytes');
    await writer.write('from a pipe');
    const reading = readBoundedText(at('fifo'), { pipes: true });
    await expect.poll(() => openFiles(at('fifo'))).toBe(2);
    await writer.close();
    expect(await reading).toBe('from a pipe');
  });

  it('is not waited for when it is a pipe and the signal aborts', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    const writer = await open(at('fifo'), 'r+');
    const abort = new AbortController();
    const reading = refusal(at('fifo'), { pipes: true, signal: abort.signal });
    abort.abort();
    expect(await reading).toContain('abort');
    await writer.close();
  });

  it('may be a stream, bounded too', async () => {
    expect((await readStreamBounded(Readable.from([Buffer.from('ab'), Buffer.from('c')]))).toString()).toBe('abc');
    await expect(readStreamBounded(Readable.from([Buffer.alloc(10)]), 9)).rejects.toMatchObject({
      reason: 'too-large',
    });
  });
});
