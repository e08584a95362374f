import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectEngine } from '../../../src/docker/engine.js';
import type { Surroundings } from '../../../src/docker/engine-places.js';
import { findEngine } from '../../../src/docker/find-engine.js';
import { RunFailure } from '../../../src/executor/ports.js';

let home: string;
let around: Surroundings;
let closing: (() => Promise<unknown>)[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'jobserv-home-'));
  const runtime = join(home, 'runtime');
  around = {
    env: { XDG_RUNTIME_DIR: runtime },
    home,
    platform: 'linux',
    uid: 4711,
    dockerSocket: join(home, 'var/docker.sock'),
    podmanSocket: join(home, 'var/podman.sock'),
  };
  closing = [];
});

afterEach(async () => {
  await Promise.all(closing.map((close) => close()));
  await rm(home, { recursive: true, force: true });
});

const DOCKER: RequestListener = (_, answer) => answer.setHeader('Server', 'Docker/20.10.24 (linux)').end('OK');
const PODMAN: RequestListener = (_, answer) => answer.setHeader('Server', 'Libpod/4.3.1 (linux)').end('OK');

async function listen(where: string | number, listener = DOCKER): Promise<Server> {
  const server = createServer(listener);
  if (typeof where === 'string') await mkdir(dirname(where), { recursive: true });
  await new Promise<void>((resolve) =>
    server.listen(typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' }, resolve),
  );
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return server;
}

/** A socket file whose process is gone. */
async function deadSocket(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const server = createNetServer();
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve));
  const { link } = await import('node:fs/promises');
  await link(`${path}.live`, path);
  await new Promise((resolve) => server.close(resolve));
}

async function context(name: string, docker: object): Promise<void> {
  const id = createHash('sha256').update(name).digest('hex');
  const path = join(home, '.docker/contexts/meta', id, 'meta.json');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify({ Name: name, Endpoints: { docker } }));
}

async function config(content: object): Promise<void> {
  await mkdir(join(home, '.docker'), { recursive: true });
  await writeFile(join(home, '.docker/config.json'), JSON.stringify(content));
}

const failure = async (): Promise<RunFailure> => {
  const found = await findEngine(around).catch((error: unknown) => error);
  expect(found).toBeInstanceOf(RunFailure);
  return found as RunFailure;
};

describe('findEngine finds', () => {
  it.each([
    ['the usual socket', 'var/docker.sock'],
    ['rootless Docker', 'runtime/docker.sock'],
    ['Docker Desktop', '.docker/run/docker.sock'],
    ["Podman's socket", 'var/podman.sock'],
    ["a user's Podman", 'runtime/podman/podman.sock'],
  ])('%s', async (_, path) => {
    await listen(join(home, path));
    expect((await findEngine(around)).endpoint.address).toBe(`unix://${join(home, path)}`);
  });

  it("Podman's machine on macOS", async () => {
    around.platform = 'darwin';
    const path = join(home, '.local/share/containers/podman/machine/default/podman.sock');
    await listen(path, PODMAN);
    expect(await findEngine(around)).toEqual({
      name: 'podman',
      version: '4.3.1',
      endpoint: { address: `unix://${path}`, socketPath: path },
    });
  });

  it('Docker before Podman, past a socket that nobody serves', async () => {
    await deadSocket(around.dockerSocket);
    await listen(around.podmanSocket, PODMAN);
    expect((await findEngine(around)).name).toBe('podman');
    await listen(join(home, '.docker/run/docker.sock'));
    expect(await findEngine(around)).toMatchObject({ name: 'docker', version: '20.10.24' });
  });

  it('what CONTAINER_HOST names, before the usual Podman sockets', async () => {
    await listen(around.podmanSocket, PODMAN);
    const path = join(home, 'mine.sock');
    await listen(path, PODMAN);
    around.env['CONTAINER_HOST'] = `unix://${path}`;
    expect((await findEngine(around)).endpoint.address).toBe(`unix://${path}`);
  });

  it('what DOCKER_HOST names, over sockets and contexts', async () => {
    await listen(around.dockerSocket);
    await config({ currentContext: 'other' });
    const server = await listen(0, PODMAN);
    const { port } = server.address() as { port: number };
    around.env = { ...around.env, DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_CONTEXT: 'third' };
    expect(await findEngine(around)).toMatchObject({
      name: 'podman',
      endpoint: { address: `tcp://127.0.0.1:${port}`, host: '127.0.0.1', port },
    });
    around.env['DOCKER_HOST'] = 'unix://';
    expect((await findEngine(around)).endpoint.address).toBe(`unix://${around.dockerSocket}`);
  });

  it('the current context, and DOCKER_CONTEXT over it', async () => {
    const [one, two] = [join(home, 'one.sock'), join(home, 'two.sock')];
    await Promise.all([listen(one), listen(two), listen(around.dockerSocket)]);
    await context('one', { Host: `unix://${one}` });
    await context('two', { Host: `unix://${two}` });
    await config({ currentContext: 'one' });
    expect((await findEngine(around)).endpoint.address).toBe(`unix://${one}`);
    around.env['DOCKER_CONTEXT'] = 'two';
    expect((await findEngine(around)).endpoint.address).toBe(`unix://${two}`);
    around.env['DOCKER_CONTEXT'] = 'default';
    expect((await findEngine(around)).endpoint.address).toBe(`unix://${around.dockerSocket}`);
  });

  it('the usual socket when the docker config is not to be read', async () => {
    await listen(around.dockerSocket);
    await mkdir(join(home, '.docker'), { recursive: true });
    await writeFile(join(home, '.docker/config.json'), '{"currentContext": ');
    expect((await findEngine(around)).endpoint.address).toBe(`unix://${around.dockerSocket}`);
  });
});

