/** Pulls from a real registry, with and without users, and from one that only pretends. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { connectEngine, type DockerEngine, type EngineLimits, findEngine } from '../../src/docker/index.js';
import type { RegistryCredentials } from '../../src/executor/index.js';
import { memoryLog, never } from '../support/containers.js';
import { EngineProxy } from '../support/engine-proxy.js';
import { testImage } from '../support/image.js';
import { freePort, TestRegistry } from '../support/registry.js';

const ALICE = { username: 'alice', password: 'pa:ss wörd' };
const BOB = { username: 'bob', password: 'b' };
const auth = ({ username, password }: RegistryCredentials) => Buffer.from(`${username}:${password}`).toString('base64');

let open: TestRegistry;
let guarded: TestRegistry;
let free: string;
let secret: string;
let home: string;

beforeAll(async () => {
  const { address } = await connectEngine({ logDriver: 'none' });
  const image = await testImage();
  [open, guarded] = await Promise.all([TestRegistry.start(address), TestRegistry.start(address, [ALICE, BOB])]);
  free = await open.push(image, 'team/free:1');
  await open.push(image, 'team/plain');
  secret = await guarded.push(image, 'team/secret:1', ALICE);
});

afterAll(() => Promise.all([open?.stop(), guarded?.stop()]));

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'jobserv-home-'));
  await mkdir(join(home, '.docker'));
});

afterEach(async () => {
  await Promise.all([open.forget(free), open.forget(`${open.host}/team/plain`), guarded.forget(secret)]);
  await rm(home, { recursive: true, force: true });
});

/** An engine of a user whose docker config is this. */
async function engineOf(config?: object, limits: Partial<EngineLimits> = {}): Promise<DockerEngine> {
  if (config) await writeFile(join(home, '.docker/config.json'), JSON.stringify(config));
  const env = { PATH: `${home}${delimiter}${process.env['PATH']}`, ...engineVariables() };
  return connectEngine({ logDriver: 'none', surroundings: { env, home }, limits });
}

/** Which engine these tests use is not the made-up user's choice. */
function engineVariables(): Record<string, string> {
  const host = process.env['DOCKER_HOST'];
  return host ? { DOCKER_HOST: host } : {};
}

async function pull(engine: DockerEngine, reference: string, credentials?: RegistryCredentials, signal = never) {
  const log = memoryLog();
  const request = { reference, log, signal, ...(credentials ? { credentials } : {}) };
  const result = await engine.pull(request).catch((error: unknown) => error);
  return { result, text: log.text() };
}

const PULLED = {
  id: expect.stringMatching(/^sha256:/),
  digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  os: 'linux',
};

describe('a pull', () => {
  it('brings the image and its digest, and logs what docker pull prints', async () => {
    const engine = await engineOf();
    const { result, text } = await pull(engine, free);
    expect(result).toMatchObject(PULLED);
    const { digest } = result as { digest: string };
    expect(text).toContain('1: Pulling from team/free\n');
    expect(text).toContain(`Digest: ${digest}\n`);
    expect(text).toMatch(new RegExp(`Status: Downloaded newer image for ${free}\n$`));
    expect(await engine.inspectImage(free)).toMatchObject({ digest });
    expect((await pull(engine, free)).text).toContain('Status: Image is up to date');
  });

  it('takes latest, and nothing else, for a name without tag', async () => {
    const { result, text } = await pull(await engineOf(), `${open.host}/team/plain`);
    expect(result).toMatchObject(PULLED);
    expect(text).toMatch(/^Using default tag: latest\n/);
  });

  it('takes a digest', async () => {
    const engine = await engineOf();
    const { digest } = (await pull(engine, free)).result as { digest: string };
    await open.forget(free);
    const pinned = `${open.host}/team/free@${digest}`;
    expect((await pull(engine, pinned)).result).toMatchObject({ digest });
    await open.forget(pinned);
  });

  it('tells a missing image from a registry that is not there', async () => {
    const engine = await engineOf();
    expect((await pull(engine, `${open.host}/team/none:1`)).result).toMatchObject({
      name: 'RunFailure',
      reason: 'setup',
      environment: 'registry',
      message: expect.stringMatching(/could not be pulled: manifest .* not found.* Check its name and tag\.$/),
    });
    expect((await pull(engine, `127.0.0.1:${await freePort()}/x:1`)).result).toMatchObject({
      reason: 'setup',
      environment: 'registry',
      message: expect.stringContaining('connection refused'),
    });
  });

  it('refuses a name that is none', async () => {
    const { result } = await pull(await engineOf(), '../../containers/json');
    expect(result).toMatchObject({ reason: 'setup', message: expect.stringContaining('no name of a container image') });
  });
});

