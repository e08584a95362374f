import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Check, diagnose } from '../../../src/simulator/index.js';
import { repository, write } from '../git/repository.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'jobserv-doctor-'));
  for (const name of ['XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'DOCKER_CONFIG', 'JOBSERV_TOKEN', 'JOBSERV_HEADER']) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('HOME', home);
  vi.stubEnv('DOCKER_HOST', 'unix:///nowhere/docker.sock');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

async function checks(folder = home): Promise<Map<string, Check>> {
  const found = new Map<string, Check>();
  for await (const check of diagnose({ folder, images: [], signal: new AbortController().signal })) {
    found.set(check.name, check);
  }
  return found;
}

it('every check has its result when there is no engine', async () => {
  const found = await checks();
  expect([...found.keys()]).toEqual(['node', 'engine', 'docker config', 'servers', 'git', 'workspaces']);
  expect(found.get('engine')).toMatchObject({ state: 'broken' });
});

it('the repository of the definition is looked at: one that git does not open is broken', async () => {
  const folder = repository();
  expect((await checks(folder)).get('repository')).toMatchObject({
    state: 'works',
    found: expect.stringMatching(/, branch main, commit [0-9a-f]{40}$/),
  });
  write(folder, { '.git/refs/heads/main': `${'1'.repeat(40)}\n` });
  expect((await checks(folder)).get('repository')).toMatchObject({
    state: 'broken',
    found: expect.stringContaining('names the commit 1111'),
  });
});

it('the servers line says where credentials come from, and shows none', async () => {
  vi.stubEnv('XDG_CONFIG_HOME', home);
  vi.stubEnv('JOBSERV_TOKEN', 'not-to-be-shown');
  expect((await checks()).get('servers')).toEqual({
    name: 'servers',
    state: 'works',
    found: 'credentials for any server from JOBSERV_TOKEN in the environment',
  });
});

it.each([
  ['null', '{"auths":{"x":null}}'],
  ['a number', '{"auths":3,"credHelpers":7}'],
  ['a list', '[]'],
  ['no JSON', '{'],
])('a docker config with %s is a result, not the end', async (_, text) => {
  vi.stubEnv('DOCKER_CONFIG', home);
  await writeFile(join(home, 'config.json'), text);
  expect((await checks()).has('workspaces')).toBe(true);
});

it('a git configuration that git refuses is a result', async () => {
  await writeFile(join(home, '.gitconfig'), '[bad\n');
  const found = await checks();
  expect(found.get('git')?.found).toMatch(/./);
  expect(found.has('workspaces')).toBe(true);
});

it.each(['', 'relative/home'])('with HOME %j, workspaces are in an absolute folder', async (value) => {
  vi.stubEnv('HOME', value);
  expect((await checks()).get('workspaces')?.found).toMatch(/^\//);
});

it('a cache folder that cannot be made is a result', async () => {
  vi.stubEnv('XDG_CACHE_HOME', join(home, 'file'));
  await writeFile(join(home, 'file'), '');
  expect((await checks()).get('workspaces')).toMatchObject({
    state: 'broken',
    repair: expect.stringContaining('XDG_CACHE_HOME'),
  });
});
