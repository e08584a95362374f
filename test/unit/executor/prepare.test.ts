import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConsoleLog, prepare } from '../../../src/executor/index.js';
import { type FakeWorldOptions, fakeWorld, leave, never, rundef } from '../../support/fake-ports.js';

async function prepared(overrides: Parameters<typeof rundef>[0] = {}, options: FakeWorldOptions = {}) {
  const { ports, workspace } = await fakeWorld(options);
  const spec = await prepare(rundef(overrides), workspace, ports, new ConsoleLog(ports.reporter), never);
  return { spec, ports, workspace };
}

const mode = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8);

describe('what is mounted into the container', () => {
  it('is what the contract says, in a folder that only its owner can open', async () => {
    const { spec, workspace } = await prepared();
    expect(spec.mounts.map(({ target, readOnly }) => `${target}${readOnly ? ':ro' : ''}`)).toEqual([
      '/secrets',
      '/root/.netrc',
      '/root/.curlrc',
      '/archive',
      '/script-repo',
    ]);
    expect(await mode(workspace.root)).toBe('700');
    expect(await mode(workspace.secrets)).toBe('755');
    expect(await mode(workspace.archive)).toBe('755');
    expect(await mode(join(workspace.scriptRepo, 'do_run'))).toBe('555');
    expect(await readFile(workspace.curlrc, 'utf8')).toBe('--netrcfile /root/.netrc');
    expect(spec).toMatchObject({ workingDir: '/', command: ['/script-repo/do_run'] });
  });

  it('holds each secret as a file with its exact bytes, readable by any user', async () => {
    const secrets = { 'a.b-c': 'x\r\ny', utf8: 'käse', empty: '' };
    const { workspace } = await prepared({ secrets }, { dockerConfig: '{"auths":{}}' });
    for (const [name, value] of Object.entries({ ...secrets, 'docker_host_config.json': '{"auths":{}}' })) {
      expect(await readFile(join(workspace.secrets, name), 'utf8')).toBe(value);
      expect(await mode(join(workspace.secrets, name))).toBe('644');
    }
  });

  it.each(['', '.', '..', '../x', '/x', 'a/b', 'a\0b'])(
    'refuses a secret named %j before it writes any',
    async (name) => {
      await expect(prepared({ secrets: { [name]: 'x' } })).rejects.toThrow(/cannot be named/);
    },
  );

  it('gives persistent volumes read-write, shared ones and certificates read-only', async () => {
    const folder = '/';
    const { spec } = await prepared(
      { 'persistent-volumes': { ccache: '/ccache' }, 'shared-volumes': { downloads: '/dl' } },
      { certificates: folder },
    );
    expect(spec.mounts).toEqual(
      expect.arrayContaining([
        { source: expect.stringMatching(/volumes\/acme\/blinky\/ccache$/), target: '/ccache', readOnly: false },
        { source: expect.stringMatching(/shared\/downloads$/), target: '/dl', readOnly: true },
        { source: folder, target: folder, readOnly: true },
      ]),
    );
  });

  it('fails when the source of a mount is not there', async () => {
    await expect(prepared({}, { certificates: '/no/such/folder' })).rejects.toThrow(/\/no\/such\/folder is not there/);
  });

  it('has the repository at /repo, and starts there, for the git trigger types', async () => {
    for (const type of ['git_poller', 'github_pr', 'gitlab_mr'] as const) {
      const { spec } = await prepared({ trigger_type: type });
      expect(spec.workingDir).toBe('/repo');
      expect(spec.mounts.at(-1)).toMatchObject({ target: '/repo', readOnly: false });
    }
  });

  it('puts the proxies of the docker client after the environment of the run, where they win', async () => {
    const { spec } = await prepared({ env: { http_proxy: 'mine' } }, { proxies: ['http_proxy=theirs'] });
    expect(spec.env).toEqual(['http_proxy=mine', 'http_proxy=theirs']);
  });
});

describe('a script-repo', () => {
  const repo = (path: string, more = {}) => {
    const { script: _, ...rest } = rundef();
    return { ...rest, 'script-repo': { 'clone-url': 'https://git.example.org/t.git', path, ...more } };
  };
  const checkoutScripts = async (directory: string) => {
    await mkdir(join(directory, 'bin'));
    await leave(directory, { 'bin/run.sh': 'x' });
    await symlink('/bin/sh', join(directory, 'link'));
  };
  const prepareRepo = async (path: string, more = {}) => {
    const { ports, workspace } = await fakeWorld({ checkoutScripts });
    const spec = await prepare(repo(path, more), workspace, ports, new ConsoleLog(ports.reporter), never);
    return { spec, workspace };
  };

  it.each(['bin/run.sh', './bin/run.sh', 'link'])('starts %s, and records where it came from', async (path) => {
    const { spec, workspace } = await prepareRepo(path, { 'git-ref': 'v3' });
    expect(spec.command).toEqual([`/script-repo/${path}`]);
    expect(await readFile(join(workspace.archive, 'script_repo.log'), 'utf8')).toBe(
      `REPO: https://git.example.org/t.git\nREF: v3\nSHA: ${'f'.repeat(40)}\n`,
    );
  });

  it.each(['', 'nope', '../.netrc', 'bin/../../.netrc', 'bin', 'a\0'])(
    'fails with a clear reason for %j',
    async (path) => {
      await expect(prepareRepo(path)).rejects.toThrow(/script-repo https:\/\/git\.example\.org\/t\.git/);
    },
  );
});

it('removes half a clone, so that nobody takes it for a repository', async () => {
  const { ports, workspace } = await fakeWorld({
    checkout: async (directory) => {
      await writeFile(join(directory, 'half'), '');
      throw new Error('cut off');
    },
  });
  const log = new ConsoleLog(ports.reporter);
  await expect(prepare(rundef({ trigger_type: 'git_poller' }), workspace, ports, log, never)).rejects.toThrow(
    'cut off',
  );
  await expect(lstat(workspace.repo)).rejects.toThrow('ENOENT');
});
