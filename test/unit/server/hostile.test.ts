/** Answers that no good server gives: each call ends within its bounds, with a failure of that call (QUALITY 47). */
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  Allowance,
  createSigned,
  HttpClient,
  type HttpSettings,
  nextCall,
  pathSegment,
  readConsole,
  readRun,
  readRunDefinition,
  readTests,
  ServerFailure,
} from '../../../src/server/index.js';
import { fakeServer, sendJson } from './fake-server.js';

const client = (settings: HttpSettings = {}): HttpClient => {
  const http = new HttpClient({ pause: async () => {}, ...settings });
  onTestFinished(() => http.close());
  return http;
};

const call = (url: string) => ({ method: 'GET', url, what: 'read it' }) as const;

describe('a hostile answer', () => {
  it.each<[string, string | Buffer, Record<string, string>]>([
    ['10,000 deep', `{"run": ${'['.repeat(10_000)}${']'.repeat(10_000)}}`, {}],
    ['a gzip bomb', gzipSync(Buffer.alloc(50 * 2 ** 20)), { 'content-encoding': 'gzip' }],
    ['of another shape', '{"status": "success", "data": {"__proto__": {"run": {"status": "PASSED"}}}}', {}],
    ['no JSON', 'true story', {}],
    ['a million empty values', `{"project": [${'{},'.repeat(1_000_000)}{}]}`, {}],
  ])('that is %s is not one of JobServ', async (_, body, headers) => {
    const { url } = await fakeServer((__, response) => {
      response.writeHead(200, headers).end(body);
    });
    for (const read of [readRun, readRunDefinition]) {
      await expect(read(client(), `${url}/projects/p/builds/1/runs/r/`)).rejects.toMatchObject({ kind: 'no-jobserv' });
    }
    expect({}).not.toHaveProperty('run');
  });

  it('of more than 32 MiB ends with that', async () => {
    const { url } = await fakeServer((_, response) => {
      response.end(Buffer.alloc(100 * 2 ** 20, ' '));
    });
    await expect(client().send(call(url))).rejects.toThrow('the answer is larger than 32 MiB');
  });

  it('that drips ends in time, and is not asked for again', async () => {
    const { url, asked } = await fakeServer((_, response) => {
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    const policy = { tries: 5, firstWaitMs: 1, longestWaitMs: 1, longestRetryAfterMs: 1, longestMs: 100 };
    const failing = client({ limits: { total: 300 }, retry: policy }).send(call(url));
    await expect(failing).rejects.toMatchObject({ kind: 'interrupted' });
    expect(asked).toHaveLength(1);
  });

  it('that is streamed and drips ends in time', async () => {
    const { url } = await fakeServer((_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const { body } = await client().stream({ ...call(url), limits: { total: 300 } });
    await expect(buffer(body)).rejects.toThrow('the answer takes longer than 0.3 s');
  });

  it('that is streamed and never ends stops at its bound, after what was within', async () => {
    const { url } = await fakeServer((_, response) => {
      const write = () => {
        while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
      };
      response.on('drain', write);
      write();
    });
    const bounds = { limits: { bytes: 2 ** 20 }, tooLong: 'Give --more.' };
    const { body } = await client().stream({ ...call(url), ...bounds });
    let read = 0;
    const reading = async () => {
      for await (const chunk of body) read += (chunk as Buffer).length;
    };
    await expect(reading()).rejects.toThrow('the answer is larger than 1 MiB. Give --more.');
    expect(read).toBeLessThanOrEqual(2 ** 20);
    expect(read).toBeGreaterThan(2 ** 19);
  });

  it('with headers beyond 64 KiB is that call’s failure', async () => {
    const { url } = await fakeServer((_, response) => {
      response.writeHead(200, { 'x-long': 'x'.repeat(70 * 1024) }).end('{}');
    });
    await expect(client().send(call(url))).rejects.toBeInstanceOf(ServerFailure);
  });
});

it.each(['000', '099'])('a status of %s is that call’s failure', async (status) => {
  const server = createSocketServer((socket) => {
    socket.on('error', () => {}).on('data', () => socket.end(`HTTP/1.1 ${status} x\r\ncontent-length: 2\r\n\r\n{}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await expect(client().send(call(url))).rejects.toMatchObject({ kind: 'interrupted', maybeDelivered: true });
});

it.each([
  ['a Content-Length that is too long', '200 OK', 'content-length: 100', 'interrupted'],
  ['two Content-Lengths', '200 OK', 'content-length: 5\r\ncontent-length: 4', 'interrupted'],
  ['a Content-Length of no number', '200 OK', 'content-length: -5', 'no-jobserv'],
  [
    'a part that nobody requested',
    '206 Partial Content',
    'content-length: 5\r\ncontent-range: bytes 7-11/99',
    'no-jobserv',
  ],
  ['a chunk that never ends', '200 OK', 'transfer-encoding: chunked\r\nx: y', 'no-jobserv'],
])('a console with %s is a failure, never a shorter console', async (_, status, headers, kind) => {
  const server = createSocketServer((socket) => {
    const head = `HTTP/1.1 ${status}\r\nx-run-status: PASSED\r\n${headers}\r\n\r\n`;
    socket.on('error', () => {}).on('data', () => socket.end(`${head}fine\n`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const reading = async () => buffer((await readConsole(client(), url)).body);
  const failure = await reading().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ServerFailure);
  expect((failure as ServerFailure).kind).toBe(kind);
});

it('tests of a run that are endless together end at a bound', async () => {
  const tests = Array.from({ length: 100 }, (_, index) => ({ name: `${index}` }));
  const listed = JSON.stringify({ status: 'success', data: { tests } });
  const results = JSON.stringify({ status: 'success', data: { test: { results: [{ output: 'x'.repeat(2 ** 24) }] } } });
  const { url, asked } = await fakeServer(({ url: path }, response) => {
    response.end(path === '/r/tests/' ? listed : results);
  });
  await expect(readTests(client(), `${url}/r/`)).rejects.toThrow(
    'the tests of the run are larger than 64 MiB together',
  );
  expect(asked.length).toBeLessThan(12);
});

it('tests of a run that drip end in time, however many answers there are', async () => {
  const tests = Array.from({ length: 1000 }, (_, index) => ({ name: `${index}` }));
  const test = JSON.stringify({ status: 'success', data: { test: { results: [] } } });
  const { url, asked } = await fakeServer(({ url: path }, response) => {
    if (path === '/r/tests/') return sendJson(response, { status: 'success', data: { tests } });
    setTimeout(() => response.end(test), 50);
  });
  const sum = { sum: 'the tests', bytes: 2 ** 20, ms: 300, advice: 'Look.' };
  const allowance = new Allowance({ what: 'read them', url, ...sum });
  await expect(readTests(client(), `${url}/r/`, { allowance })).rejects.toThrow(
    'the tests take longer than 0.3 s together. Look.',
  );
  expect(asked.length).toBeLessThan(100);
});

describe('an address that is none', () => {
  it.each(['file:///etc/passwd', 'ftp://host/', 'text', ''])('%j is refused, and nothing is read', async (url) => {
    await expect(client().send(call(url))).rejects.toMatchObject({ kind: 'rejected' });
  });

  it.each(['file:///etc/passwd', 'text', ''])('for an artifact (%j) is as if the server gave none', async (address) => {
    const { url } = await fakeServer((_, response) =>
      sendJson(response, { status: 'success', data: { urls: { a: { url: address, 'content-type': 'x' } } } }),
    );
    expect(await createSigned(client(), { runUrl: `${url}/`, apiKey: 'k' }, ['a'])).toEqual(new Map());
  });

  it.each([
    'http://127.0.0.1:1/',
    'http://localhost/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://0/',
    'http://x.LOCALHOST./',
    'http://[fe80::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::7f00:1]/',
    'http://[::]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[fd00:ec2::254]/',
  ])('%s of this machine is not gone to for a server elsewhere', (location) => {
    const asked = call('http://ci.example.org/x');
    expect(() => nextCall(asked, asked, { status: 302, headers: { location }, url: asked.url })).toThrow(
      'an address of this machine or its own network link',
    );
  });
});

describe('a proxy', () => {
  const QUICK = { tries: 1, firstWaitMs: 1, longestWaitMs: 1, longestRetryAfterMs: 1, longestMs: 1 };

  it('that refuses the way is named with its variable, and not asked again', async () => {
    const proxy = createServer().on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    vi.stubEnv('https_proxy', `http://user:secret@127.0.0.1:${port}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    let waits = 0;
    const failing = client({ onRetry: () => waits++ }).send(call('https://ci.example.org/x'));
    await expect(failing).rejects.toThrow(
      `the proxy 127.0.0.1:${port}, set by https_proxy, refuses the connection to ci.example.org (403). Correct https_proxy`,
    );
    await expect(failing).rejects.not.toThrow('secret');
    expect(waits).toBe(0);
  });

  it('that is not there is named, and not the server', async () => {
    vi.stubEnv('https_proxy', 'http://127.0.0.1:9');
    onTestFinished(() => void vi.unstubAllEnvs());
    let waits = 0;
    const onRetry = () => waits++;
    const failing = () => client({ retry: { ...QUICK, tries: 2 }, onRetry }).send(call('https://ci.example.org/x'));
    await expect(failing()).rejects.toThrow('the proxy 127.0.0.1:9, set by https_proxy, cannot be reached');
    expect(waits).toBe(1);
    const asked = client({ onRetry, waitForProxy: false }).send(call('https://ci.example.org/x'));
    await expect(asked).rejects.toThrow('Correct https_proxy, or add ci.example.org to NO_PROXY.');
    expect(waits).toBe(1);
  });
});

describe('a variable that names a proxy', () => {
  it.each([
    ['https_proxy', '127.0.0.1:9', 'the proxy 127.0.0.1:9, set by https_proxy, cannot be reached'],
    ['ALL_PROXY', 'http://127.0.0.1:9/', 'the proxy 127.0.0.1:9, set by ALL_PROXY, cannot be reached'],
    ['https_proxy', 'socks5h://127.0.0.1:9', 'the proxy 127.0.0.1:9, set by https_proxy, cannot be reached'],
    ['https_proxy', 'socks4://127.0.0.1:9', 'what https_proxy holds is no address of a proxy. Write it as http://'],
    ['https_proxy', 'http://:99999', 'what https_proxy holds is no address of a proxy. Write it as http://'],
  ])('%s=%s', async (name, value, message) => {
    vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const failing = client({ waitForProxy: false }).send(call('https://ci.example.org/x'));
    await expect(failing).rejects.toMatchObject({ message: expect.stringContaining(message), environment: 'server' });
  });
});

describe('a name in a path', () => {
  it.each(['.', '..', '', '/', 'a/../b'])('%j has no segment', (name) => {
    expect(pathSegment(name)).toBeUndefined();
  });

  it('of a test that cannot be asked for is not asked for', async () => {
    const { url, asked } = await fakeServer((_, response) =>
      sendJson(response, { status: 'success', data: { tests: [{ name: '..', status: 'PASSED' }] } }),
    );
    expect(await readTests(client(), `${url}/r/`)).toEqual([
      { name: '..', status: 'PASSED', context: null, results: [] },
    ]);
    expect(asked.map(({ url: path }) => path)).toEqual(['/r/tests/']);
  });
});
