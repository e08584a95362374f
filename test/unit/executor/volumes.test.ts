import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { persistentVolume, RunFailure } from '../../../src/executor/index.js';
import { scratchFolder } from '../../support/fake-ports.js';

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const NESTED = { nested: true };

describe('a persistent volume', () => {
  it('is readable in a container, and reached by no other user of the host, whatever the mask is', async () => {
    const volumes = join(await scratchFolder(), 'volumes');
    const mask = process.umask(0o077);
    try {
      expect(await persistentVolume(volumes, 'blinky', 'ccache')).toBe(join(volumes, 'blinky/ccache'));
    } finally {
      process.umask(mask);
    }
    expect([modeOf(volumes), modeOf(join(volumes, 'blinky/ccache'))]).toEqual(['700', '755']);
  });

  it('closes a volumes folder that was open', async () => {
    const volumes = join(await scratchFolder(), 'volumes');
    mkdirSync(volumes, { mode: 0o755 });
    await persistentVolume(volumes, 'blinky', 'ccache', NESTED);
    expect(modeOf(volumes)).toBe('700');
  });

  it('of a nested project is never in reach of a link in the volume of another', async () => {
    const root = await scratchFolder();
    const volumes = join(root, 'volumes');
    mkdirSync(join(root, 'etc'));
    const first = await persistentVolume(volumes, 'acme', 'x', NESTED);
    symlinkSync(join(root, 'etc'), join(first, 'y'));
    mkdirSync(join(first, 'z/cron.d'), { recursive: true });
    expect(await persistentVolume(volumes, 'acme/x/y', 'cron.d', NESTED)).toBe(join(volumes, 'acme%2fx%2fy/cron.d'));
    expect(await persistentVolume(volumes, 'acme/x/z', 'cron.d', NESTED)).toBe(join(volumes, 'acme%2fx%2fz/cron.d'));
    expect(readdirSync(join(root, 'etc'))).toEqual([]);
  });

  it('that the reference worker made for a nested project is used, but not through a link', async () => {
    const root = await scratchFolder();
    const volumes = join(root, 'volumes');
    mkdirSync(join(volumes, 'acme/blinky/ccache'), { recursive: true });
    writeFileSync(join(volumes, 'acme/blinky/ccache/kept'), '');
    symlinkSync('/etc', join(volumes, 'acme/blinky/out'));
    const folder = await persistentVolume(volumes, 'acme/blinky', 'ccache', NESTED);
    expect(readdirSync(folder)).toEqual(['kept']);
    expect(await persistentVolume(volumes, 'acme/blinky', 'new', NESTED)).toBe(join(volumes, 'acme/blinky/new'));
    await expect(persistentVolume(volumes, 'acme/blinky', 'out', NESTED)).rejects.toThrow(RunFailure);
    symlinkSync('/etc', join(volumes, 'acme2'));
    await expect(persistentVolume(volumes, 'acme2', 'cron.d', NESTED)).rejects.toThrow('it is no folder');
    expect(existsSync('/etc/cron.d/x')).toBe(false);
  });

  it.each(['', '.', '..', 'a/b', '/etc', 'a b'])('cannot be named %j', async (name) => {
    const volumes = join(await scratchFolder(), 'volumes');
    await expect(persistentVolume(volumes, 'acme', name)).rejects.toThrow('A volume cannot be named');
  });
});
