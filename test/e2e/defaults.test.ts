/** `.jobservrc.yml` and its like, as commands have them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testImage } from '../support/image.js';
import { definitionOf, type World, worldOf } from './definition.js';
import { jobserv } from './jobserv.js';

const SCRIPTS = { run: '#!/bin/sh\ntest ! -e /sdk || ls /sdk\n' };
const DEFINED = 'registry.example.org/sdk:12';

async function world(files: Record<string, string>): Promise<World> {
  const run = { container: DEFINED, 'shared-volumes': { sdk: '/sdk' } };
  return worldOf({ '.jobserv.yml': await definitionOf(SCRIPTS, run), ...files });
}

function writeUsersFile({ env }: World, text: string): void {
  const folder = join(env['HOME'] ?? '', '.config/jobserv');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'config.yml'), text, { mode: 0o600 });
}

describe('defaults', () => {
  it('of the repository and of the user are taken, and the ledger and --verbose name the file', async () => {
    const own = await world({ '.jobservrc.yml': `image: {"${DEFINED}": "${await testImage()}", unused: other}` });
    mkdirSync(join(own.cwd, 'sdk'));
    writeFileSync(join(own.cwd, 'sdk/of-the-user'), '');
    writeUsersFile(own, `shared-volume: {sdk: ${join(own.cwd, 'sdk')}, other: /nowhere}`);
    const { status, stdout, stderr } = await jobserv(['simulate', 'run', '--verbose'], own);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain(
      `shared-volume sdk=${join(own.cwd, 'sdk')} (${own.env['HOME']}/.config/jobserv/config.yml)`,
    );
    expect(stdout).toContain('of-the-user\n');
    expect(stdout).toContain(`instead of ${DEFINED} (a default of .jobservrc.yml).`);
    const { stdout: checks } = await jobserv(['doctor'], own);
    expect(checks).toContain('(.jobservrc.yml), shared-volume sdk=');
    expect(checks).toMatch(/image jobserv-test:/);
    expect(checks).not.toContain(`image ${DEFINED}:`);
  });

  it('give way to flags, and the environment to them', async () => {
    const own = await world({ '.jobservrc.yml': `image: {"${DEFINED}": "from-file"}\npull: never\nmemory: 64m` });
    const env = { ...own.env, JOBSERV_MEMORY: '128m' };
    const args = ['simulate', 'run', '--dry-run', '--json'];
    const planned = async (more: string[]) => JSON.parse((await jobserv([...args, ...more], { ...own, env })).stdout);
    const byDefault = await planned([]);
    expect(byDefault.runs[0].container).toMatchObject({ image: 'from-file', memoryBytes: 128 * 2 ** 20 });
    const byFlag = await planned(['--image', `${DEFINED}=from-flag`, '--memory', '256m']);
    expect(byFlag.runs[0].container).toMatchObject({ image: 'from-flag', memoryBytes: 256 * 2 ** 20 });
  });

  it('of a repository give containers no folder of this machine: refused with line, reason and repair', async () => {
    const own = await world({ '.jobservrc.yml': '# ours\nshared-volume: {sdk: /etc}\n' });
    const { status, stdout, stderr } = await jobserv(['simulate', 'run'], own);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^\.jobservrc\.yml:2:1: error: A file of a repository may not set `shared-volume`/);
    expect(stderr).toContain('Set it in your own config.yml');
    expect((await jobserv(['validate'], own)).status).toBe(2);
  });
});
