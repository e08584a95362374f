import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { executeRun, LIMITS, RunFailure, throwUnlessPassed } from '../../../src/executor/index.js';
import {
  type FakeScript,
  type FakeWorldOptions,
  fakeWorld,
  leave,
  never,
  rundef,
  untilKilled,
} from '../../support/fake-ports.js';

const QUICK = { ...LIMITS, pullWaits: [1, 1, 1] };

async function run(options: FakeWorldOptions, overrides: Parameters<typeof rundef>[0] = {}, limits = QUICK) {
  const { ports, workspace } = await fakeWorld(options);
  const outcome = await executeRun(rundef(overrides), workspace, ports, never, limits);
  return { outcome, ports, workspace, story: ports.story };
}

const leaving =
  (files: Record<string, string>, status = 0): FakeScript =>
  async ({ archive }) => {
    await leave(archive, files);
    return status;
  };

const missing = (message = 'not there') => new RunFailure('setup', message);

describe('the story of a run', () => {
  it('goes through its phases in order, and ends with one status', async () => {
    const { outcome, story } = await run({
      script: leaving({ 'a.txt': 'a' }),
    });
    expect(outcome).toMatchObject({ status: 'PASSED', exitCode: 0, artifacts: [{ path: 'a.txt', sizeBytes: 1 }] });
    expect(story).toEqual([
      '> pull',
      'pull alpine:3.20',
      '< pull',
      '> prepare',
      '< prepare',
      '> script',
      'create',
      'start',
      '< script',
      '> upload',
      'status UPLOADING',
      'store a.txt',
      '< upload',
      '> tests',
      '< tests',
      '> report',
      'status PASSED',
      '< report',
    ]);
  });

  it('fails with the exit status of the script, and keeps its artifacts and tests all the same', async () => {
    const junit = '<testsuite name="s"><testcase name="t"><failure/></testcase></testsuite>';
    const { outcome, story } = await run({
      script: leaving({ 'junit.xml': junit }, 3),
    });
    expect(outcome).toMatchObject({
      status: 'FAILED',
      cause: 'script',
      exitCode: 3,
      tests: [{ name: 's', status: 'FAILED' }],
    });
    expect(story.filter((word) => /^(status|store|test)/.test(word))).toEqual([
      'status UPLOADING',
      'store junit.xml',
      'test s FAILED',
      'status FAILED',
    ]);
  });

  it('says where the reference worker would come to another verdict, and only there', async () => {
    const elsewhere = async (script: FakeScript) => (await run({ script })).outcome.elsewhere;
    const suite = (inner: string) => leaving({ 'junit.xml': `<testsuite name="s">${inner}</testsuite>` });
    expect(await elsewhere(suite('<testcase name="t"/>'))).toBeUndefined();
    expect(await elsewhere(suite('<testcase name="t"><failure/></testcase>'))).toBeUndefined();
    expect(await elsewhere(suite('<properties/><testcase name="t"><failure/></testcase>'))).toBeUndefined();
    expect(await elsewhere(suite('<properties/>'))).toBe(
      "The reference's worker would fail this run: in junit.xml each child of a suite is a case to it, and <properties> has no name.",
    );
    expect(await elsewhere(suite('<testcase name="t"><system-out/><failure/></testcase>'))).toContain('would pass');
    const linking: FakeScript = async ({ archive }) => {
      await symlink('/no/such/file', join(archive, 'link'));
      return 0;
    };
    expect(await elsewhere(linking)).toBe(
      'The reference\'s worker would fail this run: "link" in /archive is a link that leads nowhere on the host.',
    );
  });

  it('says what is behind a script that could not be started', async () => {
    const exec = (error: string) => ({ exitCode: 127, oomKilled: false, error });
    expect(() => throwUnlessPassed(exec('exec /script-repo/do_run: no such file or directory'), undefined)).toThrow(
      'CRLF',
    );
    expect(() => throwUnlessPassed(exec('exec: "/script-repo/x": permission denied'), undefined)).toThrow('--chmod=+x');
    const windows = '#!/bin/sh\r\necho x\r\n';
    expect(() => throwUnlessPassed(exec('no such file or directory'), undefined, windows)).toThrow('line feeds (LF)');
    // Whatever an engine calls it, the status says it.
    expect(() => throwUnlessPassed(exec('something else'), undefined)).toThrow(/: something else\. The interpreter/);
    const format = { ...exec('exec format error: it is for linux/arm64'), exitCode: 126 };
    expect(() => throwUnlessPassed(format, undefined)).toThrow(/linux\/arm64\.$/);
  });

  it.each([
    [126, 'chmod +x'],
    [127, 'is not in the image'],
  ])('says what status %i of a script means', (exitCode, hint) => {
    expect(() => throwUnlessPassed({ exitCode, oomKilled: false }, undefined)).toThrow(hint);
  });

  it('refuses a secret whose name no file can have, before anything is written', async () => {
    const { outcome, workspace } = await run({}, { secrets: { ['n'.repeat(300)]: 'value' } });
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'setup', message: expect.stringContaining('300 bytes') });
    expect(await readdir(workspace.root)).toEqual([]);
  });

  it('writes its own lines between the bytes of the script, which it leaves as they are', async () => {
    const bytes = Buffer.from([0, 0xff, 0xe2, 0x28, 0x0d, 0x0a, 0x41]);
    const { ports } = await run({
      script: async ({ print }) => {
        await print(bytes);
        await print(bytes);
        return 0;
      },
    });
    const lines = Buffer.from(ports.console(), 'utf8').toString();
    expect(lines).toMatch(
      /^== \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}: Pulling image alpine:3\.20\n {3}\S+ \S+: INFO {2}Digest/,
    );
    expect(lines).toContain(Buffer.concat([bytes, bytes]).toString());
    expect(lines).toMatch(/A\n== [^\n]*artifact/);
  });

  it('pulls four times before it gives up', async () => {
    const { outcome, story } = await run({ pulls: [missing(), missing(), missing(), missing('gone')] });
    expect(story.filter((word) => word.startsWith('pull'))).toHaveLength(4);
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'setup', message: 'gone', artifacts: [] });
    expect(story.at(-2)).toBe('status FAILED');
  });

  it('does not try again what would bring the same answer', async () => {
    const final = new RunFailure('setup', 'no', { environment: 'registry', final: true });
    const { outcome, story } = await run({ pulls: [final] });
    expect(story.filter((word) => word.startsWith('pull'))).toHaveLength(1);
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'setup', environment: 'registry' });
  });

  it('does not wait for hours because a registry wants it', async () => {
    const limited = new RunFailure('setup', 'wait', { environment: 'registry', retryAfterMs: 6 * 3_600_000 });
    const { story } = await run({ pulls: [limited] });
    expect(story.filter((word) => word.startsWith('pull'))).toHaveLength(1);
  });

  it('goes on when the last try to pull succeeds', async () => {
    const { outcome } = await run({ pulls: [missing(), missing(), missing()] });
    expect(outcome.status).toBe('PASSED');
  });

  it('pulls with the credentials that container-auth names', async () => {
    const secrets = { reg: Buffer.from('bot:pa:ss').toString('base64') };
    const { story } = await run({}, { 'container-auth': 'reg', secrets });
    expect(story).toContain('pull alpine:3.20 as bot');
  });

  it.each([
    ['is not there', {}],
    ['is not base64 of user:password', { reg: 'hello' }],
  ])('fails before any pull when the container-auth secret %s', async (_, secrets) => {
    const { outcome, story } = await run({}, { 'container-auth': 'reg', secrets });
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'setup', message: expect.stringContaining('"reg"') });
    expect(story.filter((word) => word.startsWith('pull'))).toEqual([]);
  });
});

