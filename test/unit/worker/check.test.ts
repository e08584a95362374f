import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { takeFileLock } from '../../../src/lib/index.js';
import { ServerFailure, WorkerClient } from '../../../src/server/index.js';
import {
  check,
  hostLoad,
  listRuns,
  makeRunFolder,
  type RunOneOptions,
  readSettings,
  runFolderName,
} from '../../../src/worker/index.js';
import { type Asked, fakeServer, sendHtml, sendJson } from '../server/fake-server.js';
import { keptLog, rundefText, runUrl, workerFolder } from './folder.js';

interface ServerOptions {
  /** For each check-in, one after the other: names of runs, or texts that are no run definition. */
  handsOut?: string[][];
  enlisted?: boolean;
  /** What it says of a run. */
  run?: { status: string; worker_name: string };
  /** Is told of a check-in before it is answered. */
  onCheckIn?: () => void;
  /** A check-in is answered with 500. */
  failing?: boolean;
  /** The status of the answer to what is said of a run. */
  onPost?: number;
}

async function worldWith({
  handsOut = [],
  enlisted = true,
  run,
  onCheckIn,
  failing = false,
  onPost = 200,
}: ServerOptions = {}) {
  const worker = (response: ServerResponse) => {
    const runs = handsOut
      .shift()
      ?.map((one) => (/^\w+$/.test(one) && one !== 'null' ? rundefText(runUrl(one, url)) : one));
    sendJson(response, {
      status: 'success',
      data: { worker: { enlisted, version: '1', ...(runs === undefined ? {} : { 'run-defs': runs }) } },
    });
  };
  const { url, asked } = await fakeServer((one, response) => {
    if (one.method === 'POST') return sendJson(response, { status: 'success', data: {} }, onPost);
    if (one.method !== 'GET') return sendJson(response, { status: 'success', data: {} });
    if (one.url.startsWith('/projects/')) {
      return sendJson(
        response,
        { status: 'success', data: { run: { name: 'r', ...run } } },
        run === undefined ? 404 : 200,
      );
    }
    onCheckIn?.();
    if (failing) sendJson(response, { status: 'error', message: 'no' }, 500);
    else worker(response);
  });
  const folder = workerFolder(url);
  const settings = await readSettings(folder);
  const server = new WorkerClient(settings);
  onTestFinished(() => server.close());
  const started: [string, RunOneOptions][] = [];
  const processes = {
    start: (at: string, why: RunOneOptions) => started.push([basename(at), why]),
    running: new Set<string>(),
    ends: () => new AbortController().signal,
  };
  const { log, lines } = keptLog();
  const checkIn = (options: { takeRuns?: boolean } = {}) => check({ settings, server, log, processes, ...options });
  return { url, asked, folder, started, lines, checkIn };
}

const freeSlots = (asked: Asked[]): (string | null)[] =>
  asked
    .filter(({ method, url }) => method === 'GET' && url.startsWith('/workers/'))
    .map(({ url }) => new URL(url, 'http://x').searchParams.get('available_runners'));

