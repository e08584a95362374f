import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findProgram } from '../../../src/lib/index.js';
import {
  countOutcome,
  listen,
  loop,
  Monitor,
  makeRunFolder,
  parseListen,
  readOutcomes,
  serviceManager,
  workerStatus,
} from '../../../src/worker/index.js';
import { fakeServer, sendJson } from '../server/fake-server.js';
import { keptLog, rundefText, runUrl, scratchFolder, workerFolder } from './folder.js';

const MINUTE = 60_000;
const PATIENCE = 15_000;
const PASSED = { status: 'PASSED', warnings: [] } as unknown as Parameters<typeof countOutcome>[1];
const TIMEOUT = { status: 'FAILED', cause: 'timeout', warnings: [] } as unknown as typeof PASSED;

describe('the health of a worker', () => {
  test('is that of its last check-in, and not for ever', () => {
    const monitor = new Monitor('/nowhere', '1.0.0');
    expect(monitor.problem(MINUTE)).toBe('The worker has not checked in yet.');
    monitor.checkedIn(0);
    expect(monitor.problem(MINUTE, 3 * MINUTE)).toBeUndefined();
    expect(monitor.problem(MINUTE, 5 * MINUTE)).toBe('The last check-in was 300 s ago.');
    monitor.failed(new Error('The server is away.'));
    expect(monitor.problem(MINUTE, 1)).toBe('The server is away.');
    monitor.checkedIn(2);
    expect(monitor.problem(MINUTE, 3)).toBeUndefined();
  });

  test('and its figures are pages of the loop', async () => {
    let down = false;
    const { url } = await fakeServer((_, response) => {
      if (down) return sendJson(response, { status: 'error', message: 'down' }, 500);
      sendJson(response, { status: 'success', data: { worker: { enlisted: true, version: '1' } } });
    });
    const folder = workerFolder(url);
    await countOutcome(folder, PASSED);
    await makeRunFolder(folder, runUrl('unit', url), rundefText(runUrl('unit', url)), new Date());
    const [stop, { log, lines }] = [new AbortController(), keptLog()];
    const processes = { start: () => {}, running: new Set<string>(), ends: () => new AbortController().signal };
    const ended = loop({
      ...{ folder, log, processes, every: 0.05, stop: stop.signal, leave: stop.signal },
      listen: { host: '127.0.0.1', port: 0, version: '9.8.7' },
    });
    onTestFinished(async () => {
      stop.abort();
      await ended;
    });
    const pages = await vi.waitFor(() => {
      const found = /health=(\S+)\/health/.exec(lines.join(''))?.[1];
      expect(found).toBeDefined();
      return found;
    }, PATIENCE);
    const get = async (path: string) => {
      const answer = await fetch(`${pages}${path}`);
      return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') };
    };
    await vi.waitFor(async () => expect(await get('/health')).toMatchObject({ status: 200, text: 'ok\n' }), PATIENCE);
    const { text, type } = await get('/metrics');
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    for (const line of [
      'jobserv_worker_info{name="w1",version="9.8.7"} 1',
      'jobserv_worker_healthy 1',
      'jobserv_worker_slots 2',
      'jobserv_worker_slots_busy 1',
      'jobserv_worker_runs{state="queued"} 1',
      'jobserv_worker_spool_bytes 0',
      'jobserv_worker_runs_ended_total{status="PASSED",cause=""} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(
        /^(# (HELP|TYPE) jobserv_worker_\w+ .+|jobserv_worker_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? \d+(\.\d+)?)$/,
      );
    down = true;
    await vi.waitFor(async () => {
      expect(await get('/health')).toMatchObject({ status: 503, text: expect.stringContaining('500') });
      expect((await get('/metrics')).text).toContain('jobserv_worker_check_in_failures_total{cause="server-error"} ');
    }, PATIENCE);
    expect(await get('/')).toMatchObject({ status: 404 });
    expect((await fetch(`${pages}/health`, { method: 'POST' })).status).toBe(405);
  });

  test.each(['9180', 'localhost', 'localhost:99999', ':9180', 'a b:1', '::1:9180', 'http://x:1'])(
    'is not served at %j',
    (text) => {
      expect(() => parseListen(text)).toThrow(`--listen ${text} is not HOST:PORT.`);
    },
  );

  test('is served at an address, a name or an IPv6 address that is free', async () => {
    expect(parseListen('worker.example.org:9180')).toEqual({ host: 'worker.example.org', port: 9180 });
    expect(parseListen('[::1]:9180')).toEqual({ host: '::1', port: 9180 });
    const nothing = { problem: () => undefined, metrics: async () => '' };
    const first = await listen({ host: '127.0.0.1', port: 0 }, nothing);
    onTestFinished(() => first.close());
    const port = Number(new URL(first.address).port);
    await expect(listen({ host: '127.0.0.1', port }, nothing)).rejects.toMatchObject({
      name: 'EnvironmentError',
      message: expect.stringMatching(`^The worker cannot listen on 127.0.0.1:${port}: another program listens there`),
    });
  });
});

describe('a client of the pages', () => {
  test('gets one answer a connection, whatever else it sends on it', async () => {
    let asked = 0;
    const pages = await listen(
      { host: '127.0.0.1', port: 0 },
      {
        problem: () => undefined,
        metrics: async () => {
          asked++;
          return 'figures\n';
        },
      },
    );
    onTestFinished(() => pages.close());
    const socket = connect(Number(new URL(pages.address).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    // The rest is not read: the server may reset the connection.
    socket.on('error', () => {});
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5000));
    await once(socket, 'close');
    expect(asked).toBe(1);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(text).toMatch(/\r\nConnection: close\r\n/);
    expect((await fetch(`${pages.address}/health`)).status).toBe(200);
  });

  test('is read to the end of one head, whatever it goes on to send', async () => {
    const pages = await listen({ host: '127.0.0.1', port: 0 }, { problem: () => undefined, metrics: async () => '' });
    onTestFinished(() => pages.close());
    const socket = connect(Number(new URL(pages.address).port), '127.0.0.1').on('error', () => {});
    const many = Buffer.from('GET /health HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(30_000));
    socket.resume();
    for (let sent = 0; sent < 256 && !socket.destroyed; sent++) {
      await new Promise<void>((resolve) => socket.write(many, () => resolve()));
    }
    // What the kernel holds of a connection on its way, and no more: the rest of 256 MB was refused.
    expect(socket.bytesWritten).toBeLessThan(64e6);
    expect((await fetch(`${pages.address}/health`)).status).toBe(200);
  });

  test('gets the answer also when it has ended its side, and is refused when it speaks no HTTP', async () => {
    const pages = await listen(
      { host: '127.0.0.1', port: 0 },
      { problem: () => undefined, metrics: async () => 'a 1\n' },
    );
    onTestFinished(() => pages.close());
    const say = async (text: string) => {
      const socket = connect(Number(new URL(pages.address).port), '127.0.0.1').on('error', () => {});
      let all = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        all += part;
      });
      socket.end(text);
      await once(socket, 'close');
      return all;
    };
    expect(await say('GET /metrics?x=1 HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\na 1\n$/);
    expect(await say('HEAD /metrics HTTP/1.0\n\n')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 4\r\n[\s\S]*\r\n\r\n$/,
    );
    for (const text of [
      '\x16\x03\x01\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\n',
      `GET /health HTTP/1.1\r\nX: ${'a'.repeat(20_000)}`,
    ])
      expect(await say(text)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  test('keeps no place by a request that it does not end', async () => {
    const pages = await listen({ host: '127.0.0.1', port: 0 }, { problem: () => undefined, metrics: async () => '' });
    onTestFinished(() => pages.close());
    const port = Number(new URL(pages.address).port);
    const sockets = Array.from({ length: 32 }, (_, i) => {
      const socket = connect(port, '127.0.0.1');
      if (i % 2 === 0) socket.write('GET /health HTTP/1.1\r\nHost: a\r\n');
      return socket.on('error', () => {}).resume();
    });
    await Promise.all(sockets.map((socket) => once(socket, 'close')));
    expect((await fetch(`${pages.address}/health`)).status).toBe(200);
  });

  test('has the worker read its folder once for all who ask, and once a second', async () => {
    const folder = workerFolder();
    const monitor = new Monitor(folder, '1.0.0');
    const busyAt = async (now: number) =>
      /^jobserv_worker_slots_busy (\d+)$/m.exec(await monitor.metrics(MINUTE, now))?.[1];
    // All but the first ask while it reads.
    expect(new Set(await Promise.all([0, ...Array<number>(50).fill(5000)].map(busyAt)))).toEqual(new Set(['0']));
    await makeRunFolder(folder, runUrl('unit'), rundefText(runUrl('unit')), new Date());
    expect(await busyAt(999)).toBe('0');
    expect(await busyAt(5001)).toBe('1');
  });
});

test('the ends of runs are counted, whoever counts them, and status has them', async () => {
  const folder = workerFolder();
  expect(await readOutcomes(folder)).toEqual([]);
  await Promise.all([PASSED, TIMEOUT, PASSED, PASSED].map((outcome) => countOutcome(folder, outcome)));
  const counted = [
    { status: 'FAILED', cause: 'timeout', count: 1 },
    { status: 'PASSED', count: 3 },
  ];
  expect(await readOutcomes(folder)).toEqual(counted);
  expect((await workerStatus(folder)).outcomes).toEqual(counted);
});

/** systemd's end of NOTIFY_SOCKET: each datagram is a line; descriptors that come with one are closed. */
const RECEIVER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    data, fds, _, _ = socket.recv_fds(s, 4096, 8)
    for fd in fds: os.close(fd)
    if data != b'BARRIER=1': print(data.decode().replace('\\n', ' '), flush=True)
`;

describe('systemd', () => {
  test('learns that the worker has started, is alive and stops', async (context) => {
    if (findProgram('systemd-notify') === undefined) return context.skip('systemd-notify is not installed');
    const socket = join(scratchFolder(), 'notify');
    const receiver = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(async () => {
      receiver.kill();
      await once(receiver, 'exit');
    });
    let signs = '';
    receiver.stdout.setEncoding('utf8').on('data', (text: string) => {
      signs += text;
    });
    await vi.waitFor(() => expect(existsSync(socket)).toBe(true), PATIENCE);
    const { log, lines } = keptLog();
    const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '150000' };
    const manager = serviceManager(log, env, 100);
    onTestFinished(() => manager.end());
    await manager.ready();
    await vi.waitFor(() => expect(signs).toMatch(/READY=1.*\n(.*\n)*WATCHDOG=1\n/), PATIENCE);
    let release = () => {};
    const stuck = manager.step(() => new Promise<void>((resolve) => (release = resolve)));
    // Signs that were on the way come in; then a step that hangs gives none.
    await vi.waitFor(() => {
      const before = signs;
      return new Promise<void>((resolve) => setTimeout(resolve, 400)).then(() => expect(signs).toBe(before));
    }, PATIENCE);
    const before = signs.length;
    release();
    await stuck;
    await vi.waitFor(() => expect(signs.slice(before)).toContain('WATCHDOG=1'), PATIENCE);
    await manager.stopping();
    await vi.waitFor(() => expect(signs).toMatch(/STOPPING=1/), PATIENCE);
    expect(lines).toEqual([]);
  });

  test('that is not there is not looked for', async () => {
    const { log, lines } = keptLog();
    const manager = serviceManager(log, {});
    await manager.ready();
    expect(await manager.step(async () => 7)).toBe(7);
    expect(lines).toEqual([]);
  });
});