describe('other ends of a run', () => {
  it('kills a script that takes longer than the timeout, and keeps what it left', async () => {
    const { outcome, story, ports } = await run(
      {
        script: async (c) => {
          await leave(c.archive, { 'a.txt': '' });
          await c.print('working\n');
          return untilKilled(c);
        },
      },
      { timeout: 1 },
      { ...QUICK, minute: 1_000 },
    );
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'timeout', artifacts: [{ path: 'a.txt' }] });
    expect(story.filter((word) => /^(kill|store|status)/.test(word))).toEqual([
      'kill',
      'status UPLOADING',
      'store a.txt',
      'status FAILED',
    ]);
    expect(ports.alive.size).toBe(0);
  });

  it('stays PASSED when the time runs out during the upload', async () => {
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 1_100));
    const { outcome } = await run({ store: slow }, { timeout: 1 }, { ...QUICK, minute: 1_000 });
    expect(outcome.status).toBe('PASSED');
  });

  it('has no time limit when the timeout is 0', async () => {
    const slow = () => new Promise<number>((resolve) => setTimeout(() => resolve(0), 30));
    const { outcome } = await run({ script: slow }, { timeout: 0 }, { ...QUICK, minute: 1 });
    expect(outcome.status).toBe('PASSED');
  });

  it('stops a script whose run is cancelled', async () => {
    const { ports, workspace } = await fakeWorld({
      script: (c) => {
        ports.cancel();
        return untilKilled(c);
      },
    });
    const outcome = await executeRun(rundef(), workspace, ports, never, QUICK);
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'cancelled' });
    expect(ports.alive.size).toBe(0);
    expect(ports.story.filter((word) => word.startsWith('status'))).toEqual(['status UPLOADING', 'status FAILED']);
  });

  it('does not wait for a sink that takes nothing any more once the run is over', async () => {
    const { ports, workspace } = await fakeWorld({
      script: async (c) => {
        ports.cancel();
        await untilKilled(c);
        return new Promise<number>(() => {});
      },
    });
    const outcome = await executeRun(rundef(), workspace, ports, never, { ...QUICK, drain: 10 });
    expect(outcome).toMatchObject({ cause: 'cancelled' });
  });

  it('is FAILED when it is cancelled during the upload', async () => {
    const { ports, workspace } = await fakeWorld({
      store: async () => {
        ports.cancel();
        throw new Error('aborted');
      },
    });
    const outcome = await executeRun(rundef(), workspace, ports, never, QUICK);
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'cancelled', exitCode: 0 });
  });

  it('fails when artifacts cannot be stored', async () => {
    const { outcome } = await run({ store: () => Promise.reject(new RunFailure('artifacts', 'no room')) });
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'artifacts', message: 'no room' });
  });

  it('fails when the engine goes away', async () => {
    const gone = new RunFailure('lost', 'the engine is gone', { environment: 'engine' });
    const { outcome } = await run({ script: () => Promise.reject(gone) });
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'lost', environment: 'engine' });
  });

  it.each([
    [true, 1024, 'The script was killed: out of memory (OOM), more than its limit of 1024 bytes.'],
    [
      false,
      1024,
      'The script exited with status 137: killed by signal 9, as the kernel does to what is out of memory (OOM); its limit is 1024 bytes.',
    ],
    [
      false,
      undefined,
      'The script exited with status 137: killed by signal 9, as the kernel does to what is out of memory (OOM).',
    ],
  ])('says out of memory, whether the engine has noticed it (%s) or not', async (oomKilled, memoryBytes, message) => {
    const { outcome } = await run({
      script: async () => ({ exitCode: 137, oomKilled }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    });
    expect(outcome).toMatchObject({ cause: 'script', exitCode: 137, message });
  });

  it('takes a full disk for what it is', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    const { outcome } = await run({ checkout: () => Promise.reject(full) }, { trigger_type: 'git_poller' });
    expect(outcome).toMatchObject({ status: 'FAILED', environment: 'disk' });
  });

  it('reports FAILED, removes the container and throws what nobody foresaw', async () => {
    const { ports, workspace } = await fakeWorld({ script: () => Promise.reject(new TypeError('a bug')) });
    await expect(executeRun(rundef(), workspace, ports, never, QUICK)).rejects.toThrow('a bug');
    expect(ports.story.filter((word) => word.startsWith('status'))).toEqual(['status FAILED']);
    expect(ports.alive.size).toBe(0);
  });

  it('keeps the verdict when a container cannot be removed, and says so', async () => {
    const { outcome } = await run({ dispose: () => Promise.reject(new Error('busy')) });
    expect(outcome).toMatchObject({ status: 'PASSED', warnings: [expect.stringContaining('busy')] });
  });

  it('looks into a container that is silent, and goes on', async () => {
    const silent = () => new Promise<number>((resolve) => setTimeout(() => resolve(0), 60));
    const { outcome, ports } = await run({ script: silent }, {}, { ...QUICK, hungAfter: 20 });
    expect(outcome.status).toBe('PASSED');
    expect(outcome.artifacts[0]?.path).toMatch(/^hung-[\d.]+\.txt$/);
    expect(ports.story).toContain('exec /bin/sh');
    expect(ports.console()).toMatch(/INFO {2}No output for/);
  });
});

