/** A simulation that is disturbed: nothing is left behind, and no secret where it does not belong (QUALITY 2). */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { containersOf } from '../support/containers-of.js';
import { testImage } from '../support/image.js';
import { type RegistryUser, TestRegistry } from '../support/registry.js';
import { definitionOf, docker, filesBelow, type World, worldOf, worldWith } from './definition.js';
import { folderWith, jobserv, startJobserv } from './jobserv.js';

const WAITS =
  '#!/bin/sh\ntrap "" TERM INT\necho "it begins: $(cat /secrets/token)"\ntouch /archive/begun\nwhile :; do sleep 1; done\n';
// Of this process alone: other tests may show theirs in `ps`, which one of these reads.
const SECRET = `correct-horse-battery-${process.pid}`;

const begin = (world: World, ...args: string[]) =>
  startJobserv(['simulate', ...args, '-s', `token=${SECRET}`], { ...world });

describe('an interrupted simulation', () => {
  // Every signal and its status: exit-statuses.test.ts.
  it('by SIGTERM: status 143, the container gone, the workspace kept, no secret in it', async () => {
    const world = await worldWith({ waits: WAITS });
    const running = begin(world, 'waits');
    await running.says('it begins');
    expect(containersOf(world.cache)).toHaveLength(1);
    running.process.kill('SIGTERM');
    const { status, stdout, stderr } = await running.ended;
    expect(status).toBe(143);
    expect(stderr).toContain('Stopping: the container is removed and the workspace is kept.');
    expect(containersOf(world.cache)).toEqual([]);
    const files = filesBelow(world.cache);
    expect([...files.keys()].map((path) => path.split('/').slice(3).join('/'))).toContain('archive/begun');
    expectNoSecret(files, stdout + stderr);
  });

  it('names the run that was interrupted and those that were not started, also in JSON and in reports', async () => {
    const world = await worldWith({ first: WAITS, second: WAITS });
    const reports = ['xml', 'html', 'json'].map((kind) => join(world.cwd, `report.${kind}`));
    const flags = reports.flatMap((report) => ['--report', report]);
    const running = begin(world, '*', '--json', '--jobs', '1', ...flags);
    await vi.waitFor(() => expect(containersOf(world.cache)).toHaveLength(1), { timeout: 60_000, interval: 200 });
    running.process.kill('SIGINT');
    const { status, stdout } = await running.ended;
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'FAILED',
      runs: [
        { run: 'first', status: 'INTERRUPTED', cause: 'interrupted' },
        { run: 'second', status: 'NOT_STARTED', message: 'The simulation was interrupted before this run began.' },
      ],
    });
    const [junit, page, json] = reports.map((report) => readFileSync(report, 'utf8'));
    expect(junit).toMatch(
      /<testcase name="[^"]*\/first"[^>]*>\s*<error .*<testcase name="[^"]*\/second"[^>]*>\s*<skipped /s,
    );
    expect(page).toMatch(/Interrupted: [^ ]*\/first\. Not started: [^ ]*\/second\./);
    expect(JSON.parse(json ?? '')).toEqual(JSON.parse(stdout));
  });

  it('twice: ends at once, and the secrets go all the same', async () => {
    const world = await worldWith({ waits: WAITS });
    const running = begin(world, 'waits');
    await running.says('it begins');
    running.process.kill('SIGINT');
    running.process.kill('SIGINT');
    const { status, stdout, stderr } = await running.ended;
    expect(status).toBe(130);
    expectNoSecret(filesBelow(world.cache), stdout + stderr);
    await jobserv(['prune'], world);
    expect(containersOf(world.cache)).toEqual([]);
  });

  it('by kill -9: the next simulation removes its container and its secrets', async () => {
    const world = await worldWith({ waits: WAITS, next: '#!/bin/sh\necho next\n' });
    const running = begin(world, 'waits');
    await running.says('it begins');
    running.process.kill('SIGKILL');
    await running.ended;
    expect(containersOf(world.cache)).toHaveLength(1);
    expect(await jobserv(['simulate', 'next'], world)).toMatchObject({ status: 0, stderr: '' });
    expect(containersOf(world.cache)).toEqual([]);
    expectNoSecret(filesBelow(world.cache), '');
  });

  it('by kill -9: prune does the same, and leaves a living one alone', async () => {
    const world = await worldWith({ waits: WAITS, living: WAITS });
    const [killed, living] = [begin(world, 'waits'), begin(world, 'living')];
    await Promise.all([killed.says('it begins'), living.says('it begins')]);
    killed.process.kill('SIGKILL');
    await killed.ended;
    const { status, stdout } = await jobserv(['prune', '--json'], world);
    expect(status).toBe(0);
    const pruned = JSON.parse(stdout);
    expect(pruned.workspaces.map(({ path }: { path: string }) => path.split('/').at(-1))).toEqual(['waits']);
    expect(pruned.inUse.map((path: string) => path.split('/').at(-1))).toEqual(['living']);
    expect(containersOf(world.cache)).toHaveLength(1);
    living.process.kill('SIGINT');
    expect((await living.ended).status).toBe(130);
    expect(containersOf(world.cache)).toEqual([]);
  });
});

