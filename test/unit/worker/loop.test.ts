import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { takeFileLock } from '../../../src/lib/index.js';
import {
  type LoopOptions,
  listRuns,
  loop,
  loopProcess,
  makeRunFolder,
  takeRunLock,
} from '../../../src/worker/index.js';
import { fakeServer, sendJson } from '../server/fake-server.js';
import { keptLog, rundefText, runUrl, workerFolder } from './folder.js';

/** Seconds: no test waits for it, but for what comes of it. */
const SOON = 0.01;
/** Milliseconds, for what comes at once but on a machine that is busy. */
const PATIENCE = 15_000;

interface World extends Partial<LoopOptions> {
  settings?: string;
  failing?: boolean;
  /** Names of queued runs; the server hands out one a check-in, while it is told of a free slot. */
  queue?: string[];
}

async function loopAt(options: World = {}) {
  const { settings = '', failing = false, queue = [], ...more } = options;
  const times: number[] = [];
  const { url, asked } = await fakeServer((one, response) => {
    if (failing && one.method === 'GET') return sendJson(response, { status: 'error', message: 'down' }, 500);
    const free = Number(/available_runners=(\d+)/.exec(one.url)?.[1] ?? 0);
    if (one.url.includes('available_runners')) times.push(performance.now());
    const next = free > 0 ? queue.shift() : undefined;
    const runs = next === undefined ? {} : { 'run-defs': [rundefText(runUrl(next, url))] };
    sendJson(response, { status: 'success', data: { worker: { enlisted: true, version: '1', ...runs } } });
  });
  const folder = workerFolder(url, settings);
  const [stop, leave] = [new AbortController(), new AbortController()];
  const { log, lines } = keptLog();
  const processes = { start: () => {}, running: new Set<string>(), ends: () => new AbortController().signal };
  const signals = { stop: stop.signal, leave: leave.signal };
  const start = () => {
    const ended = loop({ folder, log, processes, every: SOON, ...signals, ...more });
    onTestFinished(async () => {
      stop.abort();
      leave.abort();
      await ended.catch(() => {});
    });
    return ended;
  };
  const checkIns = () =>
    asked.filter(({ method }) => method === 'GET').map(({ url: path }) => /available_runners=(\d+)/.exec(path)?.[1]);
  return { url, asked, folder, stop, leave, lines, start, checkIns, times };
}

/** A run in progress, whose process is this one. */
async function runIn(folder: string, name = 'unit') {
  const run = (await makeRunFolder(folder, runUrl(name), rundefText(runUrl(name)), new Date())) ?? '';
  const lock = await takeRunLock(run);
  const end = async () => {
    rmSync(run, { recursive: true, force: true });
    await lock?.release();
  };
  onTestFinished(end);
  return { end };
}

const script = (folder: string, text: string): string => {
  const path = join(folder, 'program');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
};

