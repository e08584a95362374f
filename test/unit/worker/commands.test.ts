import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { takeFileLock } from '../../../src/lib/index.js';
import { WorkerClient } from '../../../src/server/index.js';
import {
  cronwrap,
  gcVolumes,
  makeRunFolder,
  readRunState,
  readSettings,
  register,
  takeRunLock,
  unregister,
  workerStatus,
  writeRunState,
} from '../../../src/worker/index.js';
import { type Asked, fakeServer, sendJson } from '../server/fake-server.js';
import { rundefText, runUrl, scratchFolder, workerFolder } from './folder.js';

const success = (response: ServerResponse, status: number, data: unknown = {}) =>
  sendJson(response, { status: 'success', data }, status);

const REQUEST = {
  hostTags: 'amd64,kvm',
  hostname: 'w1',
  concurrentRuns: 3,
  surgesOnly: true,
  version: '0.1.0',
  self: ['/usr/bin/node', '/opt/jobserv/run.js'] as const,
};

describe('register', () => {
  test('makes the worker known with a key of its own, and keeps it for itself', async () => {
    const { url, asked } = await fakeServer((_, response) => success(response, 201));
    const folder = join(scratchFolder(), 'new');
    expect(await register({ ...REQUEST, folder, serverUrl: url })).toEqual({
      name: 'w1',
      settings: join(folder, 'settings.conf'),
      unit: join(folder, 'jobserv.service'),
      enlistedByToken: false,
    });
    expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual(['POST /workers/w1/']);
    const sent = JSON.parse(String(asked[0]?.body));
    const { apiKey } = await readSettings(folder);
    expect(apiKey).toMatch(/^[\w-]{43}$/);
    expect(sent).toMatchObject({
      name: 'w1',
      api_key: apiKey,
      concurrent_runs: 3,
      host_tags: 'amd64,kvm',
      surges_only: true,
    });
    for (const name of ['settings.conf', 'hostprops.cache'])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'jobserv.service'), 'utf8')).toContain(
      'ExecStart=/usr/bin/node /opt/jobserv/run.js worker loop --no-drain\n',
    );
  });

  test('with a token takes the name from it, and updates the worker instead', async () => {
    const { url, asked } = await fakeServer((_, response) => success(response, 200));
    const folder = scratchFolder();
    const jwt = `e30.${Buffer.from('{"name":"by-token","exp":1900000000}').toString('base64url')}.x`;
    expect(await register({ ...REQUEST, folder, serverUrl: url, jwt })).toMatchObject({
      name: 'by-token',
      enlistedByToken: true,
    });
    expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual(['PATCH /workers/by-token/']);
    expect(asked[0]?.headers['authorization']).toBe(`Bearer ${jwt}`);
    expect(await readSettings(folder)).toMatchObject({ jwt, jwtExpires: 1900000000, apiKey: '', hostname: 'by-token' });
  });

  test('leaves nothing of a worker that the server refuses', async () => {
    const { url } = await fakeServer((_, response) => sendJson(response, { status: 'error', message: 'no' }, 403));
    const folder = scratchFolder();
    await expect(register({ ...REQUEST, folder, serverUrl: url })).rejects.toThrow(
      /^Could not register the worker w1 .*requires a login \(403\) \("no"\)\. Register the worker at a URL/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('keeps the key when nobody knows whether the server has it', async () => {
    const { url } = await fakeServer((_, response) => void response.destroy());
    const folder = scratchFolder();
    await expect(register({ ...REQUEST, folder, serverUrl: url })).rejects.toThrow(
      /^Could not register the worker w1 .* The settings are kept, since the server may have the worker now: see with "jobserv worker check"\./,
    );
    expect(readdirSync(folder)).toEqual(['settings.conf']);
  });

  test.each(['ci.example.org', 'ftp://ci.example.org', 'file:///etc'])('refuses %s as a server', async (serverUrl) => {
    const folder = scratchFolder();
    await expect(register({ ...REQUEST, folder, serverUrl })).rejects.toThrow(/is no address of a server/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is undone by unregister, which leaves the folder', async () => {
    const { url, asked } = await fakeServer((_, response) => success(response, 200));
    const folder = workerFolder(url);
    expect(await unregister(folder)).toEqual({ name: 'w1', server: url });
    expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual(['DELETE /workers/w1/']);
    expect(existsSync(join(folder, 'settings.conf'))).toBe(true);
  });
});

describe('gc-volumes', () => {
  const events = (asked: Asked[]) =>
    asked.filter(({ url }) => url.endsWith('/events/')).map(({ body }) => JSON.parse(body.toString()));

  const worldWith = async (dead: string[]) => {
    const { url, asked } = await fakeServer((one, response) =>
      one.method === 'GET' ? success(response, 200, { volumes: dead }) : success(response, 201),
    );
    const folder = workerFolder(url);
    for (const name of ['acme/blinky/cache', 'gone/x', 'lost+found']) {
      mkdirSync(join(folder, 'volumes', name), { recursive: true });
    }
    writeFileSync(join(folder, 'volumes/a-file'), '');
    const removeTree = (path: string) => rm(path, { recursive: true });
    return { folder, asked, collect: (dryRun = false) => gcVolumes({ folder, dryRun, removeTree }) };
  };

  test('asks about what is there, removes what is dead, and tells the server', async () => {
    const { folder, asked, collect } = await worldWith(['gone']);
    expect(await collect()).toEqual({ removed: ['gone'], failed: [], busy: false });
    const question = asked[0];
    expect(`${question?.method} ${question?.url}`).toBe('GET /workers/w1/volumes-deleted/');
    expect(JSON.parse(String(question?.body)).directories.sort()).toEqual(['acme', 'gone']);
    expect(existsSync(join(folder, 'volumes/gone'))).toBe(false);
    expect(existsSync(join(folder, 'volumes/acme/blinky/cache'))).toBe(true);
    expect(events(asked)).toEqual([expect.objectContaining({ type: 'info', title: expect.stringContaining('gone') })]);
  });

  test('asks about the name of a nested project, and removes its folder', async () => {
    const { folder, asked, collect } = await worldWith(['acme/old']);
    mkdirSync(join(folder, 'volumes/acme%2fold/x'), { recursive: true });
    expect((await collect()).removed).toEqual(['acme/old']);
    expect(JSON.parse(String(asked[0]?.body)).directories).toContain('acme/old');
    expect(existsSync(join(folder, 'volumes/acme%2fold'))).toBe(false);
    expect(existsSync(join(folder, 'volumes/acme'))).toBe(true);
  });

  test('removes nothing that it did not ask about', async () => {
    const { folder, collect } = await worldWith(['../runs', 'lost+found', 'a-file', '', '.']);
    expect((await collect()).removed).toEqual([]);
    expect(existsSync(join(folder, 'volumes/lost+found'))).toBe(true);
  });

  test('of a dry run only says what would go', async () => {
    const { folder, asked, collect } = await worldWith(['gone']);
    expect((await collect(true)).removed).toEqual(['gone']);
    expect(existsSync(join(folder, 'volumes/gone'))).toBe(true);
    expect(events(asked)).toEqual([]);
  });

  test('tells the server what could not be removed, and goes on', async () => {
    const { folder, asked } = await worldWith(['acme', 'gone']);
    const removeTree = async (path: string) => {
      if (path.endsWith('/acme')) throw new Error('it is busy');
    };
    expect(await gcVolumes({ folder, dryRun: false, removeTree })).toEqual({
      removed: ['gone'],
      failed: [{ name: 'acme', reason: 'it is busy' }],
      busy: false,
    });
    expect(events(asked)).toEqual([
      expect.objectContaining({ type: 'error', msg: 'it is busy' }),
      expect.objectContaining({ type: 'info' }),
    ]);
  });

  test('goes on when the server takes no events, and says so', async () => {
    const { url } = await fakeServer((one, response) =>
      one.method === 'GET'
        ? success(response, 200, { volumes: ['acme', 'gone'] })
        : sendJson(response, { status: 'error', message: 'folder exists' }, 500),
    );
    const folder = workerFolder(url);
    for (const name of ['acme', 'gone']) mkdirSync(join(folder, 'volumes', name), { recursive: true });
    const removeTree = (path: string) => rm(path, { recursive: true });
    expect(await gcVolumes({ folder, dryRun: false, removeTree })).toEqual({
      removed: ['acme', 'gone'],
      failed: [],
      busy: false,
      untold: expect.stringMatching(/report the event.*folder exists/s),
    });
  });

  test('leaves it to another process that is at it', async () => {
    const { folder, asked, collect } = await worldWith(['gone']);
    const lock = await takeFileLock(join(folder, 'volumes/.gcvols'));
    expect(await collect()).toMatchObject({ removed: [], busy: true });
    expect(asked).toEqual([]);
    await lock?.release();
  });

  test('of a worker without volumes asks nothing', async () => {
    const { url, asked } = await fakeServer((_, response) => success(response, 200));
    expect(await gcVolumes({ folder: workerFolder(url), dryRun: false, removeTree: async () => {} })).toMatchObject({
      removed: [],
    });
    expect(asked).toEqual([]);
  });
});

describe('cronwrap', () => {
  const wrapped = async (script: string, answer = 201) => {
    const { url, asked } = await fakeServer((_, response) => success(response, answer));
    const folder = workerFolder(url);
    const path = join(folder, 'job.sh');
    writeFileSync(path, script);
    chmodSync(path, 0o755);
    const result = await cronwrap(folder, path);
    return { result, output: readFileSync(result.log, 'utf8'), event: JSON.parse(String(asked[0]?.body)), path };
  };

  test('reports that a program succeeded, and keeps its output', async () => {
    const { result, output, event, path } = await wrapped('#!/bin/sh\necho out; echo err >&2\n');
    expect(result.failure).toBeUndefined();
    expect(output).toBe('out\nerr\n');
    expect(event).toEqual({
      title: `Cron job ${path}`,
      type: 'info',
      msg: expect.stringMatching(/succeeded after \d+ s/),
    });
    expect(statSync(result.log).mode & 0o777).toBe(0o600);
  });

  test('tells how a program failed, with the beginning of its output', async () => {
    const { result, event } = await wrapped('#!/bin/sh\nhead -c 5000 /dev/zero | tr "\\0" x; exit 3\n');
    expect(result.failure).toBe('status 3');
    expect(event).toMatchObject({ type: 'error' });
    expect(event.msg).toContain(result.log);
    expect(event.msg.match(/x+$/)[0]).toHaveLength(1024);
  });

  test('says how a program failed also when the server does not want to know', async () => {
    const { result } = await wrapped('#!/bin/sh\nexit 3\n', 400);
    expect(result).toMatchObject({ failure: 'status 3', untold: expect.stringMatching(/Could not report the event/) });
  });

  test('tells that a program could not be started', async () => {
    const { result, event } = await wrapped('#!/no/such/shell\n');
    expect(result.failure).toBe('it is not there');
    expect(event.type).toBe('error');
  });
});

test('a log for support arrives compressed', async () => {
  const { url, asked } = await fakeServer((_, response) => success(response, 202));
  const server = new WorkerClient(await readSettings(workerFolder(url)));
  onTestFinished(() => server.close());
  await server.sendLogs(Buffer.from('what happened'));
  expect(`${asked[0]?.method} ${asked[0]?.url}`).toBe('PUT /workers/w1/logs/');
  expect(asked[0]?.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(asked[0]?.body ?? '').toString()).toBe('what happened');
});

describe('the status of a worker', () => {
  test('shows its runs: phase, age, what the server does not have, and who is at it', async () => {
    const folder = workerFolder();
    const url = runUrl('unit');
    const now = Date.parse('2026-01-01T01:00:00Z');
    const run = (await makeRunFolder(folder, url, rundefText(url), new Date(now - 60_000))) ?? '';
    const state = { ...(await readRunState(run)), phase: 'script' as const, starts: 2, known: { container: 'abc' } };
    await writeRunState(run, { ...state, phaseSince: new Date(now - 20_000).toISOString() });
    mkdirSync(join(run, 'spool'));
    writeFileSync(join(run, 'spool/mark.json'), '{"end": 5000, "acked": 800}'.padEnd(511));
    const lock = await takeRunLock(run);
    expect(await workerStatus(folder, now)).toEqual({
      version: 1,
      name: 'w1',
      server: 'http://127.0.0.1:9',
      concurrentRuns: 2,
      runs: [
        {
          folder: expect.stringMatching(/^acme-blinky-7-unit-/),
          runUrl: url,
          phase: 'script',
          phaseSeconds: 20,
          ageSeconds: 60,
          starts: 2,
          container: 'abc',
          spoolBytes: 4200,
          pid: process.pid,
        },
      ],
      outcomes: [],
    });
    await lock?.release();
  });

  test('shows a folder that cannot be read, with the reason', async () => {
    const folder = workerFolder();
    const run = (await makeRunFolder(folder, runUrl('unit'), '{}', new Date())) ?? '';
    writeFileSync(join(run, 'state.json'), '{');
    expect((await workerStatus(folder)).runs).toEqual([
      { folder: expect.any(String), spoolBytes: 0, problem: expect.stringContaining('state.json') },
    ]);
  });
});