describe('secrets', () => {
  const PRINTS =
    '#!/bin/sh\ncat /secrets/token; echo; cat /root/.netrc; base64 /secrets/token\ncp /secrets/token /archive/token\nprintf "<testsuite name=\\"s\\"><testcase name=\\"%s\\"/></testsuite>" "$(cat /secrets/token)" >/archive/junit.xml\nsleep 2\n';

  it('stand in no output, file, argument or container inspection, but where a script puts them', async () => {
    const world = await worldWith({ prints: PRINTS });
    const running = startJobserv(['simulate', 'prints', '-s', 'token', '--json'], {
      ...world,
      env: { ...world.env, token: SECRET },
    });
    const inspected = await seenFromOutside(world, running.ended);
    expect(inspected).toContain(world.cache);
    expect(inspected).not.toContain(SECRET);
    const { status, stdout, stderr } = await running.ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const files = filesBelow(world.cache);
    const [copied] = [...files.keys()].filter((path) => path.endsWith('archive/token'));
    const [junit] = [...files.keys()].filter((path) => path.endsWith('archive/junit.xml'));
    expect(files.get(copied ?? '')?.toString()).toBe(SECRET);
    files.delete(copied ?? '');
    files.delete(junit ?? '');
    expectNoSecret(files, stdout + stderr);
  });

  it('of two registries accounts leave the docker config byte-identical', async () => {
    const engine = await findEngine();
    const users: RegistryUser[] = [
      { username: 'one', password: 'first-password' },
      { username: 'two', password: 'second-password' },
    ];
    const registry = await TestRegistry.start(engine.endpoint.address, users);
    const image = await registry.push(await testImage(), 'team/private:1', users[0]);
    try {
      const login = ({ username, password }: RegistryUser) => Buffer.from(`${username}:${password}`).toString('base64');
      const definition = JSON.parse(
        await definitionOf({ a: '#!/bin/sh\necho a\n', b: '#!/bin/sh\necho b\n' }, { container: image }),
      );
      for (const run of definition.triggers[0].runs) run['container-auth'] = `auth-${run.name}`;
      const world = worldOf({ '.jobserv.yml': JSON.stringify(definition) });
      const config = join(world.env['HOME'] ?? '', '.docker/config.json');
      mkdirSync(join(config, '..'));
      writeFileSync(config, '{"auths": {"registry.example.org": {"auth": "bWU6cHc="}}, "odd":  "spacing"}\n');
      const before = [readFileSync(config, 'utf8'), statSync(config).mtimeMs];
      const logins = users.flatMap((user, index) => ['-s', `auth-${index === 0 ? 'a' : 'b'}=${login(user)}`]);
      const ran = await jobserv(['simulate', '*', '--jobs', '2', '--pull', 'always', ...logins], world);
      expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('2 of 2 runs passed.') });
      expect([readFileSync(config, 'utf8'), statSync(config).mtimeMs]).toEqual(before);
      expectNoSecret(filesBelow(world.cache), ran.stdout + ran.stderr, [
        'first-password',
        'second-password',
        login(users[0] as RegistryUser),
      ]);
    } finally {
      await registry.forget(image).catch(() => {});
      await registry.stop();
    }
  });
});