describe('a reboot', () => {
  const rebooting = (name: string) => {
    let boots = 0;
    return async ({ archive }: { archive: string }) => {
      boots += 1;
      if (boots === 1) await leave(archive, { [name]: '#!/bin/sh\necho again\n', kept: 'x' });
      return 0;
    };
  };

  it.each([
    ['execute-on-reboot', 'reboot'],
    ['execute-on-cold-reboot', 'cold-reboot'],
  ])('goes on with the script of /archive/%s in a fresh container, with the same archive', async (name, word) => {
    const { outcome, story, workspace } = await run({ script: rebooting(name) });
    expect(outcome).toMatchObject({ status: 'PASSED', artifacts: [{ path: 'kept' }] });
    expect(story.filter((w) => ['create', 'reboot', 'cold-reboot'].includes(w))).toEqual(['create', word, 'create']);
    expect(await readFile(join(workspace.scriptRepo, 'do_run'), 'utf8')).toBe('#!/bin/sh\necho again\n');
  });

  it('clones the repository once', async () => {
    const { story } = await run({ script: rebooting('execute-on-reboot') }, { trigger_type: 'git_poller' });
    expect(story.filter((word) => word === 'checkout')).toHaveLength(1);
  });

  it('does not follow a link under the name of the script', async () => {
    const { outcome, workspace } = await run({
      script: async ({ archive }) => {
        await symlink('/etc/passwd', join(archive, 'execute-on-reboot')).catch(() => {});
        return 0;
      },
    });
    expect(outcome).toMatchObject({ status: 'PASSED', artifacts: [] });
    expect(await readdir(workspace.archive)).toEqual(['execute-on-reboot']);
  });

  it('writes the next script over no link that a container left', async () => {
    const { ports, workspace } = await fakeWorld({
      script: async ({ archive }) => {
        if ((await readdir(workspace.scriptRepo)).includes('moved')) return 0;
        const precious = join(workspace.root, 'precious');
        await writeFile(precious, 'host');
        await writeFile(join(workspace.scriptRepo, 'moved'), '');
        await rm(join(workspace.scriptRepo, 'do_run'));
        await symlink(precious, join(workspace.scriptRepo, 'do_run'));
        await leave(archive, { 'execute-on-reboot': 'evil' });
        return 0;
      },
    });
    const outcome = await executeRun(rundef(), workspace, ports, never, QUICK);
    expect(outcome.status).toBe('PASSED');
    expect(await readFile(join(workspace.root, 'precious'), 'utf8')).toBe('host');
  });

  it('is not asked for by a script that failed', async () => {
    const { outcome, story } = await run({
      script: leaving({ 'execute-on-reboot': 'x' }, 1),
    });
    expect(outcome).toMatchObject({ cause: 'script' });
    expect(story).not.toContain('reboot');
  });
});

