import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  appendConsole,
  createSigned,
  HttpClient,
  readConsole,
  readRun,
  readRunDefinition,
  readTests,
  sendTest,
  upload,
  validateDefinition,
  WorkerClient,
} from '../../../src/server/index.js';
import { fakeServer, sendHtml, sendJson } from './fake-server.js';

function client(): HttpClient {
  const http = new HttpClient({ pause: async () => {} });
  onTestFinished(() => http.close());
  return http;
}

const RUN = '/projects/acme/blinky/builds/7/runs/build/';
const good = (data: object = {}) => ({ status: 'success', data });
const bad = (message: string) => ({ status: 'error', data: { message } });

describe('a run', () => {
  it('is read with its events, and its artifacts by their path', async () => {
    const { url, asked } = await fakeServer((_, response) =>
      sendJson(
        response,
        good({
          run: {
            name: 'build',
            status: 'FAILED',
            url: `http://lci-web${RUN}`,
            log_url: `http://lci-web${RUN}console.log`,
            web_url: 'https://ci.example.org/acme/blinky/7/build',
            worker_name: 'arm-1',
            status_events: [{ time: '2026-01-01T00:00:00+00:00', status: 'RUNNING', worker: 'arm-1' }],
            tests: `http://lci-web${RUN}tests/`,
            artifacts: [{ url: `http://lci-web${RUN}sub/a%20b.img`, size_bytes: 5 }, `http://lci-web${RUN}console.log`],
          },
        }),
      ),
    );
    const run = await readRun(client(), url + RUN);
    expect(asked[0]?.url).toBe(`${RUN}?version=v2`);
    expect(run).toMatchObject({
      status: 'FAILED',
      workerName: 'arm-1',
      statusEvents: [{ status: 'RUNNING', worker: 'arm-1' }],
      hasTests: true,
      artifacts: [{ path: 'sub/a b.img', sizeBytes: 5 }, { path: 'console.log' }],
    });
    expect(run).not.toHaveProperty('hostTag');
  });

  it('of another kind of server is none', async () => {
    const { url } = await fakeServer((_, response) => sendJson(response, { run: { status: 'PASSED' } }));
    await expect(readRun(client(), url + RUN)).rejects.toThrow('the answer is not what a JobServ server sends there');
    await expect(readRunDefinition(client(), url + RUN)).rejects.toThrow('Check the address: the run of a build is at');
  });
});

describe('a console', () => {
  const text = async (http: HttpClient, url: string, offset = 0) => {
    const { status, body } = await readConsole(http, url + RUN, { offset });
    return [status, (await buffer(body)).toString()];
  };

  it('is read from an offset, whether or not the server heeds it', async () => {
    let status = 'RUNNING';
    const { url, asked } = await fakeServer(({ headers }, response) => {
      const from = status === 'RUNNING' ? Number(headers['x-offset'] ?? 0) : 0;
      response.writeHead(200, { 'x-run-status': status, 'content-type': 'text/plain' });
      response.end('0123456789'.slice(from));
    });
    expect(await text(client(), url)).toEqual(['RUNNING', '0123456789']);
    expect(asked[0]?.headers).not.toHaveProperty('x-offset');
    expect(await text(client(), url, 4)).toEqual(['RUNNING', '456789']);
    status = 'PASSED';
    expect(await text(client(), url, 4)).toEqual(['PASSED', '456789']);
    expect(await text(client(), url, 10)).toEqual(['PASSED', '']);
  });

  it('that is a web page is none', async () => {
    const { url } = await fakeServer((_, response) => sendHtml(response, '<html>log in</html>'));
    await expect(text(client(), url)).rejects.toThrow('a web page came instead');
  });

  it('is appended once, whatever the answer', async () => {
    const { url, asked } = await fakeServer((_, response) => sendJson(response, {}, 502));
    const request = { runUrl: url + RUN, apiKey: 'key', bytes: Buffer.from('line\n') };
    await expect(appendConsole(client(), request)).rejects.toMatchObject({ maybeDelivered: true, passing: true });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      method: 'POST',
      url: RUN,
      body: Buffer.from('line\n'),
      headers: { authorization: 'Token key', 'content-type': 'text/plain', 'content-length': '5' },
    });
  });

  it('brings the wish to stop, the end, and the size back', async () => {
    const replies = [
      [200, { 'x-jobserv-cancel': '1' }, good()],
      [401, {}, bad('Run has already completed')],
      [401, {}, bad('Incorrect API key')],
      [413, {}, bad('too large')],
    ] as const;
    let at = 0;
    const { url } = await fakeServer((_, response) => {
      const [status, headers, body] = replies[at++] ?? [500, {}, {}];
      response.writeHead(status, headers).end(JSON.stringify(body));
    });
    const append = () =>
      appendConsole(client(), { runUrl: url + RUN, apiKey: 'key', bytes: new Uint8Array(), status: 'RUNNING' });
    expect(await append()).toEqual({ cancelled: true });
    await expect(append()).rejects.toMatchObject({ kind: 'completed', environment: undefined });
    await expect(append()).rejects.toMatchObject({ kind: 'unauthorized', environment: 'server' });
    await expect(append()).rejects.toMatchObject({ kind: 'too-large' });
  });

  it('large pieces arrive as they are', async () => {
    const { url, asked } = await fakeServer((_, response) => sendJson(response, good()));
    const bytes = Buffer.alloc(256 * 1024 + 3, 'abc');
    await appendConsole(client(), { runUrl: url + RUN, apiKey: 'key', bytes });
    expect(asked[0]?.body.equals(bytes)).toBe(true);
    expect(asked[0]?.headers['content-length']).toBe(String(bytes.length));
  });
});