describe('as a user who is not root', () => {
  const NOBODY = 65534;
  /** The user's own folders, and who may ask the engine. */
  async function asNobody(world: World) {
    for (const path of [world.cwd, world.env['HOME'] ?? '', world.env['XDG_CACHE_HOME'] ?? ''])
      execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, path]);
    return { ...world, uid: NOBODY, gid: statSync(await engineSocket()).gid };
  }
  const HOSTILE =
    '#!/bin/sh\nmkdir -p /archive/deep/er\necho x >/archive/deep/er/file\nchmod 0 /archive/deep/er /archive/deep\nmkdir /script-repo/mine; chmod 0 /script-repo/mine\nchown -R 12345 /secrets\n';

  beforeAll(() => chmodSync(inject('installation'), 0o755));

  it.runIf(process.getuid?.() === 0)(
    'removes what a script left with root as owner and no mode, and owns what is kept',
    async () => {
      const world = await asNobody(await worldWith({ hostile: HOSTILE }));
      const first = await jobserv(['simulate', 'hostile', '-s', `token=${SECRET}`], world);
      expect(first).toMatchObject({ status: 0 });
      const root = join(world.cache, world.cwd.split('/').at(-1) ?? '', 'manual/hostile');
      expect(existsSync(join(root, 'secrets'))).toBe(false);
      expect(statSync(join(root, 'archive/deep')).uid).toBe(NOBODY);
      expect(await jobserv(['simulate', 'hostile'], world)).toMatchObject({ status: 0 });
      expect(await jobserv(['prune', '--json'], world)).toMatchObject({ status: 0 });
      expect(filesBelow(world.cache).size).toBe(0);
    },
  );

  it.runIf(process.getuid?.() === 0)(
    'says which file of the tree git cannot read (status 3), and which folder is left out',
    async () => {
      const script = '#!/bin/sh\ncd /repo; ls\n';
      const text = await gitDefinition({ lists: script });
      const files = worldOf({ '.jobserv.yml': text, 'closed/file': 'x' });
      execFileSync('git', ['init', '--quiet', files.cwd]);
      const world = await asNobody(files);
      chmodSync(join(world.cwd, 'closed/file'), 0);
      const file = await jobserv(['simulate', 'lists'], world);
      expect(file.status, file.stderr).toBe(3);
      expect(file.stderr).toMatch(/git cannot read a file of it .*closed\/file.* Make the file readable for you/);
      chmodSync(join(world.cwd, 'closed'), 0);
      const folder = await jobserv(['simulate', 'lists', '--json'], world);
      expect(folder.status, folder.stdout).toBe(0);
      const [{ fidelity }] = JSON.parse(folder.stdout).runs;
      const message = 'The folder closed cannot be read (Permission denied): untracked files in it are left out.';
      expect(fidelity.differences).toContainEqual({ kind: 'working-tree', message });
    },
  );
});

