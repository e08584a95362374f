/** An engine that does not see this machine's files: they are copied to it, and what the script left is copied back. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectEngine, type DockerEngine } from '../../src/docker/index.js';
import type { ContainerSpec } from '../../src/executor/index.js';
import { awaitOutput, never, runToEnd, shell } from '../support/containers.js';
import { canBeElsewhere, EngineElsewhere } from '../support/engine-elsewhere.js';
import { testImage } from '../support/image.js';
import { noSsh, SshServer } from '../support/ssh-server.js';

const run = promisify(execFile);

describe.runIf(canBeElsewhere)('an engine that does not see this machine', () => {
  let elsewhere: EngineElsewhere;
  let engine: DockerEngine;
  let root: string;

  beforeAll(async () => {
    elsewhere = await EngineElsewhere.start();
    engine = await connectEngine({ logDriver: 'none', surroundings: { env: { DOCKER_HOST: elsewhere.address } } });
    root = join(elsewhere.hidden, 'run');
  }, 120_000);

  afterEach(async () => {
    await engine.removeVolumes(root);
    await rm(root, { recursive: true, force: true });
    expect(await engine.listOwned()).toEqual([]);
    expect(await elsewhere.docker('volume', 'ls', '-q')).toBe('');
  });

  afterAll(async () => elsewhere?.stop(), 60_000);

  /** A run's container with the mounts of a run; the script is written anew for each. */
  const running = async (script: string, more: Partial<ContainerSpec> = {}): Promise<ContainerSpec> => {
    for (const name of ['secrets', 'archive', 'script-repo', 'repo', 'volume', 'shared']) {
      await mkdir(join(root, name), { recursive: true });
    }
    const at = (name: string) => join(root, name);
    await rm(at('script-repo/do_run'), { force: true });
    await writeFile(at('script-repo/do_run'), `#!/bin/sh -e\n${script}\n`, { mode: 0o555 });
    await writeFile(at('.netrc'), 'machine x\n', { mode: 0o644 });
    const mounts = [
      { source: at('secrets'), target: '/secrets', readOnly: false },
      { source: at('volume'), target: '/volume', readOnly: false },
      { source: at('shared'), target: '/shared', readOnly: true },
      { source: at('.netrc'), target: '/root/.netrc', readOnly: false },
      { source: at('archive'), target: '/archive', readOnly: false },
      { source: at('script-repo'), target: '/script-repo', readOnly: false },
      { source: at('repo'), target: '/repo', readOnly: false },
    ];
    return shell('', { entrypoint: '', command: ['/script-repo/do_run'], mounts, ...more });
  };
  const output = async (script: string) => {
    const { exit, output } = await runToEnd(engine, await running(script));
    expect(exit).toEqual({ exitCode: 0, oomKilled: false });
    return output.toString();
  };

  const killClientOf = async (env: NodeJS.ProcessEnv) => {
    const asked = JSON.stringify(await running('echo begun; sleep 1000'));
    const argv = ['--import', 'tsx', 'test/support/run-until-killed.ts', asked];
    const where = { ...process.env, ...env };
    const client = spawn(process.execPath, argv, { env: where, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(client.stdout, 'data');
    expect(await engine.sweep()).toEqual([]);
    client.kill('SIGKILL');
    await once(client, 'exit');
    expect(await engine.deadVolumes()).toHaveLength(6);
    expect(await engine.sweep()).toHaveLength(1);
  };

  it('works as long as nothing of this machine is needed', async () => {
    expect((await runToEnd(engine, await shell('echo here'))).output.toString()).toBe('here\n');
  });

  it('has the files with modes, owners, times and links, and ends as the script does', async () => {
    await running('');
    const file = join(root, 'repo/deep/file');
    await mkdir(join(root, 'repo/deep'));
    await writeFile(file, 'x'.repeat(300_000), { mode: 0o640 });
    await run('chown', ['1234:99', file]);
    await utimes(file, 1e9, 1e9);
    await symlink('deep/file', join(root, 'repo/link'));
    await run('ln', [file, join(root, 'repo/second')]);
    const facts = ['cd /repo', 'stat -c "%a %u:%g %Y %s %h" deep/file second', 'readlink link', 'cat /root/.netrc'];
    const { exit, output } = await runToEnd(engine, await running([...facts, 'exit 3'].join('\n')));
    expect(output.toString()).toBe(
      '640 1234:99 1000000000 300000 2\n640 1234:99 1000000000 300000 2\ndeep/file\nmachine x\n',
    );
    expect(exit.exitCode).toBe(3);
    expect(engine.copiesFiles).toBe(true);
  });

  it('gives back /archive and volumes as the script left them, and what was written here meanwhile', async () => {
    await running('');
    await Promise.all(['kept', 'gone'].map((name) => writeFile(join(root, 'volume', name), name)));
    const asked = await running(
      'rm /volume/gone; mkdir -p /archive/a/b; echo 1 >/archive/a/b/c; ln -s ../../../etc /archive/a/out; mkfifo /archive/f; chmod 0 /archive/a/b/c; echo waiting; until test -e /tmp/go; do sleep 0.1; done',
    );
    const container = await engine.create(asked, never);
    const { sink, seen } = awaitOutput('waiting');
    await container.start(sink);
    await seen;
    await writeFile(join(root, 'archive/hung.txt'), 'processes');
    await container.exec(['/bin/touch', '/tmp/go'], 10_000);
    expect((await container.wait()).exitCode).toBe(0);
    await container.dispose();
    expect(await readdir(join(root, 'volume'))).toEqual(['kept']);
    expect((await readdir(join(root, 'archive'))).sort()).toEqual(['a', 'hung.txt']);
    expect(await readFile(join(root, 'archive/a/b/c'), 'utf8')).toBe('1\n');
    expect(await readlink(join(root, 'archive/a/out'))).toBe('../../../etc');
    expect((await readdir(root)).filter((name) => name.startsWith('.'))).toEqual(['.netrc']);
  });

  it('gives back what a script left that was stopped', async () => {
    const container = await engine.create(await running('echo 1 >/archive/one; echo there; sleep 1000'), never);
    const { sink, seen } = awaitOutput('there');
    await container.start(sink);
    await seen;
    await container.kill();
    await container.dispose();
    expect(await readFile(join(root, 'archive/one'), 'utf8')).toBe('1\n');
  });

  it('keeps what the script did for the next container of the run, with what is new here', async () => {
    await running('');
    await writeFile(join(root, 'repo/file'), 'pushed');
    await output('echo changed >/repo/file; echo 1 >/secrets/mine; touch /archive/execute-on-reboot /archive/other');
    await rm(join(root, 'archive/execute-on-reboot'));
    await writeFile(join(root, 'secrets/new'), 'new\n');
    expect(await output('cat /repo/file /secrets/mine /secrets/new; ls /archive')).toBe('changed\n1\nnew\nother\n');
  });

  it('lets nothing be written to a volume that is read-only', async () => {
    await running('');
    await writeFile(join(root, 'shared/tool'), 'tool\n');
    expect(await output('cat /shared/tool; touch /shared/x 2>/dev/null || echo refused')).toBe('tool\nrefused\n');
  });

  it('leaves what that engine has under the same names', async () => {
    await running('exit 1');
    await elsewhere.there(`mkdir -p ${root}/script-repo && echo theirs > ${root}/script-repo/do_run`);
    expect(await output('echo ours')).toBe('ours\n');
    expect(await elsewhere.there(`cat ${root}/script-repo/do_run; rm -r ${root}`)).toBe('theirs\n');
  });

  it('does not remove a tree there that has the name of one here', async () => {
    const tree = join(root, 'tree');
    await mkdir(join(tree, 'mine'), { recursive: true });
    await elsewhere.there(`mkdir -p ${tree}/theirs && touch -d 2026-01-01 ${tree}`);
    await engine.removeTree(tree, await testImage());
    expect(await elsewhere.there(`ls ${tree}`)).toBe('theirs\n');
  });

  it('gives nothing of a file in a volume that was written into the container', async () => {
    const asked = await running('cat /root/.netrc; touch /root/mine');
    const mounts = asked.mounts.map((each) => (each.target === '/volume' ? { ...each, target: '/root' } : each));
    expect((await runToEnd(engine, { ...asked, mounts })).output.toString()).toBe('machine x\n');
    expect(await readdir(join(root, 'volume'))).toEqual(['mine']);
    expect((await stat(join(root, 'volume/mine'))).size).toBe(0);
  });

  it('leaves nothing that is not found, when the client is killed', async () => {
    await killClientOf({ DOCKER_HOST: elsewhere.address });
  });

  it('leaves nothing when it is stopped while it copies', async () => {
    const asked = await running('');
    await run('dd', ['if=/dev/zero', `of=${root}/repo/big`, 'bs=1M', 'count=200', 'status=none']);
    const stop = new AbortController();
    const creating = engine.create(asked, stop.signal);
    creating.catch(() => {});
    await expect.poll(() => elsewhere.docker('ps', '-aq'), { timeout: 30_000 }).not.toBe('');
    stop.abort(new Error('stopped'));
    await expect(creating).rejects.toThrow('stopped');
  });

  describe('behind ssh', () => {
    let server: SshServer | undefined;

    beforeAll(async () => {
      if (noSsh !== undefined) return;
      server = await SshServer.start();
      vi.stubEnv('PATH', `${server.commands}:${process.env['PATH']}`);
    });

    beforeEach((context) => context.skip(noSsh !== undefined, noSsh));

    afterAll(async () => {
      vi.unstubAllEnvs();
      await server?.stop();
    });

    const env = () => ({ DOCKER_HOST: `${server?.address}${elsewhere.address.slice('unix://'.length)}` });
    const connect = () => connectEngine({ logDriver: 'none', surroundings: { env: env() } });

    it('has the files, and gives back what the script left and all of its console', async () => {
      await running('');
      await writeFile(join(root, 'repo/file'), 'pushed\n');
      const script = 'cat /repo/file; yes line | head -n 500000; cp /repo/file /archive/copy; exit 4';
      const { exit, output } = await runToEnd(await connect(), await running(script));
      expect(exit.exitCode).toBe(4);
      expect(output.length).toBe('pushed\n'.length + 500_000 * 'line\n'.length);
      expect(await readFile(join(root, 'archive/copy'), 'utf8')).toBe('pushed\n');
    });

    it('leaves nothing that is not found, when the client is killed', async () => {
      await killClientOf(env());
    });

    it('is explained when ssh does not know the host', async () => {
      await server?.forgetHost();
      // Another socket: the first one's login is still open.
      const env = { DOCKER_HOST: `${server?.address}/run/other.sock` };
      await expect(connectEngine({ logDriver: 'none', surroundings: { env } })).rejects.toThrow(
        'Host key verification failed. To try it: ssh -T -o BatchMode=yes',
      );
    });
  });
});
