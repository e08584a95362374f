/** Folders as tar streams; what comes out of an engine may be anything. */
import { execFile } from 'node:child_process';
import { chmod, link, lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type Headers, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { packTrees, unpackTree } from '../../../src/docker/index.js';
import { scratchFolder } from '../../support/fake-ports.js';

const none: ReadonlySet<string> = new Set();

/** Unpacks these entries, each with its name as content. */
async function unpacked(entries: Headers[], omit = none) {
  const archive = pack();
  for (const header of entries) archive.entry(header, header.type === undefined ? header.name : undefined);
  archive.finalize();
  const folder = join(await scratchFolder(), 'folder');
  await mkdir(folder);
  const unpacking = unpackTree(archive.pipe(new PassThrough()), folder, omit);
  return { folder, unpacking };
}

describe('a folder that is packed and unpacked', () => {
  it('keeps modes, times, links and long names', async () => {
    const from = await scratchFolder();
    const long = `${'n'.repeat(150)} ü`;
    await mkdir(join(from, 'closed'));
    await writeFile(join(from, 'closed', long), 'x'.repeat(200_000));
    await writeFile(join(from, 'empty'), '');
    await link(join(from, 'empty'), join(from, 'second'));
    await symlink('/nowhere', join(from, 'link'));
    await chmod(join(from, 'empty'), 0o751);
    await chmod(join(from, 'closed'), 0o555);
    await utimes(join(from, 'closed'), 1e9, 1e9 + 0.25);
    const { folder } = await unpacked([]);
    await unpackTree(packTrees([{ source: from, name: '0' }]).pipe(new PassThrough()), folder, none);
    expect((await readdir(folder)).sort()).toEqual(['closed', 'empty', 'link', 'second']);
    expect(await readFile(join(folder, 'closed', long), 'utf8')).toBe('x'.repeat(200_000));
    const [empty, second, closed] = await Promise.all(
      ['empty', 'second', 'closed'].map((name) => lstat(join(folder, name))),
    );
    expect({ mode: empty?.mode, nlink: empty?.nlink }).toEqual({ mode: 0o100751, nlink: 2 });
    expect(second?.ino).toBe(empty?.ino);
    expect(closed?.mtimeMs).toBe(1e12 + 250);
    expect(await readlink(join(folder, 'link'))).toBe('/nowhere');
  });

  it('sends only what was changed after a time', async () => {
    const from = await scratchFolder();
    await writeFile(join(from, 'old'), '');
    const { ctimeMs } = await lstat(join(from, 'old'));
    await expect
      .poll(async () => writeFile(join(from, 'new'), '').then(async () => (await lstat(join(from, 'new'))).ctimeMs))
      .toBeGreaterThan(ctimeMs);
    const { folder } = await unpacked([{ name: '0', type: 'directory' }]);
    await unpackTree(
      packTrees([{ source: from, name: '0', changedAfter: ctimeMs }]).pipe(new PassThrough()),
      folder,
      none,
    );
    expect(await readdir(folder)).toEqual(['new']);
  });

  it('refuses a name that cannot be sent, instead of leaving it out', async () => {
    const from = await scratchFolder();
    await writeFile(Buffer.concat([Buffer.from(`${from}/`), Buffer.from([0x66, 0xff])]), '');
    await expect(buffer(packTrees([{ source: from, name: '0' }]))).rejects.toThrow('is not UTF-8');
  });

  it('passes on why a file could not be read', async () => {
    const from = join(await scratchFolder(), 'gone');
    await expect(pipeline(packTrees([{ source: from, name: '0' }]), new PassThrough().resume())).rejects.toThrow(
      'ENOENT',
    );
  });
});

describe('an archive of a container that wants more than its folder', () => {
  it.each([['0/../out'], ['0/a/../../../out'], ['/0/out'], ['../out']])('cannot name %s', async (name) => {
    const { folder, unpacking } = await unpacked([{ name: '0/a', type: 'directory' }, { name }]);
    await expect(unpacking).rejects.toThrow('which lies outside of it');
    expect(await readdir(join(folder, '..'))).toEqual(['folder']);
  });

  it('cannot write through a link that it has made before', async () => {
    const outside = await scratchFolder();
    const { folder, unpacking } = await unpacked([
      { name: '0/link', type: 'symlink', linkname: outside },
      { name: '0/link/file' },
    ]);
    await expect(unpacking).rejects.toThrow('ENOENT');
    expect([await readdir(outside), await readdir(folder)]).toEqual([[], []]);
  });

  it('cannot overwrite what a link leads to', async () => {
    const outside = join(await scratchFolder(), 'file');
    await writeFile(outside, 'mine');
    const { unpacking } = await unpacked([{ name: '0/link', type: 'symlink', linkname: outside }, { name: '0/link' }]);
    await expect(unpacking).rejects.toThrow('EEXIST');
    expect(await readFile(outside, 'utf8')).toBe('mine');
  });

  it.each([['/etc/passwd'], ['0/../../x'], ['0/nothing']])('cannot make a second name of %s', async (linkname) => {
    const { folder, unpacking } = await unpacked([{ name: '0/link', type: 'link', linkname }]);
    await expect(unpacking).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });

  it('brings no device, no FIFO, no program of another user, and nothing that was not wanted', async () => {
    const { folder, unpacking } = await unpacked(
      [
        { name: '0/device', type: 'character-device', devmajor: 1, devminor: 3 },
        { name: '0/fifo', type: 'fifo' },
        { name: '0/.netrc' },
        { name: '0/program', mode: 0o6755 },
      ],
      new Set(['.netrc']),
    );
    await unpacking;
    expect(await readdir(folder)).toEqual(['program']);
    expect((await lstat(join(folder, 'program'))).mode).toBe(0o100755);
  });

  it('is not complete when it ends early', async () => {
    const whole = pack();
    whole.entry({ name: '0/file' }, 'x'.repeat(4000));
    whole.finalize();
    const half = (await buffer(whole)).subarray(0, 2000);
    const { folder } = await unpacked([]);
    const archive = new PassThrough();
    archive.end(half);
    await expect(unpackTree(archive, folder, none)).rejects.toThrow('Unexpected end of data');
  });

  it('has names that are not UTF-8: they stay so', async () => {
    const from = await scratchFolder();
    const bytes = Buffer.concat([Buffer.from(`${from}/0/`), Buffer.from([0x66, 0xff])]);
    await mkdir(join(from, '0'));
    await writeFile(bytes, '');
    const { stdout } = await promisify(execFile)('tar', ['-C', from, '-c', '0'], { encoding: 'buffer' });
    const { folder } = await unpacked([]);
    const archive = new PassThrough();
    archive.end(stdout);
    await unpackTree(archive, folder, none);
    expect(await readdir(folder, { encoding: 'buffer' })).toEqual([Buffer.from([0x66, 0xff])]);
  });
});
