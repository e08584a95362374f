/** Where a redirect may lead by what its name resolves to. The resolver has one name more than this machine's. */
import dns from 'node:dns';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { HttpClient } from '../../../src/server/index.js';
import { fakeServer } from './fake-server.js';

const INSIDE = 'inside.example.org';

const { lookup } = dns;

/** The resolver of this process; whoever imported its `lookup` by name has it too. */
function resolveWith(other: typeof lookup): void {
  dns.lookup = other;
  syncBuiltinESMExports();
}

beforeAll(() => {
  type Answer = (error: null, found: { address: string; family: number }[]) => void;
  const withInside = (host: string, options: object, answer: Answer) =>
    host === INSIDE ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : lookup(host, options, answer as never);
  resolveWith(withInside as never);
});

afterAll(() => resolveWith(lookup));

/** A proxy that leads to one server, whoever is asked for. */
async function proxyTo(url: string): Promise<string> {
  const proxy = createServer().on('connect', (_, socket) => {
    const server = connect(Number(new URL(url).port), '127.0.0.1');
    for (const end of [server, socket]) end.on('error', () => {});
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(server).pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

it.each([INSIDE, 'localhost'])(
  'a server elsewhere that redirects to %s, a name of this machine, is not followed',
  async (name) => {
    const inside = await fakeServer((_, response) => void response.end('{}'));
    const location = `http://${name}:${new URL(inside.url).port}/`;
    const elsewhere = await fakeServer((_, response) => void response.writeHead(302, { location }).end());
    vi.stubEnv('http_proxy', await proxyTo(elsewhere.url));
    vi.stubEnv('no_proxy', name);
    onTestFinished(() => void vi.unstubAllEnvs());
    const http = new HttpClient({ pause: async () => {} });
    onTestFinished(() => http.close());
    const call = { method: 'GET', url: 'http://ci.example.org/x', what: 'read it' } as const;
    await expect(http.send(call)).rejects.toMatchObject({
      kind: 'redirected',
      message: expect.stringMatching(/^Could not read it at .*an address of this machine or its own network link/),
    });
    expect(elsewhere.asked).toHaveLength(1);
    expect(inside.asked).toEqual([]);
  },
);

it('a server of this machine may redirect within it', async () => {
  const inside = await fakeServer((_, response) => void response.end('{"there": 1}'));
  const location = `http://localhost:${new URL(inside.url).port}/`;
  const { url } = await fakeServer((_, response) => void response.writeHead(302, { location }).end());
  const http = new HttpClient();
  onTestFinished(() => http.close());
  const answer = await http.send({ method: 'GET', url, what: 'read it' });
  expect(answer.body.toString()).toBe('{"there": 1}');
});