describe('a check-in', () => {
  test('says with the worker’s key what the host has free', async () => {
    const { asked, checkIn } = await worldWith();
    await checkIn();
    const one = asked.find(({ method }) => method === 'GET');
    expect(one?.headers['authorization']).toBe('Token a#b;c!@$^&*~');
    const query = Object.fromEntries(new URL(one?.url ?? '', 'http://x').searchParams);
    expect(Object.keys(query)).toEqual([
      'available_runners',
      'mem_free',
      'disk_free',
      'load_avg_1',
      'load_avg_5',
      'load_avg_15',
    ]);
    expect(query['available_runners']).toBe('2');
    expect(Number(query['mem_free'])).toBeGreaterThan(1024 * 1024);
    expect(Number(query['disk_free'])).toBeGreaterThan(1024 * 1024);
  });

  test('sends the host’s properties when they are new, and when they change', async () => {
    const { asked, folder, checkIn } = await worldWith();
    await checkIn();
    await checkIn();
    const patches = () =>
      asked.filter(({ method }) => method === 'PATCH').map(({ body }) => JSON.parse(body.toString()));
    expect(patches()).toHaveLength(1);
    expect(patches()[0]).toMatchObject({ name: 'w1', host_tags: 'amd64,kvm', concurrent_runs: 2, surges_only: false });
    const cache = join(folder, 'hostprops.cache');
    expect(statSync(cache).mode & 0o777).toBe(0o600);
    writeFileSync(cache, readFileSync(cache, 'utf8').replace('amd64,kvm', 'amd64'));
    await checkIn();
    expect(patches()).toHaveLength(2);
  });

  test('begins the run that it is given, with its definition on the disk', async () => {
    const { url, folder, asked, started, checkIn } = await worldWith({ handsOut: [['unit']] });
    const run = runUrl('unit', url);
    expect(await checkIn()).toMatchObject({ inProgress: 1 });
    expect(started).toEqual([[runFolderName(run), {}]]);
    expect(readFileSync(join(folder, 'runs', runFolderName(run), 'rundef.json'), 'utf8')).toBe(rundefText(run));
    // The server hears of it before there is a process, which may take its time.
    const { method, url: path, headers, body } = asked.at(-1) ?? {};
    expect({ method, path, key: headers?.['authorization'], status: headers?.['x-run-status'], body }).toEqual({
      method: 'POST',
      path: new URL(run).pathname,
      key: 'Token k',
      status: undefined,
      body: Buffer.alloc(0),
    });
  });

  test('begins no run of which the server cannot be told: it may give it to somebody else', async () => {
    const { folder, started, lines, checkIn } = await worldWith({ handsOut: [['unit']], onPost: 503 });
    expect(await checkIn()).toMatchObject({ inProgress: 1 });
    expect(started).toEqual([]);
    expect(await listRuns(folder)).toHaveLength(1);
    expect(lines.join('')).toMatch(/WARNING A run waits for its server/);
  });

  test('drops a run of which the server does not want to hear', async () => {
    const { folder, started, checkIn } = await worldWith({ handsOut: [['unit']], onPost: 404 });
    expect(await checkIn()).toMatchObject({ inProgress: 0 });
    expect(started).toEqual([]);
    expect(await listRuns(folder)).toEqual([]);
  });

  test('begins the others of several runs when one cannot be begun', async () => {
    const { url, folder, started, checkIn } = await worldWith({ handsOut: [['one', 'other']] });
    mkdirSync(join(folder, 'runs'), { recursive: true });
    // Its name is taken by what is no folder.
    writeFileSync(join(folder, 'runs', runFolderName(runUrl('one', url))), '');
    await expect(checkIn()).rejects.toThrow(/cannot begin/);
    expect(started).toContainEqual([runFolderName(runUrl('other', url)), {}]);
    expect(readdirSync(join(folder, 'runs')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('closes the files with the key, which a reference worker left open', async () => {
    const { folder, checkIn } = await worldWith();
    const files = ['settings.conf', 'hostprops.cache'].map((name) => join(folder, name));
    for (const file of files) writeFileSync(file, '', { flag: 'a' });
    for (const file of files) chmodSync(file, 0o644);
    await checkIn();
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('counts a slot for each folder that is there, and none below zero', async () => {
    const { url, asked, folder, checkIn } = await worldWith();
    for (const run of ['a', 'b', 'c'].map((name) => runUrl(name, url))) {
      await checkIn();
      await makeRunFolder(folder, run, rundefText(run), new Date());
    }
    expect(await checkIn()).toMatchObject({ inProgress: 3 });
    expect(freeSlots(asked)).toEqual(['2', '1', '0', '0']);
  });

  test('of a worker that takes no runs any more says so', async () => {
    const { asked, checkIn } = await worldWith();
    await checkIn({ takeRuns: false });
    expect(freeSlots(asked)).toEqual(['0']);
  });

  test('begins a run once that is handed out twice', async () => {
    const { started, lines, checkIn } = await worldWith({ handsOut: [['unit', 'unit'], ['unit']] });
    await checkIn();
    expect(started).toHaveLength(1);
    // The run's process is what the first one started; a fake one takes no lock.
    await checkIn();
    expect(lines.filter((line) => line.includes('not begun again'))).toHaveLength(2);
  });

  test('leaves alone what has no address to report to, says so once, and takes the next run', async () => {
    const bad = [
      '{}',
      '[',
      'null',
      '{"run_url": "../x"}',
      '{"run_url": "file:///etc/passwd"}',
      '{"run_url": "ftp://h/"}',
      // The pattern for a run's name needed hours for it.
      `{"run_url": "http://h/${'projects/'.repeat(100_000)}"}`,
    ];
    const nested = `{"run_url": "http://h/", "x": ${'['.repeat(1e6)}${']'.repeat(1e6)}}`;
    const { url, folder, started, lines, checkIn } = await worldWith({
      handsOut: [[...bad, nested], bad, [...bad, 'unit']],
    });
    expect(await checkIn()).toEqual({ inProgress: 0, handedOut: true });
    expect(await checkIn()).toEqual({ inProgress: 0, handedOut: true });
    expect(started).toEqual([]);
    expect(await listRuns(folder)).toEqual([]);
    expect(lines.filter((line) => line.includes('ERROR'))).toHaveLength(bad.length + 1);
    expect(await checkIn()).toEqual({ inProgress: 1, handedOut: true });
    expect(started).toEqual([[runFolderName(runUrl('unit', url)), {}]]);
  });

  test('takes of 10,000 runs as many as there are slots, in order', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `run${index}`);
    const { url, asked, started, lines, checkIn } = await worldWith({ handsOut: [names] });
    expect(await checkIn()).toEqual({ inProgress: 2, handedOut: true });
    expect(started).toEqual(['run0', 'run1'].map((name) => [runFolderName(runUrl(name, url)), {}]));
    expect(asked.filter(({ method }) => method === 'POST')).toHaveLength(2);
    expect(lines.join('')).toMatch(/WARNING .*more runs than there are free slots.* handed_out=10000 free=2/);
  });

  test('comes also while a run in progress has an address that nobody can call', async () => {
    const { asked, folder, checkIn } = await worldWith();
    await makeRunFolder(folder, 'file:///x', rundefText('file:///x'), new Date());
    expect(await checkIn()).toEqual({ inProgress: 0, handedOut: false });
    expect(freeSlots(asked)).toEqual(['2']);
    expect(await listRuns(folder)).toEqual([]);
  });

  test('tells that nobody has enlisted the worker', async () => {
    const { lines, checkIn } = await worldWith({ enlisted: false });
    await checkIn();
    expect(lines.join('')).toMatch(/WARNING .*enlisted/);
  });

  test('is made by one at a time', async () => {
    const { asked, folder, checkIn } = await worldWith();
    const lock = await takeFileLock(join(folder, '.check-lock'));
    expect(await checkIn()).toEqual({ inProgress: 0, handedOut: false, skipped: 'busy' });
    expect(asked).toEqual([]);
    await lock?.release();
  });

  test('gives runs without a process theirs, also when the server fails', async () => {
    const { url, folder, started, checkIn } = await worldWith({ failing: true });
    const run = runUrl('unit', url);
    await makeRunFolder(folder, run, rundefText(run), new Date());
    await expect(checkIn()).rejects.toThrow(ServerFailure);
    expect(started).toEqual([[runFolderName(run), {}]]);
  });
});

describe('a check-in that the server refuses', () => {
  test.each([
    [404, /has no worker w1 \(404: no\): .* Register one in a new folder/],
    [401, /does not accept the key of the worker w1 \(401: no\)\. Enlist the worker there/],
  ])('with %i is told with what can be done, and without the key', async (status, message) => {
    const { url } = await fakeServer((_, response) => sendJson(response, { status: 'error', message: 'no' }, status));
    const settings = await readSettings(workerFolder(url));
    const server = new WorkerClient(settings);
    onTestFinished(() => server.close());
    const failing = server.checkIn(await hostLoad(1));
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.not.toThrow(settings.apiKey);
  });
});

describe('a login page before the server', () => {
  const FORM = '<!doctype html><title>Sign in</title><input type="password">';
  test.each<[string, (response: ServerResponse) => void]>([
    ['in place of the answer', (response) => sendHtml(response, FORM)],
    ['behind a redirect', (response) => void response.writeHead(302, { location: '/login?next=x' }).end()],
  ])('%s is named, and that a worker cannot log in there', async (_, answer) => {
    const { url } = await fakeServer((_, response) => answer(response));
    const server = new WorkerClient(await readSettings(workerFolder(url)));
    onTestFinished(() => server.close());
    await expect(server.update({})).rejects.toThrow(
      /^Could not update the worker w1 .*a login page\. A worker logs in with the key or JWT of its settings\.conf only/,
    );
  });
});

describe('a check-in that is answered late', () => {
  /** Makes the question 16 s old when its answer comes. */
  const late = () => {
    vi.useFakeTimers({ now: Date.now() + 16_000, toFake: ['Date'] });
  };

  const lateWorld = (run?: { status: string; worker_name: string }) => {
    onTestFinished(() => {
      vi.useRealTimers();
    });
    return worldWith({ handsOut: [['unit']], onCheckIn: late, ...(run === undefined ? {} : { run }) }).then((world) => {
      return { ...world, run: join(world.folder, 'runs', runFolderName(runUrl('unit', world.url))) };
    });
  };

  test('begins its run when the server still has it as this worker’s', async () => {
    const { started, checkIn } = await lateWorld({ status: 'RUNNING', worker_name: 'w1' });
    await checkIn();
    expect(started).toHaveLength(1);
  });

  test.each([
    ['was given to another worker', { status: 'RUNNING', worker_name: 'w2' }],
    ['waits to be handed out again', { status: 'QUEUED', worker_name: 'w1' }],
    ['has ended', { status: 'FAILED', worker_name: 'w1' }],
  ])('does not begin a run that %s', async (_, run) => {
    const world = await lateWorld(run);
    expect(await world.checkIn()).toMatchObject({ inProgress: 0 });
    expect(world.started).toEqual([]);
    expect(existsSync(world.run)).toBe(false);
  });

  test('begins its run when the worker may not read it', async () => {
    const { started, checkIn } = await lateWorld();
    await checkIn();
    expect(started).toHaveLength(1);
  });
});

// The last of this file: from then on this process logs no run definition that it refuses.
test('run definitions without an address do not fill the log, however many there are', async () => {
  const bad = Array.from({ length: 3_000 }, (_, index) => `{"x": ${index}}`);
  const { started, lines, checkIn } = await worldWith({ handsOut: [[...bad, 'unit'], bad] });
  expect(await checkIn()).toEqual({ inProgress: 1, handedOut: true });
  expect(started).toHaveLength(1);
  await checkIn();
  const logged = lines.filter((line) => line.includes('ERROR'));
  expect(logged.length).toBeLessThanOrEqual(1_000);
  expect(logged.at(-1)).toContain('not_logged="any further one"');
});