describe('a tree that is deeper than a path can be', () => {
  /** From the inside out: no shell can go down so far. */
  const DEEP = `#!/bin/sh
[ -z "$AGAIN" ] || exit 0
d=$(printf %0200d 0)
for top in /archive /script-repo /vol; do
  cd $top; mkdir -p t; touch t/file; ln -sf /etc/passwd t/link
  n=0; while [ $n -lt 22 ]; do mkdir o; mv t o/$d; mv o t; n=$((n+1)); done
done
`;
  /** The last folder of it can be read; the path of the file in it is too long. */
  const LONG = `#!/bin/sh
cd /archive
n=0; while [ $n -lt 20 ]; do d=$(printf %0195d $n); mkdir $d && cd $d || break; n=$((n+1)); done
for n in 1 50 100 150 200 250; do touch $(printf %0\${n}d 0); done
`;
  const NOBODY = 65534;

  it.each(['root', 'another user'])('costs %s neither the next runs nor prune, and the secrets go', async (name) => {
    if (process.getuid?.() !== 0 && name !== 'root') return;
    const world = await worldWith({ deep: DEEP, long: LONG }, { 'persistent-volumes': { v: '/vol' } });
    if (name !== 'root') {
      chmodSync(inject('installation'), 0o755);
      for (const path of [world.cwd, world.env['HOME'] ?? '', world.env['XDG_CACHE_HOME'] ?? ''])
        execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, path]);
    }
    const who = name === 'root' ? {} : { uid: NOBODY, gid: statSync(await engineSocket()).gid };
    const options = { ...world, ...who };
    for (const run of ['deep', 'long']) {
      const ended = await jobserv(['simulate', run, '-s', `token=${SECRET}`], options);
      expect(ended).toMatchObject({ status: 1, stderr: expect.not.stringContaining('defect') });
      expect(ended.stdout).toMatch(
        /reason +The (folder|file) "(t\/)?0+.* of \/archive cannot be read: its path is too long\./,
      );
      const root = join(world.cache, world.cwd.split('/').at(-1) ?? '', 'manual', run);
      expect(
        readdirSync(root)
          .filter((one) => !one.startsWith('.set-aside'))
          .sort(),
      ).toEqual(['.jobserv-workspace', 'archive', 'console.log', 'result.json', 'rundef.json'].sort());
    }
    expect(await jobserv(['simulate', 'deep', '-p', 'AGAIN=1'], options)).toMatchObject({ status: 0 });
    const pruned = await jobserv(['prune', '--volumes', '--json'], options);
    expect(pruned.status).toBe(0);
    expect(JSON.parse(pruned.stdout)).not.toHaveProperty('problems');
    expect(filesBelow(world.cache).size).toBe(0);
  });
});

it('two simulations at one workspace: the second is refused, alone or as one of several, and the first goes on', async () => {
  const world = await worldWith({ waits: WAITS, next: '#!/bin/sh\necho next\n' });
  const first = begin(world, 'waits');
  await first.says('it begins');
  const second = await jobserv(['simulate', 'waits'], world);
  expect(second).toMatchObject({ status: 2, stderr: expect.stringContaining('is in use by another simulation') });
  const several = await jobserv(['simulate', 'waits', 'next', '--jobs', '1'], world);
  expect(several.status).toBe(3);
  expect(several.stdout).toMatch(
    /^PASSED {2}manual\/next .*^FAILED {2}manual\/waits .*is in use by another simulation/ms,
  );
  // The console in the workspace is that of the first simulation.
  expect(several.stdout).not.toContain('it begins');
  expect(containersOf(world.cache)).toHaveLength(1);
  first.process.kill('SIGINT');
  expect((await first.ended).status).toBe(130);
});