describe('findEngine, asked for an image on the way', () => {
  const INSPECTION = { Id: `sha256:${'1'.repeat(64)}`, RepoDigests: [], Os: 'linux', Architecture: 'amd64' };
  const asked: string[] = [];
  const knowing =
    (status: number, body: string): RequestListener =>
    (request, answer) => {
      asked.push(request.url ?? '');
      if (request.url === '/_ping') return void DOCKER(request, answer);
      answer.setHeader('Server', 'Libpod/4.3.1 (linux)').writeHead(status).end(body);
    };
  const found = async (image: string, status: number, body: string) => {
    asked.length = 0;
    await listen(around.dockerSocket, knowing(status, body));
    return findEngine(around, image);
  };

  it('has what the engine says of it, without a ping', async () => {
    const { image, name } = await found('127.0.0.1:5000/ci/sdk:1', 200, JSON.stringify(INSPECTION));
    expect({ image, name, asked }).toEqual({
      image: INSPECTION,
      name: 'podman',
      asked: ['/images/127.0.0.1:5000/ci/sdk:1/json'],
    });
  });

  it.each([
    ['it does not have it', 404, '{"message":"No such image: sdk:1"}'],
    ['it cannot look', 500, '{"message":"the storage is broken"}'],
    ['somebody answers who knows no images', 200, '<html>'],
    ['the answer is another one', 200, '[]'],
    ['the answer is nothing', 200, 'null'],
  ])('lets the ping decide when %s', async (_, status, body) => {
    const engine = await found('sdk:1', status, body);
    expect(engine).toMatchObject({ name: 'docker', version: '20.10.24' });
    expect(engine).not.toHaveProperty('image');
    expect(asked).toEqual(['/images/sdk:1/json', '/_ping']);
  });

  it('lets the ping decide when the answer is cut off', async () => {
    await listen(around.dockerSocket, (request, answer) => {
      if (request.url === '/_ping') return void DOCKER(request, answer);
      answer.writeHead(200, { 'Content-Length': '1000' }).write(JSON.stringify(INSPECTION));
      setTimeout(() => answer.destroy(), 20);
    });
    const engine = await findEngine(around, 'sdk:1');
    expect(engine).toMatchObject({ name: 'docker' });
    expect(engine).not.toHaveProperty('image');
  });

  it.each(['', 'No Name', '../containers/json?all=1&x=', 'a b', 'sdk:1\r\nX: y'])(
    'never asks for %j',
    async (image) => {
      expect(await found(image, 200, JSON.stringify(INSPECTION))).not.toHaveProperty('image');
      expect(asked).toEqual(['/_ping']);
    },
  );

  it('tells the engine of that image once, and of no other', async () => {
    await listen(around.dockerSocket, knowing(200, JSON.stringify(INSPECTION)));
    asked.length = 0;
    const engine = await connectEngine({ logDriver: 'none', surroundings: around, image: 'sdk:1' });
    const info = { id: INSPECTION.Id, os: 'linux', architecture: 'amd64' };
    expect(await engine.inspectImage('sdk:1')).toEqual(info);
    expect(asked).toEqual(['/images/sdk:1/json']);
    expect(await engine.inspectImage('sdk:1')).toEqual(info);
    expect(asked).toEqual(['/images/sdk:1/json', '/images/sdk:1/json']);
    const other = await connectEngine({ logDriver: 'none', surroundings: around, image: 'sdk:1' });
    asked.length = 0;
    await other.inspectImage('sdk:2');
    expect(asked).toEqual(['/images/sdk:2/json']);
  });

  it('asks again for what was told a while ago', async () => {
    await listen(around.dockerSocket, knowing(200, JSON.stringify(INSPECTION)));
    const engine = await connectEngine({ logDriver: 'none', surroundings: around, image: 'sdk:1' });
    asked.length = 0;
    const [seconds, nanoseconds] = process.hrtime();
    const clock = vi.spyOn(process, 'hrtime').mockReturnValue([seconds + 2, nanoseconds]);
    closing.push(async () => clock.mockRestore());
    await engine.inspectImage('sdk:1');
    expect(asked).toEqual(['/images/sdk:1/json']);
  });
});

