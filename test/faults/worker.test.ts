/** A worker's run through faults that last: servers away for minutes, slow or silent, and processes that stop (QUALITY section 2). */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { useImage, WorkerWorld } from '../e2e/worker-world.js';
import { containersOf } from '../support/containers-of.js';
import { expectWhole, numbered } from '../support/execute-on-server.js';
import type { LiveRun } from '../support/live-server/live-run.js';

const image = useImage();
const SECOND = 1_000;
/** A line every 10 ms or so, for about so many seconds. */
const lasting = (seconds: number) =>
  `i=0; while [ $i -lt ${seconds * 50} ]; do i=$((i+1)); echo "line $i"; sleep 0.015; done\n`;

async function started(script: string): Promise<{ world: WorkerWorld; run: LiveRun; pid: number }> {
  const world = await WorkerWorld.create(image.name);
  const run = world.queue(script.replace(/^#!.*\n/, ''), { timeout: 30 });
  await world.checkIn();
  await run.until(({ console }) => console.includes('line 1\n'));
  return { world, run, pid: (await world.inProgress()).pid };
}

async function whole(world: WorkerWorld, run: LiveRun, lines: number | undefined, status?: 'FAILED'): Promise<void> {
  await run.until(({ complete }) => complete);
  await world.cleared();
  await expectWhole({ run, folder: world.folder }, lines, status);
}

const MOST_MEMORY = 150 * 1024 * 1024;

/** The most memory that the run's process has resident until the run is complete, bytes. */
async function peakUntilEnd(run: LiveRun, pid: number): Promise<number> {
  let peak = 0;
  while (!run.complete && existsSync(`/proc/${pid}/status`)) {
    const [, kilobytes = '0'] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    peak = Math.max(peak, Number(kilobytes) * 1024);
    await sleep(200);
  }
  await run.until(({ complete }) => complete);
  return peak;
}

describe('row 1: a server that is away for', () => {
  it.each([5, 60, 600])('%d s', async (seconds) => {
    const { world, run } = await started(lasting(Math.min(90, seconds + 5)));
    await world.server.vanish();
    await sleep(seconds * SECOND);
    await world.server.comeBack();
    await whole(world, run, Math.min(90, seconds + 5) * 50);
  });
});

it('row 3: an answer that stalls for 20 s after the bytes were stored', async () => {
  const { world, run } = await started(lasting(20));
  const stalled = world.server.fault.next('console', 'stall-after-storing');
  await stalled.hit;
  await sleep(20 * SECOND);
  stalled.release();
  await whole(world, run, 1000);
});

it('row 7: a server that reads 10 KB/s: memory stays flat, and all of it arrives', async () => {
  const { world, run, pid } = await started(`${numbered(30_000)}`);
  const slow = world.server.fault.always('console', { bytesPerSecond: 10_000 });
  const peak = await peakUntilEnd(run, pid);
  slow.end();
  await whole(world, run, 30_000);
  expect(peak).toBeLessThan(MOST_MEMORY);
});

it('row 7: a line so slow that a megabyte takes longer than an answer may: a large artifact arrives', async () => {
  const { world, run } = await started('echo "line 1"; head -c 6000000 /dev/zero > /archive/large; sleep 1\n');
  world.server.fault.always('upload', { bytesPerSecond: 25_000 });
  await whole(world, run, 1);
  expect(run.artifacts.get('large')).toHaveLength(6_000_000);
  // The first try: no other was needed.
  expect(world.server.requests.filter(({ endpoint }) => endpoint === 'upload')).toHaveLength(1);
});

it('row 8: packets vanish: the timeouts fire, and the run goes on', async () => {
  const { world, run } = await started(lasting(10));
  const hole = world.server.fault.next('console', 'black-hole');
  await hole.hit;
  await whole(world, run, 500);
});

it('row 12: a cancel of a silent run is seen within 30 s', async () => {
  const { world, run } = await started('echo "line 1"; sleep 600\n');
  await sleep(3 * SECOND);
  run.cancel();
  await vi.waitFor(() => expect(containersOf(world.folder)).toEqual([]), { timeout: 31 * SECOND, interval: 500 });
  await whole(world, run, 1, 'FAILED');
});

it('row 16: time that runs out during the upload of a passed run', async () => {
  const world = await WorkerWorld.create(image.name);
  const held = world.server.fault.next('upload', 'stall-after-storing');
  const run = world.queue('echo "line 1"; echo x > /archive/x\n', { timeout: 1 });
  await world.checkIn();
  await held.hit;
  await sleep(65 * SECOND);
  held.release();
  await whole(world, run, 1);
});

it('row 20: a process that is stopped for 60 s', async () => {
  const { world, run, pid } = await started(lasting(30));
  process.kill(pid, 'SIGSTOP');
  await sleep(60 * SECOND);
  process.kill(pid, 'SIGCONT');
  await whole(world, run, 1500);
});

describe('row 25: memory stays flat', () => {
  it.each([
    ['1 GB of console', 1_000_000_000, `yes ${'x'.repeat(63)} | head -c 1000000000`],
    ['one line of 100 MB', 100_000_000, 'head -c 100000000 /dev/zero | tr "\\0" x; echo'],
  ])('with %s, and a server that takes it slowly at first', async (_, bytes, flood) => {
    const { world, run, pid } = await started(`echo "line 1"; ${flood}; sleep 1\n`);
    const slow = world.server.fault.times(20, 'console', { bytesPerSecond: 1_000_000 });
    const peak = await peakUntilEnd(run, pid);
    slow.end();
    expect(run.console.length).toBeGreaterThan(bytes);
    expect(peak).toBeLessThan(MOST_MEMORY);
    await world.cleared();
  });
});

it('row 28: no file descriptors left while artifacts are uploaded: the run ends all the same', async () => {
  const { world, run, pid } = await started(
    'echo "line 1"; for i in $(seq 400); do echo $i > /archive/f$i; done; sleep 3\n',
  );
  const open = Number(execFileSync('sh', ['-c', `ls /proc/${pid}/fd | wc -l`], { encoding: 'utf8' }));
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${open + 3}:${open + 3}`]);
  await run.until(({ complete }) => complete);
  // A process that could not even remove its folder leaves that to the next one.
  await world.checkIn();
  await world.cleared();
  expect(run.statuses.filter((status) => status === 'PASSED' || status === 'FAILED')).toHaveLength(1);
  if (run.status === 'PASSED') expect(run.artifacts.size).toBe(401);
  else expect(run.console.toString()).toMatch(/The run has FAILED \((?:artifacts|lost|setup)\)/);
});