describe('a full disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-e2e-full-'));
  const mounted = mountSmall(folder);
  afterAll(() => {
    if (mounted) execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  it.runIf(mounted)('is said, status 3, and no container is left', async () => {
    const world = await worldWith({ fills: '#!/bin/sh\nyes "a line of the console" | head -c 3000000\n' });
    const { status, stdout } = await jobserv(['simulate', 'fills', '--workspace', join(folder, 'work')], world);
    expect(status).toBe(3);
    expect(stdout).toContain('the disk is full');
    expect(containersOf(folder)).toEqual([]);
  });

  it.runIf(mounted)(
    'in any phase, for bytes or for files, is status 3, and leaves no container and no secret',
    async () => {
      const archive = '#!/bin/sh\ndd if=/dev/zero of=/archive/big bs=64k count=1000\ntrue\n';
      const world = await worldWith({ short: '#!/bin/sh\ntrue\n', archive });
      const cache = join(folder, 'cache');
      const ends: number[] = [];
      const fill = async (limit: string, run: string) => {
        execFileSync('mount', ['-t', 'tmpfs', '-o', limit, 'jobserv-e2e', folder]);
        try {
          const env = { ...world.env, XDG_CACHE_HOME: cache };
          const { status, stdout, stderr } = await jobserv(['simulate', run, '-s', `token=${SECRET}`], {
            ...world,
            env,
          });
          ends.push(status ?? -1);
          if (status !== 0) {
            expect(stdout + stderr).toMatch(/\/\S+( cannot be used)?(:|\.) the disk is full/i);
            expect(stdout + stderr).toMatch(/Free some space/);
          }
          expect(containersOf(folder)).toEqual([]);
          expectNoSecret(filesBelow(folder), stdout + stderr);
        } finally {
          execFileSync('umount', [folder]);
        }
      };
      await fill('size=1m', 'archive');
      for (const size of [8, 12, 24]) await fill(`size=${size}k`, 'short');
      for (let inodes = 2; inodes < 16; inodes += 2) await fill(`nr_inodes=${inodes}`, 'short');
      expect([...new Set(ends)]).toEqual([3]);
    },
  );

  it.runIf(mounted)('for temporary files costs a run nothing', async () => {
    const world = await worldWith({ short: '#!/bin/sh\ntrue\n' });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,nr_inodes=1', 'jobserv-e2e', folder]);
    try {
      const ended = await jobserv(['simulate', 'short'], { ...world, env: { ...world.env, TMPDIR: folder } });
      expect(ended).toMatchObject({ status: 0 });
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  it.runIf(mounted)('on which a clone has no room for its files is status 3', async () => {
    // As an object it takes nearly no room.
    const upstream = folderWith({ large: 'x'.repeat(3_000_000) });
    const git = (...args: string[]) => execFileSync('git', ['-C', upstream, ...args], { stdio: 'pipe' });
    git('init', '--quiet', '--initial-branch=main');
    git('add', '.');
    git('-c', 'user.name=n', '-c', 'user.email=e@example.org', 'commit', '--quiet', '--message=one');
    const world = worldOf({ '.jobserv.yml': await gitDefinition({ clones: '#!/bin/sh\n' }) });
    const source = ['--source', 'remote', '-p', `GIT_URL=file://${upstream}`];
    const place = ['--workspace', join(folder, 'work')];
    const { status, stdout } = await jobserv(['simulate', 'clones', ...source, ...place, '--json'], world);
    expect(status, stdout).toBe(3);
    const message = expect.stringMatching(/git cannot write its files|the disk is full/);
    expect(JSON.parse(stdout).runs).toMatchObject([{ status: 'FAILED', cause: 'setup', environment: 'disk', message }]);
  });
});

async function gitDefinition(scripts: Record<string, string>): Promise<string> {
  const params = { GIT_URL: 'https://git.example.org/x', GIT_POLL_REFS: 'refs/heads/main' };
  const { triggers, ...definition } = JSON.parse(await definitionOf(scripts));
  return JSON.stringify({ ...definition, triggers: [{ ...triggers[0], type: 'git_poller', params }] });
}

function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'jobserv-e2e', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function engineSocket(): Promise<string> {
  const { endpoint } = await findEngine();
  return 'socketPath' in endpoint ? endpoint.socketPath : '';
}

/** Command lines of all processes and inspections of our containers, until the command has ended. */
async function seenFromOutside(world: World, ended: Promise<unknown>): Promise<string> {
  let seen = '';
  let over = false;
  let inspected = false;
  const end = ended.finally(() => {
    over = true;
  });
  while (!over) {
    seen += execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    for (const id of inspected ? [] : containersOf(world.cache)) {
      try {
        seen += docker('inspect', id);
        inspected = true;
      } catch {
        // It ended between the two calls.
      }
    }
    await sleep(50);
  }
  await end;
  return seen;
}

function expectNoSecret(files: Map<string, Buffer>, shown: string, secrets: string[] = [SECRET]): void {
  for (const secret of secrets) {
    for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
      expect([...files].filter(([, bytes]) => bytes.includes(form)).map(([path]) => path)).toEqual([]);
      expect(shown).not.toContain(form);
    }
  }
}