describe('findEngine says why there is none', () => {
  it('when nothing is installed: every place that was tried', async () => {
    const { message, reason, environment } = await failure();
    expect({ reason, environment }).toEqual({ reason: 'setup', environment: 'engine' });
    expect(message).toContain(`${around.dockerSocket}: no such socket`);
    expect(message).toContain(`${around.podmanSocket}: no such socket`);
    expect(message).toContain('Install Docker or Podman');
    expect(message).not.toContain('\n');
  });

  it('when it is not running', async () => {
    await deadSocket(around.dockerSocket);
    const { message } = await failure();
    expect(message).toContain(`${around.dockerSocket}: nobody listens there`);
    expect(message).toContain('installed but not running');
  });

  it('when what DOCKER_HOST names does not answer: no other is taken', async () => {
    await listen(around.dockerSocket);
    around.env['DOCKER_HOST'] = `unix://${home}/gone.sock`;
    const { message } = await failure();
    expect(message).toContain(`unix://${home}/gone.sock (from DOCKER_HOST): no such socket`);
    expect(message).toContain('correct DOCKER_HOST');
  });

  it('when the engine is behind ssh: what to do instead', async () => {
    around.env['DOCKER_HOST'] = 'ssh://ci@build.example.org';
    expect((await failure()).message).toContain('ssh -nNT -L');
  });

  it.each(['http://x', 'nonsense', 'tcp://', 'npipe:////./pipe/docker_engine'])(
    'when DOCKER_HOST is %s',
    async (host) => {
      around.env['DOCKER_HOST'] = host;
      expect((await failure()).message).toContain('neither unix://<path> nor tcp://<host>:<port>');
    },
  );

  it('when the context does not exist, or names no engine', async () => {
    await config({ currentContext: 'gone' });
    expect((await failure()).message).toMatch(
      /docker context "gone" \(from currentContext\): there is no such context/,
    );
    await context('gone', {});
    expect((await failure()).message).toContain('names no docker endpoint');
  });

  it('when something else answers', async () => {
    await listen(around.dockerSocket, (_, answer) => answer.writeHead(404).end());
    expect((await failure()).message).toContain('it answers with HTTP status 404');
  });

  it('when the permission is missing: the group', async () => {
    around.env['DOCKER_HOST'] = 'unix:///forbidden.sock';
    const { explainAttempts } = await import('../../../src/docker/find-engine.js');
    const error = Object.assign(new Error('connect EACCES'), { code: 'EACCES' });
    const text = explainAttempts([
      { place: { address: '/forbidden.sock', endpoint: () => Promise.reject(error) }, error },
    ]);
    expect(text).toContain('/forbidden.sock: no permission to open it');
    expect(text).toContain('sudo usermod -aG docker');
  });
});
