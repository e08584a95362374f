import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunDefinition } from '../../../../src/schema/index.js';
import { LocalRun, RunAccess, ScriptServer } from '../../../../src/simulator/index.js';
import { startLiveServer } from '../../../support/live-server/live-server.js';

const FIELDS = {
  project: 'acme/blinky',
  timeout: 5,
  trigger_type: 'simple',
  container: 'c:1',
  'host-tag': 'amd64',
  script: '#!/bin/sh',
  secrets: { token: 'hunter2-hunter2' },
  env: { H_PROJECT: 'acme/blinky', H_BUILD: '7', H_RUN: 'unit' },
};
const rundef = (run: string) =>
  ({ ...FIELDS, api_key: 'k', env: { ...FIELDS.env, H_RUN: run } }) as unknown as RunDefinition;
const RUN = '/projects/acme/blinky/builds/7/runs/unit/';

let folder = '';
let server: ScriptServer;
let access: RunAccess;
let run: LocalRun;

function workspace(name: string): { archive: string; console: string } {
  const root = join(folder, name);
  mkdirSync(join(root, 'archive/sub'), { recursive: true });
  return { archive: join(root, 'archive'), console: join(root, 'console.log') };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobserv-run-server-'));
  const files = workspace('unit');
  writeFileSync(files.console, '== begin\nhello\n');
  writeFileSync(join(files.archive, 'firmware.bin'), Buffer.alloc(3000, 7));
  writeFileSync(join(files.archive, 'sub/page.html'), '<p>hi</p>');
  writeFileSync(join(files.archive, 'out.tgz'), 'tgz');
  server = new ScriptServer();
  await server.start({ listen: '127.0.0.1', name: '127.0.0.1' });
  run = new LocalRun(rundef('unit'), files);
  run.setStatus('RUNNING');
  access = new RunAccess(run, [run]);
  server.add(access);
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const login = (key = access.key) => ({ authorization: `Basic ${Buffer.from(`jobserv:${key}`).toString('base64')}` });
interface Answered {
  run: { artifacts: unknown[] };
  runs: { name: string }[];
  test: object;
}
/** The data of a jsend answer. */
const dataOf = async (answer: Promise<Response>) => ((await (await answer).json()) as { data: Answered }).data;
const get = (path: string, headers: Record<string, string> = login()) =>
  fetch(`${server.origin}${path}`, { headers, redirect: 'manual' });
/** Sends the path as it is; `fetch` would normalise it. */
const rawGet = (path: string, agent?: Agent) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const { port } = new URL(server.origin);
    httpRequest({ host: '127.0.0.1', port, path, headers: login(), ...(agent && { agent }) }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });

