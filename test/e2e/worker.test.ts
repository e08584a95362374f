/** The worker's commands, from the packed program, against a server that behaves as the reference does. */
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
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { containersOf } from '../support/containers-of.js';
import { startLiveServer } from '../support/live-server/live-server.js';
import { jobserv } from './jobserv.js';
import { useImage, WorkerWorld } from './worker-world.js';

const image = useImage();

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-e2e-worker-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('a worker', () => {
  it('is registered, takes a run at a check-in, executes it, and is unregistered', async () => {
    const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const world = await WorkerWorld.create(image.name, 2, me);
    const { server } = world;
    expect(server.worker('w1')).toMatchObject({ host_tags: 'amd64', concurrent_runs: 2 });
    expect(statSync(join(world.folder, 'settings.conf')).mode & 0o777).toBe(0o600);
    const run = world.queue('echo "I am $H_WORKER in $H_PROJECT"; echo kept > /archive/file\n');
    expect(await world.worker('check')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining(run.url),
    });
    await run.until(({ complete }) => complete);
    expect(run.statuses).toEqual(['RUNNING', 'UPLOADING', 'PASSED']);
    expect(run.console.toString()).toContain('\nI am w1 in acme/blinky\n');
    expect(run.artifacts.get('file')?.toString()).toBe('kept\n');
    await world.cleared();
    expect(containersOf(world.folder)).toEqual([]);
    expect(await world.worker('unregister')).toMatchObject({ status: 0, stderr: '' });
    expect(server.worker('w1').deleted).toBe(true);
  });

  it('with a token needs nobody to enlist it', async () => {
    await using server = await startLiveServer();
    const folder = emptyFolder();
    const token = server.jwt('by-token', { tags: ['amd64'] });
    const registered = await jobserv(['worker', 'register', server.url, 'amd64', '--jwt', token, '--folder', folder]);
    expect(registered).toMatchObject({ status: 0, stdout: expect.not.stringContaining('enlisted') });
    expect((await jobserv(['worker', 'check', '--folder', folder])).status).toBe(0);
    expect(server.worker('by-token').checkIns).toHaveLength(1);
  });

  it('works on in the folder that its current directory is, and in that of the environment', async () => {
    const world = await WorkerWorld.create(image.name);
    expect((await jobserv(['worker', 'status'], { cwd: world.folder })).stdout).toContain('w1 at http://127.0.0.1');
    const env = { JOBSERV_WORKER_FOLDER: world.folder };
    expect((await jobserv(['worker', 'status'], { env })).stdout).toContain('0 of 2 runs, its loop does not run');
  });

  it('calls its callback when a run begins and when it is complete', async () => {
    const world = await WorkerWorld.create(image.name);
    const callback = join(world.folder, 'callback');
    const said = join(world.folder, 'said');
    writeFileSync(callback, `#!/bin/sh\necho "$ACTION $PROJECT $BUILD $RUN" >> ${said}\n`, { mode: 0o755 });
    writeFileSync(join(world.folder, 'settings.conf'), `callback_script = ${callback}\n`, { flag: 'a' });
    const run = world.queue('true\n');
    await world.worker('check');
    await run.until(({ complete }) => complete);
    await world.cleared();
    const place = `${run.project} ${run.build} ${run.name}`;
    await vi.waitFor(
      () => expect(readFileSync(said, 'utf8')).toBe(`RUN_START ${place}\nRUN_COMPLETE ${place}\n`),
      60_000,
    );
  });

  it('does not call its callback for a run that it refuses: nobody has checked its names', async () => {
    const world = await WorkerWorld.create(image.name);
    const callback = join(world.folder, 'callback');
    const said = join(world.folder, 'said');
    writeFileSync(callback, `#!/bin/sh\necho "$ACTION $PROJECT" >> ${said}\n`, { mode: 0o755 });
    writeFileSync(join(world.folder, 'settings.conf'), `callback_script = ${callback}\n`, { flag: 'a' });
    const run = world.queue('true\n', { env: { GIT_URL: '--upload-pack=x' } });
    await world.worker('check');
    await run.until(({ complete }) => complete);
    expect(run.console.toString()).toContain('env.GIT_URL is unsafe, "--upload-pack=x"');
    await world.cleared();
    expect(existsSync(said)).toBe(false);
  });

  it('fails a run when its callback cannot be started: a board may be off', async () => {
    const world = await WorkerWorld.create(image.name);
    writeFileSync(join(world.folder, 'settings.conf'), 'callback_script = /no/such/callback\n', { flag: 'a' });
    const run = world.queue('true\n');
    await world.worker('check');
    await run.until(({ complete }) => complete);
    expect(run.status).toBe('FAILED');
    expect(run.console.toString()).toMatch(
      /FAILED \(setup\): The worker w1 cannot execute runs now: .*\/no\/such\/callback/,
    );
    await world.cleared();
  });

  it('gives a run the share of the memory and the shared volumes that its settings say', async () => {
    const world = await WorkerWorld.create(image.name);
    const shared = join(world.folder, 'downloads');
    mkdirSync(shared);
    writeFileSync(join(shared, 'file'), 'shared\n');
    const more = `container-max-memory-percent = 10\n\n[shared-volumes]\nDownloads = ${shared}\n`;
    writeFileSync(join(world.folder, 'settings.conf'), more, { flag: 'a' });
    const script =
      'cat /downloads/file; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes\ntrue\n';
    const run = world.queue(script, { 'shared-volumes': { downloads: '/downloads' } });
    await world.worker('check');
    await run.until(({ complete }) => complete);
    const console = run.console.toString();
    expect(console).toContain('\nshared\n');
    const [, bytes] = /^(\d{8,})$/m.exec(console) ?? [];
    expect(Number(bytes) / totalmem()).toBeCloseTo(0.1, 3);
    await world.cleared();
  });

  it('fails a run that wants a shared volume that the host does not have, with the reason', async () => {
    const world = await WorkerWorld.create(image.name);
    const run = world.queue('true\n', { 'shared-volumes': { downloads: '/downloads' } });
    await world.worker('check');
    await run.until(({ complete }) => complete);
    expect(run.status).toBe('FAILED');
    expect(run.console.toString()).toMatch(/FAILED \(setup\): .*no shared volume downloads/);
    await world.cleared();
  });

  it('fails a run definition that cannot be executed, with the reason', async () => {
    const world = await WorkerWorld.create(image.name);
    const run = world.queue('true\n', { timeout: 'long' as unknown as number });
    await world.worker('check');
    await run.until(({ complete }) => complete);
    expect(run.status).toBe('FAILED');
    expect(run.console.toString()).toMatch(/run definition cannot be executed/);
    await world.cleared();
  });
});

