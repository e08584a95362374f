import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { takeOwnership } from '../../../src/docker/index.js';
import type { ContainerEngine, ContainerSpec } from '../../../src/executor/index.js';
import { scratchFolder } from '../../support/fake-ports.js';

const USER = 1234;

/** Runs a container's program on the host, with the mount's source in place of its target. */
const hostEngine = {
  create: async ({ command, mounts }: ContainerSpec) => {
    const [source = '', target = ''] = mounts.flatMap((mount) => [mount.source, mount.target]);
    const run = () =>
      spawnSync(
        '/bin/sh',
        (command ?? []).map((arg) => arg.replaceAll(target, source)),
      );
    return { start: async () => {}, wait: async () => ({ exitCode: run().status ?? 1 }), dispose: async () => {} };
  },
} as unknown as ContainerEngine;

// Only root can make device nodes, and files of other users: as the container's root does.
describe.runIf(process.getuid?.() === 0)("what a container's root left in /archive", () => {
  afterEach(() => void vi.restoreAllMocks());

  function takeAll(folder: string): Promise<string | undefined> {
    vi.spyOn(process, 'getuid').mockReturnValue(USER);
    vi.spyOn(process, 'getgid').mockReturnValue(USER);
    return takeOwnership(hostEngine, 'image', folder, async () => false);
  }

  it('becomes the files of the user, without the setuid and setgid bits', async () => {
    const folder = join(await scratchFolder(), 'archive');
    mkdirSync(join(folder, '-a b'), { recursive: true });
    writeFileSync(join(folder, '-a b', '.su'), '');
    execFileSync('chmod', ['6755', join(folder, '-a b', '.su')]);
    expect(await takeAll(folder)).toBeUndefined();
    expect(lstatSync(join(folder, '-a b', '.su'))).toMatchObject({ uid: USER, gid: USER, mode: 0o100755 });
  });

  it('loses its device nodes, whoever owns them, also deeper than a path can be', async () => {
    const folder = join(await scratchFolder(), 'archive');
    const away = join(await scratchFolder(), 'away');
    for (const path of [folder, away]) mkdirSync(path, { recursive: true });
    symlinkSync(away, join(folder, 'link'));
    const nodes = [join(folder, '.disk'), join(away, 'kept')];
    for (const node of nodes) execFileSync('mknod', [node, 'b', '7', '200']);
    // From the inside out: a shell cannot go down that far.
    const deep = `cd '${folder}'; d=$(printf %0200d 0); mkdir t; mknod t/disk c 1 3
      for i in $(seq 22); do mkdir o; mv t o/$d; mv o t; done`;
    execFileSync('sh', ['-ec', deep]);
    const nodesIn = () => execFileSync('find', [folder, '-type', 'c', '-printf', '%f'], { encoding: 'utf8' });
    expect(nodesIn()).toBe('disk');
    execFileSync('chown', ['-hR', `${USER}:${USER}`, folder]);
    expect(await takeAll(folder)).toBeUndefined();
    expect(nodes.map((node) => existsSync(node))).toEqual([false, true]);
    const found = nodesIn();
    execFileSync('rm', ['-rf', folder]);
    expect(found).toBe('');
  });
});