describe('credentials', () => {
  it("are missing: the registry's refusal, with what to do", async () => {
    const { result } = await pull(await engineOf(), secret);
    expect(result).toMatchObject({
      reason: 'setup',
      environment: 'registry',
      message: expect.stringContaining(`docker login ${guarded.host}`),
    });
  });

  it("of the run are used for this pull, over the user's own, whose config stays as it is", async () => {
    const engine = await engineOf({
      auths: { [guarded.host]: { auth: auth({ username: 'alice', password: 'old' }) } },
    });
    const path = join(home, '.docker/config.json');
    const [before, age] = await Promise.all([readFile(path), stat(path)]);
    expect((await pull(engine, secret, ALICE)).result).toMatchObject(PULLED);
    expect((await readFile(path)).equals(before)).toBe(true);
    expect((await stat(path)).mtimeMs).toBe(age.mtimeMs);
    expect(await readdir(join(home, '.docker'))).toEqual(['config.json']);
    await guarded.forget(secret);
    expect((await pull(engine, secret)).result).toMatchObject({ reason: 'setup' });
  });

  it('of two runs at one time do not meet, and a wrong one is wrong', async () => {
    const engine = await engineOf();
    const wrong = { username: 'alice', password: 'wrong' };
    const [one, two, three] = await Promise.all([
      pull(engine, secret, ALICE),
      pull(engine, secret, BOB),
      pull(engine, `${guarded.host}/team/other:1`, wrong),
    ]);
    expect(one.result).toMatchObject(PULLED);
    expect(two.result).toMatchObject(PULLED);
    expect(three.result).toMatchObject({ reason: 'setup', environment: 'registry' });
    expect(`${(three.result as Error).message}${three.text}`).not.toContain('wrong');
    expect(await readdir(join(home, '.docker'))).toEqual([]);
  });

  it("come from the user's docker config", async () => {
    const engine = await engineOf({ auths: { [guarded.host]: { auth: auth(BOB) } } });
    expect((await pull(engine, secret)).result).toMatchObject(PULLED);
  });

  it("come from the user's credential helper", async () => {
    const helper = join(home, 'docker-credential-vault');
    const answer = JSON.stringify({ Username: ALICE.username, Secret: ALICE.password });
    await writeFile(helper, `#!/bin/sh\nread -r server\n[ "$server" = ${guarded.host} ] || exit 1\necho '${answer}'\n`);
    await chmod(helper, 0o755);
    const engine = await engineOf({ credHelpers: { [guarded.host]: 'vault' } });
    expect((await pull(engine, secret)).result).toMatchObject(PULLED);
  });

  it('that cannot be had are told, and the pull goes on without', async () => {
    const engine = await engineOf({ credsStore: 'nowhere' });
    const { result, text } = await pull(engine, free);
    expect(result).toMatchObject(PULLED);
    expect(text).toContain(
      `WARN No credentials for ${open.host}: docker-credential-nowhere is not installed, or not on PATH.`,
    );
    await writeFile(join(home, '.docker/config.json'), '{"auths": oops');
    expect((await pull(engine, free)).text).toContain('config.json is no JSON object');
  });
});

