import { createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  credentialsFor,
  HttpClient,
  type HttpSettings,
  ServerFailure,
  tokenHeader,
} from '../../../src/server/index.js';
import { fakeServer, sendHtml, sendJson } from './fake-server.js';

const waits: number[] = [];

function client(settings: HttpSettings = {}): HttpClient {
  waits.length = 0;
  const http = new HttpClient({
    pause: async (ms) => {
      waits.push(ms);
    },
    ...settings,
  });
  onTestFinished(() => http.close());
  return http;
}

async function failureOf(promise: Promise<unknown>): Promise<ServerFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ServerFailure)) throw error ?? new Error('it went well');
  return error;
}

const get = (url: string) => ({ method: 'GET', url, what: 'read the run' }) as const;

describe('what is tried again', () => {
  it('a GET after a 502, with growing waits', async () => {
    let tries = 0;
    const { url } = await fakeServer((_, response) =>
      ++tries < 4 ? sendHtml(response, '<html><title>Bad Gateway</title>', 502) : sendJson(response, { ok: true }),
    );
    const answer = await client().send(get(`${url}/x`));
    expect(answer.body.toString()).toBe('{"ok":true}');
    expect(waits).toHaveLength(3);
    for (const [index, nominal] of [500, 1000, 2000].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(nominal * 0.75);
      expect(waits[index]).toBeLessThanOrEqual(nominal * 1.25);
    }
  });

  it.each([408, 425, 429, 503])('%i when the server says so', async (status) => {
    let tries = 0;
    const { url } = await fakeServer((_, response) => {
      if (++tries > 1) return sendJson(response, {});
      response.writeHead(status, { 'retry-after': '7' }).end();
    });
    await client().send({ ...get(url), method: 'POST', body: 'x' });
    expect(waits).toEqual([7000]);
  });

  it('gives up when the server wants more patience than a minute', async () => {
    const { url, asked } = await fakeServer(
      (_, response) => void response.writeHead(429, { 'retry-after': '3600' }).end(),
    );
    const failure = await failureOf(client().send(get(url)));
    expect(failure).toMatchObject({ kind: 'busy', status: 429, retryAfterMs: 3_600_000, passing: true });
    expect(asked).toHaveLength(1);
  });

  it.each([400, 401, 403, 404, 409, 410, 413, 422])('not %i', async (status) => {
    const { url, asked } = await fakeServer((_, response) =>
      sendJson(response, { status: 'error', message: 'no' }, status),
    );
    const failure = await failureOf(client().send(get(url)));
    expect(failure).toMatchObject({ status, passing: false, maybeDelivered: false, said: 'no' });
    expect(asked).toHaveLength(1);
  });

  it('not a POST that the server may have acted on, unless it is repeatable', async () => {
    const { url, asked } = await fakeServer((_, response) => sendJson(response, {}, 500));
    const post = { method: 'POST', url, what: 'send it', body: 'x' } as const;
    expect(await failureOf(client().send(post))).toMatchObject({ kind: 'server-error', maybeDelivered: true });
    expect(asked).toHaveLength(1);
    await failureOf(client().send({ ...post, repeatable: true }));
    expect(asked).toHaveLength(6);
  });

  it('a POST to which nobody listened', async () => {
    const failure = await failureOf(
      client().send({ method: 'POST', url: await deadPort(), what: 'send it', body: 'x' }),
    );
    expect(failure).toMatchObject({ kind: 'unreachable', maybeDelivered: false, environment: 'server' });
    expect(waits).toHaveLength(4);
  });

  it('a body from its start', async () => {
    let tries = 0;
    const { url, asked } = await fakeServer((_, response) => sendJson(response, {}, ++tries === 1 ? 503 : 200));
    const open = async function* () {
      yield Buffer.from('one ');
      yield Buffer.from('two');
    };
    await client().send({ method: 'PUT', url, what: 'upload', body: { bytes: 7, open } });
    expect(asked.map(({ body }) => body.toString())).toEqual(['one two', 'one two']);
    expect(asked.map(({ headers }) => headers['content-length'])).toEqual(['7', '7']);
  });

  it('ends with the reason of the signal', async () => {
    const { url } = await fakeServer((_, response) => sendJson(response, {}, 500));
    const stop = new AbortController();
    const why = new Error('stopped');
    const http = new HttpClient({ onRetry: () => stop.abort(why) });
    onTestFinished(() => http.close());
    await expect(http.send({ ...get(url), signal: stop.signal })).rejects.toBe(why);
  });
});