const linesOf = (path: string): string[] => {
  try {
    return readFileSync(path, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};

describe('the loop', () => {
  test('checks in again and again until it is stopped', async () => {
    const { start, stop, checkIns } = await loopAt();
    const ended = start();
    await vi.waitFor(() => expect(checkIns().length).toBeGreaterThan(2), PATIENCE);
    stop.abort();
    await ended;
  });

  test('goes on when the server fails', async () => {
    const { start, checkIns, lines } = await loopAt({ failing: true });
    void start();
    await vi.waitFor(() => expect(checkIns().length).toBeGreaterThan(2), PATIENCE);
    expect(lines.join('')).toMatch(/ERROR .*check in/);
  });

  test('does not start without a worker', async () => {
    const { start, folder } = await loopAt();
    rmSync(join(folder, 'settings.conf'));
    await expect(start()).rejects.toThrow(/There is no worker/);
  });

  test('runs once in a folder', async () => {
    const { start, folder } = await loopAt();
    void start();
    await vi.waitFor(async () => expect(await loopProcess(folder)).toBe(process.pid), PATIENCE);
    await expect(start()).rejects.toThrow(`A worker runs in ${folder} already, process ${process.pid}.`);
  });

  test('does not run in a folder where the reference worker does', async () => {
    const { start, folder, asked } = await loopAt();
    const lock = await takeFileLock(join(folder, '.worker-lock'));
    await expect(start()).rejects.toThrow(/A worker runs in .* already\. Stop it first/);
    expect(asked).toEqual([]);
    await lock?.release();
  });

  test('takes settings that change while it runs, and keeps the last good ones', async () => {
    const { start, folder, asked, lines } = await loopAt();
    void start();
    const path = join(folder, 'settings.conf');
    const before = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      before
        .replace('concurrent_runs = 2', 'concurrent_runs = 5')
        .replace('host_api_key = a#b;c', 'host_api_key = new'),
    );
    await vi.waitFor(() => expect(asked.at(-1)?.url).toContain('available_runners=5'), PATIENCE);
    expect(asked.at(-1)?.headers['authorization']).toMatch(/^Token new/);
    writeFileSync(path, 'broken');
    await vi.waitFor(() => expect(lines.join('')).toMatch(/ERROR .*settings\.conf/), PATIENCE);
    const count = asked.length;
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(count + 1), PATIENCE);
    expect(asked.at(-1)?.url).toContain('available_runners=5');
  });

  test('leaves the check-in to the worker-wrapper of the settings', async () => {
    const { folder, start, asked } = await loopAt();
    const wrapper = script(folder, `echo "$1 $JOBSERV_WORKER_FOLDER $PWD" >> '${folder}/calls'`);
    writeFileSync(
      join(folder, 'settings.conf'),
      `${readFileSync(join(folder, 'settings.conf'), 'utf8')}\n[tools]\nworker-wrapper = ${wrapper}\n`,
    );
    void start();
    await vi.waitFor(() => expect(linesOf(join(folder, 'calls')).length).toBeGreaterThan(1), PATIENCE);
    expect(linesOf(join(folder, 'calls'))[0]).toBe(`check ${folder} ${folder}`);
    expect(asked).toEqual([]);
  });
});