describe('artifacts', () => {
  it('are all regular files, subfolders included; links and special files are told and skipped', async () => {
    const { outcome, ports } = await run({
      script: async ({ archive }) => {
        await mkdir(join(archive, 'sub/deep'), { recursive: true });
        await leave(archive, { 'sub/deep/a b.txt': 'abc', '-x': '' });
        await symlink('/etc/passwd', join(archive, 'passwd'));
        await symlink('..', join(archive, 'sub/loop'));
        await symlink('/nowhere', join(archive, 'dangling'));
        return 0;
      },
    });
    expect(outcome.artifacts).toEqual([
      { path: '-x', sizeBytes: 0 },
      { path: 'sub/deep/a b.txt', sizeBytes: 3 },
    ]);
    for (const name of ['passwd', 'sub/loop', 'dangling'])
      expect(ports.console()).toContain(`Skipping "${name}": a symbolic link`);
  });

  it('with a name that is no UTF-8 are told and skipped', async () => {
    const { outcome, ports } = await run({
      script: async ({ archive }) => {
        await writeFile(Buffer.concat([Buffer.from(`${archive}/caf`), Buffer.from([0xe9])]), 'x');
        return 0;
      },
    });
    expect(outcome.artifacts).toEqual([]);
    expect(ports.console()).toContain('its name is not UTF-8');
  });
});