describe('a registry that takes the call and says nothing', () => {
  let silent: Server;
  let calls: Socket[];
  let reference: string;

  beforeEach(async () => {
    calls = [];
    silent = createServer((socket) => {
      calls.push(socket);
      socket.on('error', () => {});
      socket.resume();
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    reference = `127.0.0.1:${(silent.address() as { port: number }).port}/x:1`;
  });

  afterEach(async () => {
    for (const socket of calls) socket.destroy();
    silent.close();
    await once(silent, 'close');
  });

  it('is not waited for longer than the bound', async () => {
    const engine = await engineOf(undefined, { stall: 500 });
    expect((await pull(engine, reference)).result).toMatchObject({
      reason: 'setup',
      environment: 'registry',
      message: expect.stringContaining('hardly anything arrived for 0.5 s'),
    });
  });

  it('is left when the pull is aborted, with no call to the engine left open', async () => {
    const { endpoint } = await findEngine();
    const proxy = await EngineProxy.start('socketPath' in endpoint ? endpoint.socketPath : '');
    try {
      const surroundings = { home, env: { DOCKER_HOST: proxy.address } };
      const engine = await connectEngine({ logDriver: 'none', surroundings });
      const controller = new AbortController();
      const called = once(silent, 'connection');
      const pulling = pull(engine, reference, undefined, controller.signal);
      await called;
      const reason = new Error('cancelled');
      controller.abort(reason);
      expect((await pulling).result).toBe(reason);
      await expect.poll(() => proxy.connections, { timeout: 60_000 }).toBe(0);
    } finally {
      await proxy.close();
    }
  });

  it('is not asked when the pull was aborted before', async () => {
    const { result } = await pull(await engineOf(), reference, undefined, AbortSignal.abort(new Error('before')));
    expect(result).toMatchObject({ message: 'before' });
    expect(calls).toEqual([]);
  });
});

describe('a registry that lies', () => {
  /** One that answers every call but the first question this way; answers its address. */
  async function lying(listener: RequestListener): Promise<string> {
    const server = createHttpServer((request, response) => {
      if (request.url === '/v2/')
        response.writeHead(200, { 'Docker-Distribution-Api-Version': 'registry/2.0' }).end('{}');
      else listener(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `127.0.0.1:${(server.address() as { port: number }).port}`;
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'with a page',
      (_, response) => void response.writeHead(404).end('<html>hello</html>'),
      /gave an answer that no registry gives/,
    ],
    [
      'with a redirect to itself',
      (request, response) => void response.writeHead(307, { Location: request.url ?? '/' }).end(),
      /stopped after 10 redirects.*gave an answer that no registry gives/,
    ],
    [
      'with another manifest than was asked for',
      (_, response) => {
        response.writeHead(200, {
          'Content-Type': 'application/vnd.docker.distribution.manifest.v2+json',
          'Docker-Content-Digest': `sha256:${'0'.repeat(64)}`,
        });
        response.end(manifest);
      },
      /could not be pulled/,
    ],
    [
      'that it limits its pulls',
      (_, response) =>
        void response
          .writeHead(429, { 'Content-Type': 'application/json' })
          .end('{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 3s"}]}'),
      /limits how many pulls it answers: wait, or log in/,
    ],
    [
      'with a line that looks like ours',
      (_, response) =>
        void response.writeHead(400, { 'Content-Type': 'application/json' }).end(
          JSON.stringify({
            errors: [{ code: 'UNKNOWN', message: 'x\n== 2026-11-30 12:00:00.000000: The run has PASSED' }],
          }),
        ),
      /could not be pulled/,
    ],
  ])('%s is the environment, and the reason is on one line', async (_, listener, words) => {
    const host = await lying(listener);
    const { result, text } = await pull(await engineOf(), `${host}/x@sha256:${'1'.repeat(64)}`);
    expect(result).toMatchObject({ reason: 'setup', environment: 'registry', message: expect.stringMatching(words) });
    expect(`${(result as Error).message}\n${text}`).not.toMatch(/^==/m);
    expect((result as Error).message).not.toContain('\n');
  });

  /** Serves an image whose first layer never comes to its end; every request that came is kept. */
  function dripping(requests: string[]): RequestListener {
    const json = (value: object) => Buffer.from(JSON.stringify(value));
    const digest = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const layer = { digest: `sha256:${'2'.repeat(64)}`, size: 50_000_000 };
    const config = json({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } });
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const whole = json({
      schemaVersion: 2,
      mediaType: type,
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        size: config.length,
        digest: digest(config),
      },
      layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...layer }],
    });
    return ({ url = '', headers }, response) => {
      requests.push(`${url} ${headers.authorization ?? ''}`);
      if (url.includes('/manifests/')) {
        const about = { 'Content-Type': type, 'Content-Length': whole.length, 'Docker-Content-Digest': digest(whole) };
        response.writeHead(200, about).end(whole);
      } else if (url.endsWith(digest(config))) response.writeHead(200, { 'Content-Length': config.length }).end(config);
      else {
        response.writeHead(200, { 'Content-Length': layer.size });
        const drip = setInterval(() => response.write('x'), 200);
        response.on('close', () => clearInterval(drip));
      }
    };
  }

  it('with a byte now and then is left after the bound', async () => {
    const requests: string[] = [];
    const host = await lying(dripping(requests));
    const { result } = await pull(await engineOf(undefined, { stall: 3_000 }), `${host}/x:1`);
    expect(result).toMatchObject({
      environment: 'registry',
      message: expect.stringContaining('hardly anything arrived'),
    });
    expect(requests.some((one) => one.includes('/blobs/'))).toBe(true);
  });

  it.each(['with a realm on another host', 'with a redirect to another host'])(
    '%s gets no login of another registry, and no redirect gets any',
    async (how) => {
      const elsewhere: string[] = [];
      const other = await lying(({ url = '', headers }, response) => {
        elsewhere.push(`${url} ${headers.authorization ?? ''}`);
        response.writeHead(401, { 'Content-Type': 'application/json' }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
      });
      const isRealm = how.includes('realm');
      const server = createHttpServer((_, response) => {
        const realm = { 'WWW-Authenticate': `Bearer realm="http://${other}/token",service="s"` };
        if (isRealm) response.writeHead(401, realm).end('{}');
        else response.writeHead(307, { Location: `http://${other}/moved` }).end();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
      const auths = {
        [host]: { auth: auth(ALICE) },
        [other]: { auth: auth(BOB) },
        'r.example.org': { auth: auth(BOB) },
      };
      const { result } = await pull(await engineOf({ auths }), `${host}/x:1`);
      expect(result).toMatchObject({ reason: 'setup', environment: 'registry' });
      expect(elsewhere.join('\n')).not.toContain(auth(BOB));
      expect(elsewhere.filter((one) => one.startsWith('/moved')).join('\n')).not.toContain(auth(ALICE));
    },
  );
});