describe('tests', () => {
  const test = (name: string) => ({ name, context: null, status: 'PASSED', results: [] });

  it('are read with their results', async () => {
    const { url } = await fakeServer(({ url: path }, response) => {
      if (path === `${RUN}tests/`) {
        const tests = ['a b', 'c'].map((name) => ({
          name,
          status: 'PASSED',
          context: 'x',
          url: `http://lci-web/${name}`,
        }));
        return sendJson(response, good({ tests }));
      }
      const results = [{ name: path, context: null, status: 'FAILED', output: 'o' }];
      return sendJson(response, good({ test: { name: 'a b', results } }));
    });
    const read = await readTests(client(), url + RUN);
    expect(read.map(({ name, results }) => [name, results[0]?.name])).toEqual([
      ['a b', `${RUN}tests/a%20b/`],
      ['c', `${RUN}tests/c/`],
    ]);
    expect(read[0]).toEqual({ ...test('a b'), context: 'x', results: read[0]?.results });
  });

  it.each([
    ['stored', 1],
    ['lost', 2],
  ])('whose answer does not come, and that were %s, are there once', async (what, posts) => {
    const stored: string[] = [];
    let first = true;
    const { url, asked } = await fakeServer(({ method, url: path }, response) => {
      if (method === 'GET')
        return sendJson(response, good({ tests: stored.map((name) => ({ name, status: 'PASSED' })) }));
      if (!first || what === 'stored') stored.push(path.split('/').at(-2) ?? '');
      if (first) response.destroy();
      else sendJson(response, good());
      first = false;
    });
    await sendTest(client(), { runUrl: url + RUN, apiKey: 'key' }, test('unit'), 0);
    expect(stored).toEqual(['unit']);
    expect(asked.filter(({ method }) => method === 'POST')).toHaveLength(posts);
  });

  it('of one name are all sent, and one in doubt is looked for first', async () => {
    const stored = [{ name: 'unit', status: 'PASSED' }];
    const { url, asked } = await fakeServer(({ method }, response) =>
      sendJson(response, good(method === 'GET' ? { tests: stored } : {})),
    );
    const run = { runUrl: url + RUN, apiKey: 'key' };
    await sendTest(client(), run, test('unit'), 0);
    await sendTest(client(), run, test('unit'), 1, { doubtful: true });
    await sendTest(client(), run, test('unit'), 0, { doubtful: true });
    await sendTest(client(), run, test('é x'), 0);
    expect(asked.map(({ method, url: path }) => `${method} ${path.slice(RUN.length)}`)).toEqual([
      'POST tests/unit/',
      'GET tests/',
      'POST tests/unit/',
      'GET tests/',
      'POST tests/%C3%A9%20x/',
    ]);
    expect(JSON.parse(asked[0]?.body.toString() ?? '')).toEqual({ context: null, status: 'PASSED', results: [] });
  });

  it('in doubt whose list is not shown are sent, and that is told', async () => {
    const { url, asked } = await fakeServer(({ method }, response) =>
      method === 'GET' ? sendJson(response, bad('no'), 403) : sendJson(response, good()),
    );
    let doubts = 0;
    const run = { runUrl: url + RUN, apiKey: 'key' };
    await sendTest(client(), run, test('unit'), 0, { doubtful: true, onDoubt: () => doubts++ });
    expect([doubts, asked.length]).toEqual([1, 2]);
  });
});

