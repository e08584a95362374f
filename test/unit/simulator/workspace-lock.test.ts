import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { currentOwner } from '../../../src/docker/index.js';
import { folderName } from '../../../src/lib/index.js';
import { clearAbandoned, openSimulationWorkspace, storedWorkspaces } from '../../../src/simulator/index.js';
import { scratchFolder } from '../../support/fake-ports.js';

const asRoot = async () => {};

async function place() {
  const folder = await scratchFolder();
  const locks = join(folder, 'locks');
  mkdirSync(locks, { mode: 0o700 });
  const root = join(folder, 'run');
  const options = { locks, asRoot, scratch: join(folder, 'snapshots') };
  return { folder, locks, root, options, lock: join(locks, `${folderName(root)}.json`) };
}

/** A lock of a process that died: this one's number, started at another time. */
async function dead(workspace: string): Promise<string> {
  const [pid, , ...place] = (await currentOwner()).split(':');
  return JSON.stringify({ pid: process.pid, owner: [pid, '1', ...place].join(':'), workspace });
}

const PLANTED: Record<string, (path: string) => void> = {
  pipe: (path) => void execFileSync('mkfifo', [path]),
  'link to a device without end': (path) => symlinkSync('/dev/zero', path),
  'link to nothing': (path) => symlinkSync('nowhere', path),
  'link to itself': (path) => symlinkSync(path, path),
  folder: (path) => void mkdirSync(join(path, 'in it'), { recursive: true }),
  'file without content': (path) => writeFileSync(path, ''),
  'file of 3 GiB': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 3 * 1024 ** 3);
  },
  'JSON of another kind': (path) => writeFileSync(path, 'null'),
};

describe('what somebody put in the place of a lock', () => {
  for (const [kind, plant] of Object.entries(PLANTED)) {
    it(`neither holds a workspace nor its clearing: a ${kind}`, async () => {
      const { root, options, lock, locks } = await place();
      plant(lock);
      plant(`${lock}.taking`);
      expect(await clearAbandoned(options)).toEqual([]);
      const workspace = await openSimulationWorkspace(root, options);
      await workspace.close();
      expect(readdirSync(locks)).toEqual([]);
    });
  }

  it('has nothing removed that it names', async () => {
    const { folder, root, locks, lock, options } = await place();
    const other = join(folder, 'other');
    for (const path of [root, other, options.scratch]) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, '.jobserv-workspace'), '');
      writeFileSync(join(path, 'file'), '');
    }
    writeFileSync(join(locks, 'any.json'), await dead(other));
    const above = `${options.scratch}/..`;
    writeFileSync(join(locks, `${folderName(above)}.json`), await dead(above));
    expect(await clearAbandoned(options)).toEqual([]);
    expect([root, other, options.scratch].filter((path) => !existsSync(join(path, 'file')))).toEqual([]);
    // The same owner in a lock of this program's name: what a killed simulation leaves.
    writeFileSync(lock, await dead(root));
    expect(await clearAbandoned(options)).toEqual([root]);
    expect(readdirSync(root)).toEqual(['.jobserv-workspace']);
  });
});

describe('what a script writes into a volume', () => {
  it('does not make the volume a workspace, which prune would remove', async () => {
    const { folder } = await place();
    const cache = join(folder, 'cache');
    const marker = join(cache, 'volumes', 'acme', 'ccache', '.jobserv-workspace');
    mkdirSync(dirname(marker), { recursive: true });
    writeFileSync(marker, '');
    expect(await storedWorkspaces(cache)).toEqual([]);
  });
});
