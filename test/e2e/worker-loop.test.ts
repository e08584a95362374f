/** The loop and the processes of its runs: stopped, killed, and gone on with (QUALITY rows 10, 18, 19, 42). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { makeRunFolder, type WorkerStatus } from '../../src/worker/index.js';
import { containersOf } from '../support/containers-of.js';
import type { LiveRun } from '../support/live-server/live-run.js';
import { worldWith } from './definition.js';
import { jobserv } from './jobserv.js';
import { kill, linesOf, useImage, WorkerWorld } from './worker-world.js';

const image = useImage();

/** A run that was held, and ended well: every line there once, in order, and one final status. */
async function expectWhole(world: WorkerWorld, run: LiveRun): Promise<void> {
  await run.until(({ complete }) => complete);
  const lines = linesOf(run);
  expect(lines).toEqual(lines.map((_, index) => index + 1));
  expect(run.console.toString().match(/^over$/gm)).toHaveLength(1);
  expect(run.statuses.filter((status) => status === 'PASSED' || status === 'FAILED')).toEqual(['PASSED']);
  await world.cleared();
  expect(containersOf(world.folder)).toEqual([]);
}

describe('SIGTERM of the loop', () => {
  it('ends it when the runs in progress have ended, and begins no other', async () => {
    const world = await WorkerWorld.create(image.name);
    const { run, begun, release } = world.queueHeld();
    const loop = world.loop();
    await begun;
    loop.process.kill('SIGTERM');
    await loop.says('waiting for those in progress');
    const waiting = world.queue('true\n', {}, { name: 'waits' });
    const before = world.server.worker('w1').checkIns.length;
    await vi.waitFor(() => expect(world.server.worker('w1').checkIns.length).toBeGreaterThan(before), 60_000);
    expect(world.server.worker('w1').checkIns.at(-1)).toMatchObject({ available_runners: '0' });
    release();
    expect((await loop.ended).status).toBe(0);
    expect(run.status).toBe('PASSED');
    expect(waiting.status).toBe('QUEUED');
    await expectWhole(world, run);
  });

  it('with --no-drain ends it at once, and the runs go on', async () => {
    const world = await WorkerWorld.create(image.name);
    const { run, begun, release } = world.queueHeld();
    const loop = world.loop('--no-drain');
    await begun;
    const exited = new Promise((resolve) => loop.process.on('exit', resolve));
    loop.process.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(run.complete).toBe(false);
    release();
    await expectWhole(world, run);
  });
});

describe('a server that hands out what is no run', () => {
  const deep = '['.repeat(1_000_000);
  const url = (address: string) =>
    JSON.stringify({ run_url: address, api_key: 'k', project: 'p', timeout: 5, env: {} });

  it('keeps the loop from nothing: a run in progress goes on, and the next ones are executed', async () => {
    const world = await WorkerWorld.create(image.name, 3);
    const { run, begun, release } = world.queueHeld();
    const loop = world.loop();
    await begun;
    const strays = [
      'null',
      '"x"',
      '{}',
      deep,
      `{"run_url": ${deep}`,
      url('file:///etc/passwd'),
      url('ftp://x/y'),
      url('x'),
    ];
    // Nobody listens there; and what is no run definition, at the address of a run that is none.
    strays.push(
      url('http://127.0.0.1:1/projects/p/builds/1/runs/r/'),
      url(`${world.server.url}/projects/p/builds/1/runs/r/`),
    );
    world.server.store.strays.push(...strays);
    const next = world.queue('echo hello\n', {}, { name: 'next' });
    await next.until(({ complete }) => complete);
    expect(next.status).toBe('PASSED');
    expect(loop.process.exitCode).toBeNull();
    release();
    await run.until(({ complete }) => complete);
    expect(run.status).toBe('PASSED');
    const lines = linesOf(run);
    expect(lines).toEqual(lines.map((_, index) => index + 1));
  });
});

it('a worker, a simulation and prune of one user leave each other alone', async () => {
  const world = await WorkerWorld.create(image.name);
  const { run, begun, release } = world.queueHeld();
  world.loop();
  await begun;
  const home = await worldWith({ short: '#!/bin/sh\necho short\n' });
  expect((await jobserv(['simulate', 'short'], home)).status).toBe(0);
  const pruned = await jobserv(['prune', '--volumes', '--json'], home);
  expect(JSON.parse(pruned.stdout)).toMatchObject({ containers: [], inUse: [] });
  release();
  await expectWhole(world, run);
});