describe('artifacts', () => {
  it('are signed by name and put there, their address in no message', async () => {
    const { url, asked } = await fakeServer(({ url: path }, response) => {
      if (path.endsWith('create_signed')) {
        const urls = JSON.parse(
          '{"a":{"url":"http://x/a","content-type":"text/plain"},"__proto__":{"url":"http://x/p"}}',
        );
        return sendJson(response, good({ urls }));
      }
      return path.startsWith('/gone') ? sendHtml(response, 'expired', 403) : void response.end('ok');
    });
    const signed = await createSigned(client(), { runUrl: url + RUN, apiKey: 'key' }, ['a', '__proto__', 'toString']);
    expect([...signed]).toEqual([
      ['a', { url: 'http://x/a', contentType: 'text/plain' }],
      ['__proto__', { url: 'http://x/p', contentType: 'application/octet-stream' }],
    ]);
    const file = {
      name: 'a',
      body: {
        bytes: 3,
        open: async function* () {
          yield Buffer.from('abc');
        },
      },
    };
    await upload(client(), { url: `${url}/here`, contentType: 'text/plain' }, file);
    expect(asked.at(-1)).toMatchObject({ method: 'PUT', body: Buffer.from('abc'), headers: { 'content-length': '3' } });
    const expired = upload(client(), { url: `${url}/gone?sig=s`, contentType: 'text/plain' }, file);
    await expect(expired).rejects.toMatchObject({ kind: 'unauthorized', message: expect.not.stringContaining('gone') });
  });

  it('are signed 75 at a time at most', async () => {
    const names = Array.from({ length: 76 }, (_, index) => `f${index}`);
    await expect(createSigned(client(), { runUrl: 'http://x/', apiKey: 'k' }, names)).rejects.toThrow(RangeError);
  });
});

describe('a definition', () => {
  it("gets the server's verdict", async () => {
    const { url, asked } = await fakeServer(({ body }, response) =>
      body.length > 2
        ? sendJson(response, good())
        : sendJson(response, { status: 'error', message: 'no triggers' }, 400),
    );
    expect(await validateDefinition(client(), `${url}/`, '{"timeout":5}')).toEqual({ accepted: true });
    expect(await validateDefinition(client(), `${url}/ci`, '{}')).toEqual({ accepted: false, message: 'no triggers' });
    expect(asked.map(({ url: path }) => path)).toEqual(['/simulator-validate', '/ci/simulator-validate']);
  });
});

describe('a worker', () => {
  const worker = (serverUrl: string) => {
    const made = new WorkerClient({ serverUrl, hostname: 'arm 1', apiKey: 'hostkey' }, { pause: async () => {} });
    onTestFinished(() => made.close());
    return made;
  };
  const properties = {
    name: 'arm 1',
    api_key: 'hostkey',
    distro: 'Debian',
    mem_total: 1,
    cpu_total: 2,
    cpu_type: 'x',
    concurrent_runs: 1,
    host_tags: 'a,b',
    surges_only: false,
  };

  it('registers, updates, reports and leaves', async () => {
    const statuses: Record<string, number> = { POST: 201, PUT: 202 };
    const { url, asked } = await fakeServer(({ method }, response) =>
      sendJson(response, good(), statuses[method] ?? 200),
    );
    const arm = worker(url);
    await arm.register(properties);
    await arm.update({ concurrent_runs: 2 });
    await arm.sendEvent({ title: 't', msg: 'm', type: 'info' });
    await arm.sendLogs(Buffer.from('log'));
    await arm.unregister();
    expect(asked.map(({ method, url: path, headers }) => [method, path, headers['authorization']])).toEqual([
      ['POST', '/workers/arm%201/', undefined],
      ['PATCH', '/workers/arm%201/', 'Token hostkey'],
      ['POST', '/workers/arm%201/events/', 'Token hostkey'],
      ['PUT', '/workers/arm%201/logs/', 'Token hostkey'],
      ['DELETE', '/workers/arm%201/', 'Token hostkey'],
    ]);
    expect(JSON.parse(asked[0]?.body.toString() ?? '')).toEqual(properties);
    expect(gunzipSync(asked[3]?.body ?? '').toString()).toBe('log');
    expect(asked[3]?.headers['content-encoding']).toBe('gzip');
  });

  it('checks in once, and gets run definitions as text', async () => {
    const { url, asked } = await fakeServer((_, response) =>
      asked.length > 1
        ? sendJson(response, {}, 502)
        : sendJson(response, good({ worker: { enlisted: true, version: '1', 'run-defs': ['{"project":"p"}'] } })),
    );
    const state = { available_runners: 1, mem_free: 2, disk_free: 3, load_avg_1: 0.5, load_avg_5: 0, load_avg_15: 0 };
    expect(await worker(url).checkIn(state)).toEqual({
      enlisted: true,
      version: '1',
      runDefinitions: ['{"project":"p"}'],
    });
    expect(asked[0]?.url).toBe(
      '/workers/arm%201/?available_runners=1&mem_free=2&disk_free=3&load_avg_1=0.5&load_avg_5=0&load_avg_15=0',
    );
    await expect(worker(url).checkIn(state)).rejects.toMatchObject({ kind: 'server-error' });
    expect(asked).toHaveLength(2);
  });

  it('asks for dead volumes with a body, and is told of none that it did not name', async () => {
    const { url, asked } = await fakeServer((_, response) => sendJson(response, good({ volumes: ['old', '../etc'] })));
    expect(await worker(url).deadVolumes(['old', 'new'])).toEqual(['old']);
    expect(asked[0]).toMatchObject({ method: 'GET', url: '/workers/arm%201/volumes-deleted/' });
    expect(JSON.parse(asked[0]?.body.toString() ?? '')).toEqual({ directories: ['old', 'new'] });
  });
});