describe('reading', () => {
  it('a run in progress has its console, and no artifacts', async () => {
    const console = await get(`${RUN}console.log`);
    expect(console.headers.get('x-run-status')).toBe('RUNNING');
    expect(await console.text()).toBe('== begin\nhello\n');
    expect(await (await get(`${RUN}console.log`, { ...login(), 'x-offset': '9' })).text()).toBe('hello\n');
    expect(await (await get(`${RUN}console.log`, { ...login(), 'x-offset': '900' })).text()).toBe('');
    expect((await get(`${RUN}firmware.bin`)).status).toBe(404);
    expect((await dataOf(get(RUN))).run.artifacts).toEqual([]);
  });

  it('a run that has not begun shows nothing of what an earlier one left in its folder', async () => {
    const next = new LocalRun(rundef('next'), {
      archive: join(folder, 'unit/archive'),
      console: join(folder, 'unit/console.log'),
    });
    const key = new RunAccess(next, [run, next]);
    server.add(key);
    const path = RUN.replace('unit', 'next');
    expect(await (await get(`${path}console.log`, login(key.key))).text()).toBe('');
    expect((await get(`${path}firmware.bin`, login(key.key))).status).toBe(404);
  });

  it('a completed run has its artifacts, with sizes when asked', async () => {
    run.setStatus('PASSED');
    const data = await dataOf(get(`${RUN}?version=v2`));
    const url = `${server.origin}${RUN}`;
    expect(data.run.artifacts).toEqual([
      { url: `${url}firmware.bin`, size_bytes: 3000 },
      { url: `${url}out.tgz`, size_bytes: 3 },
      { url: `${url}sub/page.html`, size_bytes: 9 },
      { url: `${url}console.log`, size_bytes: 15 },
    ]);
    const firmware = await get(`${RUN}firmware.bin`);
    expect(Buffer.from(await firmware.arrayBuffer())).toEqual(Buffer.alloc(3000, 7));
    expect(firmware.headers.get('content-type')).toBe('application/octet-stream');
    expect((await get(`${RUN}out.tgz`)).headers.get('content-type')).toBe('application/x-tar');
    expect((await get(`${RUN}sub/page.html`)).headers.get('content-type')).toBe('text/html');
    expect((await get(`${RUN}nothing.bin`)).status).toBe(404);
  });

  it('the rundef has no key, and no secret', async () => {
    const text = await (await get(`${RUN}.rundef.json`)).text();
    expect(text).not.toMatch(/hunter2|api_key/);
    expect(JSON.parse(text).secrets).toEqual({ token: 'TODO' });
  });

  it('answers as the live server does', async () => {
    await using live = await startLiveServer();
    const other = live.addRun({ project: 'acme/blinky', 'host-tag': 'amd64', secrets: {} }, { build: 7, name: 'unit' });
    for (const complete of [false, true]) {
      if (complete) {
        for (const name of ['out.tgz', 'sub/page.html']) other.artifacts.set(name, Buffer.from('tgz'));
        other.artifacts.set('firmware.bin', Buffer.alloc(3000, 7));
        other.finish('PASSED');
        run.setStatus('PASSED');
      }
      const paths = [
        ['', 'nothing', 'firmware.bin', 'out.tgz', 'sub/page.html', 'console.log', 'tests', 'tests/', 'tests/none/'],
        ['no/such', 'create_signed', 'progress-regex', '../unit/', '%2e%2e/unit/'],
      ].flat();
      const below = paths.map((path) => `${RUN}${path}`);
      const more = ['/projects/acme/blinky/builds/7/', '/projects/acme/blinky/builds/7/runs/', '/projects/a/builds/9/'];
      for (const path of [
        ...below,
        ...more,
        '/projects/acme/blinky/builds/7/runs/none/',
        '/elsewhere/',
        RUN.slice(0, -1),
      ]) {
        const [ours, theirs] = [await get(path), await fetch(`${live.url}${path}`, { redirect: 'manual' })];
        expect([path, ours.status, ours.headers.get('content-type')]).toEqual([
          path,
          theirs.status,
          theirs.headers.get('content-type'),
        ]);
        expect([path, ours.headers.get('x-run-status'), ours.headers.get('content-encoding')]).toEqual([
          path,
          theirs.headers.get('x-run-status'),
          theirs.headers.get('content-encoding'),
        ]);
        if (ours.headers.get('content-type') !== 'application/json') continue;
        expect([path, shapeOf(await ours.json())]).toEqual([path, shapeOf(await theirs.json())]);
      }
    }
  });

  it('curl and wget log in with the `.netrc` of the run, which names the host without its port', async () => {
    run.setStatus('PASSED');
    const home = join(folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, '.netrc'), `machine ${server.machine}\nlogin jobserv\npassword ${access.key}\n`, {
      mode: 0o600,
    });
    const url = `${server.origin}${RUN}firmware.bin`;
    const script = `curl -fsn ${url} | wc -c; wget -qO- ${url} | wc -c`;
    const shell = spawn('sh', ['-c', script], { env: { HOME: home, PATH: process.env['PATH'] } });
    let text = '';
    shell.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    await new Promise((resolve) => shell.on('close', resolve));
    expect(text.split(/\s+/).filter(Boolean)).toEqual(['3000', '3000']);
  });
});