describe('kill -9', () => {
  it('of the loop: the run goes on, and the next loop counts it and does not begin it again', async () => {
    const world = await WorkerWorld.create(image.name, 1);
    const { run, begun, release } = world.queueHeld();
    const loop = world.loop();
    await begun;
    await kill(loop.process);
    const { pid } = await world.inProgress();
    const before = world.server.worker('w1').checkIns.length;
    world.loop('--no-drain');
    await vi.waitFor(() => expect(world.server.worker('w1').checkIns.length).toBeGreaterThan(before + 1), 60_000);
    expect(world.server.worker('w1').checkIns.slice(before)).toEqual(
      world.server
        .worker('w1')
        .checkIns.slice(before)
        .map((checkIn) => ({ ...checkIn, available_runners: '0' })),
    );
    expect(await world.inProgress()).toMatchObject({ pid, starts: 1 });
    release();
    await expectWhole(world, run);
  });

  it('of the process of a run: another one continues its container, and nothing is lost or repeated', async () => {
    const world = await WorkerWorld.create(image.name);
    const { run, begun, release } = world.queueHeld();
    const loop = world.loop('--no-drain');
    await begun;
    const killed = await world.inProgress();
    process.kill(killed.pid, 'SIGKILL');
    await loop.says('another one continues it');
    await vi.waitFor(
      async () => expect(await world.inProgress()).toMatchObject({ starts: 2, phase: 'script' }),
      60_000,
    );
    const now = await world.inProgress();
    expect(now.pid).not.toBe(killed.pid);
    expect(now.container).toBe(killed.container);
    const sent = linesOf(run).length;
    await run.until((one) => linesOf(one).length > sent + 5);
    release();
    await expectWhole(world, run);
  });

  it('of both: a check-in is enough', async () => {
    const world = await WorkerWorld.create(image.name);
    const { run, begun, release } = world.queueHeld();
    const loop = world.loop();
    await begun;
    const { pid } = await world.inProgress();
    await kill(loop.process);
    process.kill(pid, 'SIGKILL');
    release();
    expect(await world.checkIn()).toBe(0);
    await expectWhole(world, run);
  });
});

describe('queued runs', () => {
  const held = (world: WorkerWorld, count: number) =>
    Array.from({ length: count }, (_, index) => world.queueHeld({ name: `run-${index}` }));

  it('fill the free slots in their order, at the usual interval, and are all in progress at once', async () => {
    const world = await WorkerWorld.create(image.name, 4);
    const runs = held(world, 4);
    world.loopAsItIs('--no-drain');
    await Promise.all(runs.map(({ begun }) => begun));
    expect(runs.map(({ run }) => run.complete)).toEqual([false, false, false, false]);
    const asked = world.server.worker('w1').checkIns.map(({ available_runners }) => available_runners);
    expect(asked.slice(0, 4)).toEqual(['4', '3', '2', '1']);
    const shown: WorkerStatus = JSON.parse((await world.worker('status', '--json')).stdout);
    expect(shown.runs.map(({ runUrl }) => runUrl)).toEqual(runs.map(({ run }) => run.url));
    expect(shown.runs.map(({ pid }) => pid)).toEqual((await world.shown()).map(({ pid }) => pid));
    world.release();
    for (const { run } of runs) await expectWhole(world, run);
  });

  it('are shared by two loops', async () => {
    const world = await WorkerWorld.create(image.name, 8);
    const other = await WorkerWorld.create(image.name, 8, undefined, world);
    const runs = held(world, 8);
    for (const one of [world, other]) one.loopAsItIs('--no-drain');
    await Promise.all(runs.map(({ begun }) => begun));
    const shares = await Promise.all([world, other].map(async (one) => (await one.shown()).length));
    expect(shares[0] ?? 0).toBeGreaterThan(0);
    expect(shares[1] ?? 0).toBeGreaterThan(0);
    expect((shares[0] ?? 0) + (shares[1] ?? 0)).toBe(8);
    world.release();
    other.release();
    for (const { run } of runs) await run.until(({ complete }) => complete);
    expect(runs.map(({ run }) => run.status)).toEqual(runs.map(() => 'PASSED'));
    for (const one of [world, other]) await one.cleared();
  });
});

describe('a reboot of the host that nobody asked for', () => {
  it('has the run reported FAILED at the first check-in after it, and its container removed', async () => {
    const world = await WorkerWorld.create(image.name);
    const { run, begun } = world.queueHeld();
    await world.checkIn();
    await begun;
    const { pid } = await world.inProgress();
    process.kill(pid, 'SIGKILL');
    world.pretendReboot();
    await world.checkIn();
    await run.until(({ complete }) => complete);
    expect(run.status).toBe('FAILED');
    expect(run.console.toString()).toMatch(/The run has FAILED \(lost\): .*went down/);
    await world.cleared();
    expect(containersOf(world.folder)).toEqual([]);
  });
});