describe('a worker that is not root', () => {
  const NOBODY = 65534;
  const HOSTILE =
    'mkdir -p /archive/deep /cache/deep; echo x > /archive/deep/file; chmod 0 /archive/deep; chown -R 12345 /secrets\n';

  it.runIf(process.getuid?.() === 0)('leaves nothing of a run, though its script was', async () => {
    chmodSync(inject('installation'), 0o755);
    const { endpoint } = await findEngine();
    const gid = 'socketPath' in endpoint ? statSync(endpoint.socketPath).gid : NOBODY;
    const world = await WorkerWorld.create(image.name, 1, { uid: NOBODY, gid });
    const run = world.queue(HOSTILE, { secrets: { token: 'x' }, 'persistent-volumes': { cache: '/cache' } });
    await world.worker('check');
    await run.until(({ complete }) => complete);
    expect(run.status).toBe('PASSED');
    expect(run.artifacts.get('deep/file')?.toString()).toBe('x\n');
    await world.cleared();
    expect(statSync(join(world.volume('cache'), 'deep')).uid).toBe(0);
    world.server.store.projects.clear();
    await world.worker('gc-volumes');
    expect(readdirSync(join(world.folder, 'volumes')).filter((name) => !name.startsWith('.'))).toEqual([]);
  });
});

describe('commands around the worker', () => {
  it('gc-volumes removes what the server has no project for, root-owned files included', async () => {
    const world = await WorkerWorld.create(image.name);
    world.queue('true\n');
    for (const name of ['acme/blinky/cache', 'gone/x/cache']) {
      mkdirSync(join(world.folder, 'volumes', name), { recursive: true });
      writeFileSync(join(world.folder, 'volumes', name, 'file'), 'x', { mode: 0 });
    }
    expect((await world.worker('gc-volumes', '--dryrun')).stdout).toBe('would remove gone\n');
    expect(await world.worker('gc-volumes', '--json')).toMatchObject({ status: 0, stderr: '' });
    expect(statSync(join(world.folder, 'volumes/acme/blinky/cache/file')).size).toBe(1);
    expect(() => statSync(join(world.folder, 'volumes/gone'))).toThrow();
    expect(world.server.worker('w1').events).toHaveLength(1);
  });

  it('cronwrap tells how a program ended, and upload sends what comes in', async () => {
    const world = await WorkerWorld.create(image.name);
    const program = join(world.folder, 'program');
    writeFileSync(program, '#!/bin/sh\necho output; exit 4\n', { mode: 0o755 });
    const wrapped = await world.worker('cronwrap', program);
    expect(wrapped).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('status 4') });
    expect(world.server.worker('w1').events).toEqual([expect.objectContaining({ type: 'error' })]);
    const sent = await jobserv(['worker', 'upload', '--folder', world.folder], { input: 'what happened\n' });
    expect(sent).toMatchObject({ status: 0, stdout: `Sent 14 bytes to ${world.server.url}.\n`, stderr: '' });
    const [log] = world.server.worker('w1').logs;
    expect(gunzipSync(log ?? '').toString()).toBe('what happened\n');
  });

  it.each(['check', 'loop', 'status', 'unregister', 'gc-volumes', 'upload'])(
    '%s in a folder without a worker ends with 2',
    async (command) => {
      const folder = emptyFolder();
      const { status, stdout, stderr } = await jobserv(['worker', command, '--folder', folder]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toBe(
        `Error: There is no worker in ${folder}: it holds no settings.conf. Go to the worker's folder, name it with --folder, or make a worker with "jobserv worker register".\n`,
      );
    },
  );

  it('a server that is not there ends a check with 3', async () => {
    const world = await WorkerWorld.create(image.name);
    await world.server.vanish();
    const { status, stderr } = await world.worker('check', '--log-format', 'json');
    expect(status).toBe(3);
    expect(stderr).toMatch(/^Error: Could not check in at .*$/m);
  });

  it('the log is JSON where that is wanted', async () => {
    const world = await WorkerWorld.create(image.name);
    const { stderr } = await world.worker('check', '--log-format', 'json');
    expect(JSON.parse(stderr)).toEqual({
      time: expect.any(String),
      level: 'info',
      message: 'Checked in',
      in_progress: 0,
    });
  });
});