describe('time', () => {
  it('is up for a server that takes the request and is silent', async () => {
    const { url } = await fakeServer(() => {});
    const failure = await failureOf(client({ limits: { total: 50 } }).send({ ...get(url), retry: false }));
    expect(failure).toMatchObject({ kind: 'interrupted', maybeDelivered: true });
    expect(failure.message).toContain('was silent for too long');
  });

  it('is up for a body that stops half way', async () => {
    const { url } = await fakeServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{');
    });
    const failure = await failureOf(client({ limits: { total: 50 } }).send({ ...get(url), retry: false }));
    expect(failure.kind).toBe('interrupted');
  });

  it('a body that ends early is no answer', async () => {
    const { url } = await fakeServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.destroy());
    });
    const failure = await failureOf(client().send({ ...get(url), retry: false }));
    expect(failure.message).toContain('broke off before the answer was complete');
    const { body } = await client().stream({ ...get(url), accept: 'any' });
    expect((await failureOf(buffer(body))).kind).toBe('interrupted');
  });
});

describe('redirects', () => {
  it('take the credentials along within an origin, and never to another', async () => {
    const other = await fakeServer((_, response) => sendJson(response, { there: true }));
    const { url, asked } = await fakeServer(({ url: path }, response) => {
      const to = path === '/a' ? '/b' : `${other.url}/c`;
      response.writeHead(302, { location: to, 'x-run-status': 'PASSED' }).end();
    });
    const credentials = credentialsFor([[url, { ...tokenHeader('s3cret-token'), 'x-api': 's3cret-header' }]]);
    const answer = await client({ credentials }).send({ ...get(`${url}/a`), headers: { authorization: 'Token own' } });
    expect(asked.map(({ headers }) => headers['x-api'])).toEqual(['s3cret-header', 's3cret-header']);
    expect(other.asked[0]?.headers).not.toHaveProperty('authorization');
    expect(other.asked[0]?.headers).not.toHaveProperty('x-api');
    expect(answer).toMatchObject({ url: `${other.url}/c`, headers: { 'x-run-status': 'PASSED' } });
  });

  it('in a circle are told', async () => {
    const { url } = await fakeServer((_, response) => void response.writeHead(301, { location: '/again' }).end());
    expect((await failureOf(client().send(get(url)))).message).toContain('it was redirected 6 times');
  });

  it('are not followed with what changes something', async () => {
    const { url, asked } = await fakeServer((_, response) => void response.writeHead(301, { location: '/b' }).end());
    const failure = await failureOf(client().send({ method: 'POST', url, what: 'send it', body: 'x' }));
    expect(failure.message).toBe(
      `Could not send it at ${url}/: the server redirects to ${url}/b. Use that address from the start.`,
    );
    expect(asked).toHaveLength(1);
  });

  it('keep method and body where the server says so', async () => {
    const { url, asked } = await fakeServer(({ url: path }, response) =>
      path === '/b' ? sendJson(response, {}) : void response.writeHead(308, { location: '/b' }).end(),
    );
    await client().send({ method: 'POST', url, what: 'send it', body: 'x' });
    expect(asked[1]).toMatchObject({ method: 'POST', url: '/b', body: Buffer.from('x') });
  });
});