describe('a reboot that the run asked for', () => {
  it('lets nothing else begin before it, and has the run go on after it', async () => {
    const world = await WorkerWorld.create(image.name);
    const asked = join(world.folder, 'asked');
    const tool = join(world.folder, 'reboot');
    writeFileSync(tool, `#!/bin/sh\necho asked >> ${asked}\n`, { mode: 0o755 });
    const said = join(world.folder, 'said');
    const callback = join(world.folder, 'callback');
    writeFileSync(callback, `#!/bin/sh\n[ $BUILD = 1 ] && echo $ACTION >> ${said}\ntrue\n`, { mode: 0o755 });
    const more = `callback_script = ${callback}\n\n[tools]\nreboot = ${tool}\n`;
    writeFileSync(join(world.folder, 'settings.conf'), more, { flag: 'a' });
    const next = '#!/bin/sh\\necho "after the boot: $(cat /archive/kept)"\\n';
    const run = world.queue(`echo before > /archive/kept; printf '${next}' > /archive/execute-on-reboot\n`);
    const loop = world.loop();
    await vi.waitFor(() => expect(readFileSync(asked, 'utf8')).toBe('asked\n'), 60_000);
    await loop.says('about to reboot');
    const checkIns = world.server.worker('w1').checkIns.length;
    const waiting = world.queue('true\n', {}, { name: 'waits' });
    const [waits] = await world.shown();
    expect(waits).toMatchObject({ runUrl: run.url, phase: 'reboot' });
    // The machine goes down.
    await kill(loop.process);
    expect(world.server.worker('w1').checkIns).toHaveLength(checkIns);
    process.kill(waits?.pid ?? 0, 'SIGKILL');
    world.pretendReboot();
    await world.checkIn();
    await run.until(({ complete }) => complete);
    expect(run.status).toBe('PASSED');
    expect(run.console.toString()).toContain('\nafter the boot: before\n');
    expect(readFileSync(asked, 'utf8')).toBe('asked\n');
    await waiting.until(({ complete }) => complete);
    await world.cleared();
    // A board may have gone off with the machine.
    expect(readFileSync(said, 'utf8')).toBe('RUN_START\nRUN_START\nRUN_COMPLETE\n');
    expect(existsSync(join(world.folder, 'rebooted-run'))).toBe(false);
  });
});

describe('a run that is handed out', () => {
  it('in an answer that comes after it was queued again, and again in the next: is executed once', async () => {
    const world = await WorkerWorld.create(image.name);
    const run = world.queue('echo x >> /count/times\n', { 'persistent-volumes': { count: '/count' } });
    const late = world.server.fault.next('check-in', 'stall-after-storing');
    const loop = world.loop('--no-drain');
    await late.hit;
    // What the server's monitor does with a run that nobody acknowledges.
    run.setStatus('QUEUED');
    late.release();
    await run.until(({ complete }) => complete);
    await world.cleared();
    expect(readFileSync(join(world.volume('count'), 'times'), 'utf8')).toBe('x\n');
    expect(run.statuses.filter((status) => status === 'PASSED')).toHaveLength(1);
    await kill(loop.process);
  });

  it('is executed by one of the processes that are started for it', async () => {
    const world = await WorkerWorld.create(image.name);
    const { server, folder } = world;
    const fields = { script: '#!/bin/sh\necho x >> /count/times\n', 'persistent-volumes': { count: '/count' } };
    const run = server.addRun({ ...fields, container: image.name });
    const rundef = JSON.stringify(server.store.handedOut(run, server.url));
    const made = (await makeRunFolder(folder, run.url, rundef, new Date())) ?? '';
    const ended = await Promise.all([1, 2, 3].map(() => jobserv(['worker', 'run-one', made])));
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(run.statuses).toEqual(['RUNNING', 'UPLOADING', 'PASSED']);
    expect(readFileSync(join(world.volume('count'), 'times'), 'utf8')).toBe('x\n');
    expect(world.runFolders()).toEqual([]);
  });

  it('and lies on the disk unbegun, as after a loss of power: is begun, unless it is somebody else’s by now', async () => {
    const world = await WorkerWorld.create(image.name);
    const { server, folder } = world;
    const taken = new Date(Date.now() - 60_000);
    const runs = ['w1', 'w2'].map((worker) => {
      const run = server.addRun(
        { script: '#!/bin/sh\necho executed\n', container: image.name },
        { name: worker, worker },
      );
      return {
        run,
        made: makeRunFolder(folder, run.url, JSON.stringify(server.store.handedOut(run, server.url)), taken),
      };
    });
    await Promise.all(runs.map(({ made }) => made));
    await world.checkIn();
    const [mine, others] = runs.map(({ run }) => run);
    await mine?.until(({ complete }) => complete);
    await world.cleared();
    expect(mine?.console.toString()).toContain('\nexecuted\n');
    expect(others).toMatchObject({ status: 'RUNNING', acknowledged: false });
  });
});