/** Keys and types, with the elements of lists as one. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, shapeOf(item)])
      .sort(),
  );
}

describe('posting', () => {
  const token = () => ({ authorization: `Token ${access.key}` });
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${server.origin}${path}`, { method: 'POST', body, headers: { ...token(), ...headers } });

  it('console, metadata and tests are kept with the run; the run goes on as it was', async () => {
    expect((await post(RUN, 'more\n', { 'x-run-metadata': 'm=1' })).status).toBe(200);
    const test = { context: 'c', status: 'FAILED', results: [{ name: 'r', status: 'PASSED' }] };
    const json = { 'content-type': 'application/json' };
    expect((await post(`${RUN}tests/alpha/`, JSON.stringify(test), json)).status).toBe(200);
    expect((await post(RUN, '', { 'x-run-status': 'FAILED' })).status).toBe(200);
    expect((await post(RUN, '', { 'x-run-status': 'NOPE' })).status).toBe(500);
    expect(run.posts).toEqual([
      { path: '', metadata: 'm=1', text: 'more\n', sizeBytes: 5 },
      { path: 'tests/alpha/', text: JSON.stringify(test), sizeBytes: expect.any(Number) },
      { path: '', status: 'FAILED', text: '', sizeBytes: 0 },
    ]);
    expect(run.status).toBe('RUNNING');
    expect([...access.misses]).toEqual([`POST ${RUN} (status FAILED)`]);
    const data = await dataOf(get(`${RUN}tests/alpha/`));
    expect(data.test).toMatchObject({ status: 'FAILED', context: 'c', results: [{ name: 'r', status: 'PASSED' }] });
  });

  it('a run reads those of its build, and posts to none but itself', async () => {
    const other = new LocalRun(rundef('other'), workspace('other'));
    other.setStatus('RUNNING');
    const both = new RunAccess(other, [run, other]);
    server.add(both);
    const headers = { authorization: `Token ${both.key}` };
    expect((await get(RUN, headers)).status).toBe(200);
    expect((await post(RUN, 'x', headers)).status).toBe(401);
    expect((await post(RUN.replace('unit', 'other'), 'x', headers)).status).toBe(200);
    expect([run.posts.length, other.posts.length]).toEqual([0, 1]);
  });

  it('a completed run takes nothing more', async () => {
    run.setStatus('PASSED');
    expect((await post(RUN, 'late')).status).toBe(401);
    expect(run.posts).toEqual([]);
  });

  it('tests are kept up to a bound on all of them; the run goes on', async () => {
    const json = { 'content-type': 'application/json' };
    const large = JSON.stringify({ status: 'PASSED', results: [], context: 'x'.repeat(15 * 1024 * 1024) });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) statuses.push((await post(`${RUN}tests/t${n}/`, large, json)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 413, 413]);
    expect(run.tests).toHaveLength(4);
    expect((await post(RUN, 'still here\n')).status).toBe(200);
  });

  it('a body without end is refused, and costs no memory', async () => {
    const { port } = new URL(server.origin);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST ${RUN} HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${access.key}\r\nContent-Length: 10000000000\r\n\r\n`,
    );
    const chunk = Buffer.alloc(1024 * 1024);
    let sent = 0;
    const ended = new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
    const fill = () => {
      while (!socket.destroyed && socket.write(chunk)) sent += 1;
      sent += 1;
    };
    socket.on('drain', fill);
    fill();
    await ended;
    expect(sent).toBeLessThan(256);
    expect(run.posts.map(({ text }) => text.length)).toEqual([0]);
  });
});

describe('attacks', () => {
  it.each([
    ['no login', {}],
    ['another login', { authorization: `Basic ${Buffer.from('root:x').toString('base64')}` }],
    ['a wrong key', { authorization: 'Token nope' }],
  ])('%s is refused, for reading and for posting', async (_, headers) => {
    const read = await get(RUN, headers as Record<string, string>);
    expect([read.status, read.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="jobserv"']);
    const posted = await fetch(`${server.origin}${RUN}`, {
      method: 'POST',
      body: 'x',
      headers: headers as Record<string, string>,
    });
    expect(posted.status).toBe(401);
  });

  it('the runs of another build with the same address stay its own', async () => {
    const hidden = new LocalRun(rundef('hidden'), workspace('hidden'));
    const other = new RunAccess(hidden, [hidden]);
    server.add(other);
    const path = '/projects/acme/blinky/builds/7/runs/';
    const names = async (key: string) => (await dataOf(get(path, login(key)))).runs.map(({ name }) => name);
    expect(await names(access.key)).toEqual(['unit']);
    expect(await names(other.key)).toEqual(['hidden']);
  });

  it('no link, no FIFO, no path out of the archive gives a byte of the host', async () => {
    const archive = join(folder, 'unit/archive');
    writeFileSync(join(folder, 'secret'), 'of the host');
    symlinkSync(join(folder, 'secret'), join(archive, 'link'));
    symlinkSync(folder, join(archive, 'up'));
    execFileSync('mkfifo', [join(archive, 'fifo')]);
    run.setStatus('PASSED');
    const paths = [
      'link',
      'up/secret',
      'fifo',
      'sub/..%2f..%2f..%2fsecret',
      '../../../secret',
      '%2e%2e/secret',
      '/etc/passwd',
      'sub',
      'a%00b',
    ];
    for (const path of paths) {
      const { status, text } = await rawGet(`${RUN}${path}`);
      expect([path, status >= 400, text.includes('of the host')]).toEqual([path, true, false]);
    }
    const data = await dataOf(get(RUN));
    expect(data.run.artifacts.map((url) => String(url).slice(`${server.origin}${RUN}`.length))).toEqual([
      'firmware.bin',
      'out.tgz',
      'sub/page.html',
      'console.log',
    ]);
  });

  it('thousands of requests and readers that read nothing leave it answering', async () => {
    writeFileSync(join(folder, 'unit/archive/big.bin'), Buffer.alloc(32 * 1024 * 1024));
    run.setStatus('PASSED');
    const { port } = new URL(server.origin);
    const idle = Array.from({ length: 100 }, () => {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
      socket.write(`GET ${RUN}big.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${access.key}\r\n\r\n`);
      return socket;
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    const statuses = await Promise.all(Array.from({ length: 10_000 }, () => rawGet(`${RUN}out.tgz`, agent)));
    agent.destroy();
    expect(new Set(statuses.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 tgz']));
    for (const socket of idle) socket.destroy();
  }, 120_000);

  it('is only where it was told to listen', async () => {
    const { port } = new URL(server.origin);
    await expect(fetch(`http://127.0.0.2:${port}/`)).rejects.toThrow();
  });
});