describe('a worker with free slots', () => {
  const slots = (folder: string, count: number) => {
    const path = join(folder, 'settings.conf');
    writeFileSync(path, readFileSync(path, 'utf8').replace('concurrent_runs = 2', `concurrent_runs = ${count}`));
  };
  const begun = async (folder: string) => (await listRuns(folder)).length;

  test('fills them at the usual interval, and never asks more than once a second', async () => {
    const world = await loopAt({ every: 20, queue: ['a', 'b', 'c', 'd'] });
    slots(world.folder, 4);
    void world.start();
    await vi.waitFor(async () => expect(await begun(world.folder)).toBe(4), PATIENCE);
    const gaps = world.times.slice(1).map((time, index) => time - (world.times[index] ?? 0));
    expect(gaps).toHaveLength(3);
    expect(Math.min(...gaps)).toBeGreaterThan(990);
  });

  test('leaves another worker its share of the queue', async () => {
    const queue = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const worlds = [await loopAt({ every: 20, queue }), await loopAt({ every: 20, queue })];
    for (const { folder } of worlds) slots(folder, 8);
    for (const { start } of worlds) void start();
    await vi.waitFor(() => expect(queue).toEqual([]), PATIENCE);
    for (const { folder } of worlds) expect(await begun(folder)).toBeGreaterThanOrEqual(2);
  });

  test.each([-3, 3])('is not put off, hurried or locked out by a clock that jumps by %i h', async (hours) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    onTestFinished(() => void vi.useRealTimers());
    const world = await loopAt({ every: 1.5 });
    void world.start();
    await vi.waitFor(() => expect(world.times).toHaveLength(1), PATIENCE);
    vi.setSystemTime(Date.now() + hours * 3_600_000);
    await vi.waitFor(() => expect(world.times).toHaveLength(3), PATIENCE);
    const gaps = world.times.slice(1).map((time, index) => time - (world.times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(1_490);
    expect(await loopProcess(world.folder)).toBe(process.pid);
    await expect(world.start()).rejects.toThrow('A worker runs in');
  });

  test('asks again about a second after a run has ended', async () => {
    const end = new AbortController();
    const processes = { start: () => {}, running: new Set<string>(), ends: () => end.signal };
    const { start, times } = await loopAt({ every: 20, processes });
    void start();
    await vi.waitFor(() => expect(times).toHaveLength(1), PATIENCE);
    end.abort();
    await vi.waitFor(() => expect(times).toHaveLength(2), PATIENCE);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(990);
  });

  test('keeps to its interval when it only takes surges', async () => {
    const { start, times, folder } = await loopAt({ every: 2.5, queue: ['a', 'b'] });
    const path = join(folder, 'settings.conf');
    writeFileSync(path, readFileSync(path, 'utf8').replace('surges_only = 0', 'surges_only = 1'));
    void start();
    await vi.waitFor(() => expect(times).toHaveLength(2), PATIENCE);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(2_490);
  });
});

describe('a loop that is stopped', () => {
  test('takes no runs any more, and ends with those in progress', async () => {
    const { start, stop, folder, checkIns, lines } = await loopAt();
    const run = await runIn(folder);
    const ended = start();
    await vi.waitFor(() => expect(checkIns()).toContain('1'), PATIENCE);
    stop.abort();
    await vi.waitFor(() => expect(checkIns()).toContain('0'), PATIENCE);
    expect(lines.join('')).toMatch(/waiting for those in progress in_progress=1/);
    await run.end();
    await ended;
  });

  test('waits for nothing when it is to leave', async () => {
    const { start, stop, leave, folder, checkIns } = await loopAt();
    await runIn(folder);
    const ended = start();
    await vi.waitFor(() => expect(checkIns()).not.toEqual([]), PATIENCE);
    stop.abort();
    leave.abort();
    await ended;
  });
});

describe('an idle worker', () => {
  test('runs its idle command, again and again', async () => {
    const world = await loopAt();
    const command = script(world.folder, `echo idle >> '${world.folder}/calls'; exit 1`);
    const again = await loopAt({ idle: { command, threshold: 0 } });
    void again.start();
    await vi.waitFor(() => expect(linesOf(join(world.folder, 'calls')).length).toBeGreaterThan(1), PATIENCE);
    expect(again.lines.join('')).toMatch(/ERROR .*idle command .*status=1/);
  });

  test('that has a run is not idle', async () => {
    const world = await loopAt();
    const command = script(world.folder, `echo idle >> '${world.folder}/calls'`);
    const busy = await loopAt({ idle: { command, threshold: 0 } });
    await runIn(busy.folder);
    void busy.start();
    await vi.waitFor(() => expect(busy.checkIns().length).toBeGreaterThan(3), PATIENCE);
    expect(linesOf(join(world.folder, 'calls'))).toEqual([]);
  });
});

describe('a worker whose token is about to expire', () => {
  test('unregisters, waits for its runs, runs the idle command, and ends', async () => {
    const world = await loopAt();
    const command = script(world.folder, `echo idle >> '${world.folder}/calls'`);
    const token = `jwt = a.b.c\njwt-exp = ${Date.now() / 1000 + 0.015}\n`;
    const { start, folder, asked, lines } = await loopAt({ settings: token, idle: { command, threshold: 1000 } });
    const run = await runIn(folder);
    const ended = start();
    await vi.waitFor(() => expect(lines.join('')).toMatch(/waiting for those in progress/), PATIENCE);
    expect(asked.map(({ method }) => method)).toContain('DELETE');
    expect(linesOf(join(world.folder, 'calls'))).toEqual([]);
    await run.end();
    await ended;
    expect(linesOf(join(world.folder, 'calls'))).toEqual(['idle']);
    expect(asked.findLast(({ method }) => method === 'GET')).toBe(
      asked[asked.findIndex(({ method }) => method === 'DELETE') - 1],
    );
  });
});