describe('what is said', () => {
  const said = async (settings: HttpSettings, url: string) =>
    (await failureOf(client(settings).send({ ...get(url), retry: false }))).message;

  it('when nothing listens', async () => {
    const url = await deadPort();
    expect(await said({}, url)).toMatch(
      /^Could not read the run at http:\/\/127\.0\.0\.1:\d+\/: nothing listens at 127\.0\.0\.1:\d+: the connection was refused \(.*\)\. Check the port, and that the server is up\.$/,
    );
  });

  it('when the name is unknown', async () => {
    expect(await said({}, 'http://jobserv.invalid/')).toContain('the name jobserv.invalid cannot be resolved here');
  });

  it('when https is wanted of a server without it', async () => {
    const { url } = await fakeServer((_, response) => sendJson(response, {}));
    expect(await said({}, url.replace('http:', 'https:'))).toContain('write http:// instead of https://');
  });

  it('when it is no HTTP', async () => {
    const server = createServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    expect(await said({}, `http://127.0.0.1:${port}/`)).toContain('does not speak HTTP');
  });

  it("of a proxy's page", async () => {
    const { url } = await fakeServer((_, response) =>
      sendHtml(response, '<html><head><title>502 Bad Gateway</title></head></html>', 502),
    );
    expect(await said({}, url)).toContain('a page of its own (502) ("502 Bad Gateway"). The server behind it is down');
  });

  it('of a body that is too large, which only its sender or that server can change', async () => {
    const { url } = await fakeServer((_, response) => sendHtml(response, '<title>413</title>', 413));
    const { host } = new URL(url);
    expect(await said({}, url)).toContain(
      `it is too large for ${host}, or for a proxy before it (413). Make it smaller, or ask who runs that server or proxy to raise its limit.`,
    );
  });

  it('of a redirect to a login', async () => {
    const login = await fakeServer((_, response) => sendHtml(response, '<!doctype html><title>Sign in</title>'));
    const { url } = await fakeServer(
      (_, response) => void response.writeHead(302, { location: `${login.url}/sso?next=x` }).end(),
    );
    expect(await said({}, url)).toContain(
      `instead of data came the page "Sign in" from ${login.url}/sso, a login page. Give your credentials: --token`,
    );
  });

  it('of a redirect to a login though credentials were given, and not that they were not', async () => {
    const login = await fakeServer((_, response) => sendHtml(response, '<!doctype html><title>Sign in</title>'));
    const { url } = await fakeServer((_, response) => void response.writeHead(302, { location: login.url }).end());
    const message = await said({ credentials: credentialsFor([[url, tokenHeader('abcdefgh')]]) }, url);
    expect(message).toContain('a login page. Your credentials were not sufficient. Check that the token');
  });

  it('of another host that a redirect led to: it was not sent the credentials', async () => {
    const other = await fakeServer((_, response) => void response.writeHead(404).end());
    const { url } = await fakeServer((_, response) => void response.writeHead(302, { location: other.url }).end());
    const message = await said({ credentials: credentialsFor([[url, tokenHeader('abcdefgh')]]) }, url);
    const [from, to] = [new URL(url).host, new URL(other.url).host];
    expect(message).toContain(
      `${from} redirected to ${to}, which did not get your credentials: they are for ${from}. If ${to} may have them`,
    );
    expect(message).not.toContain('Give your credentials');
  });

  it('of 404 without and with credentials', async () => {
    const { url } = await fakeServer((_, response) =>
      sendJson(response, { status: 'error', message: 'Not Found' }, 404),
    );
    expect(await said({}, url)).toContain('it can be seen only with a login');
    const credentials = credentialsFor([[url, tokenHeader('abcdefgh')]]);
    expect(await said({ credentials }, url)).toContain('these credentials may not see it');
  });

  it('of 401 without and with credentials, which are not in it', async () => {
    const { url } = await fakeServer(({ headers }, response) =>
      sendJson(response, { status: 'error', message: `bad ${headers['authorization'] ?? 'nothing'}` }, 401),
    );
    expect(await said({}, url)).toContain('requires a login (401) ("bad nothing"). Give your credentials');
    const credentials = credentialsFor([[url, tokenHeader('very-secret')]]);
    const message = await said({ credentials }, url);
    expect(message).toContain('does not accept the credentials that were given');
    expect(message).not.toContain('very-secret');
  });

  it('of a page where data should be', async () => {
    const { url } = await fakeServer((_, response) => sendHtml(response, '<!DOCTYPE html><title>My CI</title>'));
    expect(await said({}, url)).toContain('the page "My CI" of a front end or a proxy');
  });

  it('without what may be secret in an address, and without control characters', async () => {
    const { url } = await fakeServer((_, response) =>
      sendJson(response, { status: 'error', message: 'no\u001b]0;title\u0007 way\n' }, 400),
    );
    const message = await said({}, `${url.replace('//', '//user:pass@')}/x?sig=abc#f`);
    expect(message).toContain(`Could not read the run at ${url}/x: `);
    expect(message).toContain('("no way")');
    expect(message).not.toMatch(/pass|abc/);
  });
});

/** Where nothing listens any more. */
async function deadPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}
