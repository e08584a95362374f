import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { explainAttempts, findEngine, type Surroundings } from '../../../src/docker/index.js';
import { RunFailure } from '../../../src/executor/index.js';

let home: string;
let around: Surroundings;
let closing: (() => Promise<unknown>)[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'jobserv-home-'));
  // A tunnel's folder stays until its process ends: here it goes with the home.
  vi.stubEnv('TMPDIR', home);
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
  vi.unstubAllEnvs();
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
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
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
  const found = await findEngine({ surroundings: around }).catch((error: unknown) => error);
  expect(found).toBeInstanceOf(RunFailure);
  return found as RunFailure;
};

describe('findEngine finds', () => {
  it('an engine without TLS, whatever DOCKER_CERT_PATH names', async () => {
    const { port } = (await listen(0)).address() as AddressInfo;
    for (const [name, value] of Object.entries({
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      DOCKER_CERT_PATH: join(home, 'none'),
    })) {
      // The client reads the process's own.
      vi.stubEnv(name, value);
      around.env[name] = value;
    }
    expect((await findEngine({ surroundings: around })).endpoint.address).toBe(`tcp://127.0.0.1:${port}`);
  });

  it.each([
    ['the usual socket', 'var/docker.sock'],
    ['rootless Docker', 'runtime/docker.sock'],
    ['Docker Desktop', '.docker/run/docker.sock'],
    ["Podman's socket", 'var/podman.sock'],
    ["a user's Podman", 'runtime/podman/podman.sock'],
  ])('%s', async (_, path) => {
    await listen(join(home, path));
    expect((await findEngine({ surroundings: around })).endpoint.address).toBe(`unix://${join(home, path)}`);
  });

  it("Podman's machine on macOS", async () => {
    around.platform = 'darwin';
    const path = join(home, '.local/share/containers/podman/machine/default/podman.sock');
    await listen(path, PODMAN);
    const { endpoint } = await findEngine({ surroundings: around });
    expect(endpoint).toEqual({ address: `unix://${path}`, socketPath: path });
  });

  it('Docker before Podman, past a socket that nobody serves', async () => {
    await deadSocket(around.dockerSocket);
    await listen(around.podmanSocket, PODMAN);
    const address = async () => (await findEngine({ surroundings: around })).endpoint.address;
    expect(await address()).toBe(`unix://${around.podmanSocket}`);
    await listen(join(home, '.docker/run/docker.sock'));
    expect(await address()).toBe(`unix://${join(home, '.docker/run/docker.sock')}`);
  });

  it('what CONTAINER_HOST names, before the usual Podman sockets', async () => {
    await listen(around.podmanSocket, PODMAN);
    const path = join(home, 'mine.sock');
    await listen(path, PODMAN);
    around.env['CONTAINER_HOST'] = `unix://${path}`;
    expect((await findEngine({ surroundings: around })).endpoint.address).toBe(`unix://${path}`);
  });

  it('what DOCKER_HOST names, over sockets and contexts', async () => {
    await listen(around.dockerSocket);
    await config({ currentContext: 'other' });
    const server = await listen(0, PODMAN);
    const { port } = server.address() as { port: number };
    around.env = { ...around.env, DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_CONTEXT: 'third' };
    expect(await findEngine({ surroundings: around })).toMatchObject({
      endpoint: { address: `tcp://127.0.0.1:${port}`, host: '127.0.0.1', port },
    });
    around.env['DOCKER_HOST'] = 'unix://';
    expect((await findEngine({ surroundings: around })).endpoint.address).toBe(`unix://${around.dockerSocket}`);
  });

  it('the current context, and DOCKER_CONTEXT over it', async () => {
    const [one, two] = [join(home, 'one.sock'), join(home, 'two.sock')];
    await Promise.all([listen(one), listen(two), listen(around.dockerSocket)]);
    await context('one', { Host: `unix://${one}` });
    await context('two', { Host: `unix://${two}` });
    await config({ currentContext: 'one' });
    expect((await findEngine({ surroundings: around })).endpoint.address).toBe(`unix://${one}`);
    around.env['DOCKER_CONTEXT'] = 'two';
    expect((await findEngine({ surroundings: around })).endpoint.address).toBe(`unix://${two}`);
    around.env['DOCKER_CONTEXT'] = 'default';
    expect((await findEngine({ surroundings: around })).endpoint.address).toBe(`unix://${around.dockerSocket}`);
  });

  it('the usual socket when the docker config is not to be read', async () => {
    await listen(around.dockerSocket);
    await mkdir(join(home, '.docker'), { recursive: true });
    await writeFile(join(home, '.docker/config.json'), '{"currentContext": ');
    expect((await findEngine({ surroundings: around })).endpoint.address).toBe(`unix://${around.dockerSocket}`);
  });
});

describe('findEngine waits for an engine that is slow', () => {
  const limits = { call: 5_000, slow: 20 };

  it('as long as its socket has taken the connection, and says what it waits for', async () => {
    let answer = () => {};
    await listen(around.dockerSocket, (_, response) => {
      answer = () => response.end('OK');
    });
    const messages: string[] = [];
    const waiting = (message: string) => {
      messages.push(message);
      answer();
    };
    const { endpoint } = await findEngine({ surroundings: around, limits, waiting });
    expect(endpoint.address).toBe(`unix://${around.dockerSocket}`);
    expect(messages).toEqual([
      `The container engine at ${around.dockerSocket} took the connection and has not answered for 0.02 s: waiting up to 5 s for it.`,
    ]);
  });

  it('until the bound for a call, then takes the next that answers', async () => {
    await listen(around.dockerSocket, () => {});
    await listen(around.podmanSocket, PODMAN);
    const found = await findEngine({ surroundings: around, limits: { call: 100, slow: 10 } });
    expect(found.endpoint.address).toBe(`unix://${around.podmanSocket}`);
  });

  it('but not where nobody takes the connection', async () => {
    // Nobody routes this network (RFC 5737).
    around.env['DOCKER_HOST'] = 'tcp://192.0.2.1:2375';
    const messages: string[] = [];
    const search = { surroundings: around, limits, waiting: (message: string) => messages.push(message) };
    const failed = await findEngine(search).catch((error: unknown) => error);
    expect(failed).toMatchObject({ environment: 'engine', message: expect.stringContaining('tcp://192.0.2.1:2375') });
    expect(messages).toEqual([]);
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

  it.each([
    [
      'echo "Host key verification failed." >&2; exit 255',
      'ssh ended with status 255: Host key verification failed. To',
    ],
    ['echo "sh: docker: not found" >&2; exit 127', 'ssh ended with status 127: sh: docker: not found. To'],
    ['echo "This account is closed."', 'ssh brought no answer of a container engine: This account is closed. To'],
    ['exit 0', 'ssh brought no answer of a container engine: it was empty. To'],
  ])('when the engine is behind ssh, which does this: %s', async (does, why) => {
    const program = join(home, 'ssh');
    await writeFile(program, `#!/bin/sh\n${does}\n`, { mode: 0o755 });
    vi.stubEnv('PATH', `${home}:${process.env['PATH']}`);
    // The same address has the same tunnel.
    around.env['DOCKER_HOST'] = `ssh://ci@build.example.org:22${home}`;
    const { message } = await failure();
    expect(message).toContain(`(from DOCKER_HOST): ${why} try it: ssh -T -o BatchMode=yes`);
    expect(message).toContain(`-l ci -p 22 -- build.example.org 'docker --host unix://${home} version'`);
    expect(message).toContain('without asking for anything');
  });

  it('when CONTAINER_HOST names a host behind ssh that DOCKER_HOST named before', async () => {
    await writeFile(join(home, 'ssh'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${home}:${process.env['PATH']}`);
    around.env['DOCKER_HOST'] = 'ssh://twice.example.org';
    expect((await failure()).message).toContain("-- twice.example.org 'docker version'");
    delete around.env['DOCKER_HOST'];
    around.env['CONTAINER_HOST'] = 'ssh://twice.example.org';
    expect((await failure()).message).toContain("-- twice.example.org 'podman version'");
  });

  it('when ssh is not installed', async () => {
    vi.stubEnv('PATH', home);
    around.env['DOCKER_HOST'] = `ssh://other.example.org`;
    expect((await failure()).message).toContain('ssh is not installed, or not on PATH');
  });

  it.each([
    ['ssh://', 'it is not ssh://[<user>@]<host>[:<port>][/<socket>]'],
    ['ssh://ci:secret@host', 'ssh takes no password from an address: use a key'],
  ])('when %s names the engine', async (host, why) => {
    around.env['DOCKER_HOST'] = host;
    expect((await failure()).message).toContain(`${why}. Start that engine, or correct DOCKER_HOST.`);
  });

  it.each(['http://x', 'nonsense', 'tcp://', 'npipe:////./pipe/docker_engine'])(
    'when DOCKER_HOST is %s',
    async (host) => {
      around.env['DOCKER_HOST'] = host;
      expect((await failure()).message).toContain('none of unix://<path>, tcp://<host>:<port> and ssh://<user>@<host>');
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

  it("when a page answers in the engine's place", async () => {
    await listen(around.dockerSocket, (_, answer) => answer.end('<html>hello</html>'));
    expect((await failure()).message).toContain("it gave an answer that is no container engine's");
  });

  it('when the permission is missing: the group', async () => {
    around.env['DOCKER_HOST'] = 'unix:///forbidden.sock';
    const error = Object.assign(new Error('connect EACCES'), { code: 'EACCES' });
    const text = explainAttempts([
      { candidate: { address: '/forbidden.sock', endpoint: () => Promise.reject(error) }, error },
    ]);
    expect(text).toContain('/forbidden.sock: no permission to open it');
    expect(text).toContain('sudo usermod -aG docker');
  });
});

it.each([
  ['no certificates', [], 'ca.pem cannot be read'],
  ['a certificate without its key', ['ca.pem', 'cert.pem'], 'key.pem cannot be read'],
  ['files that hold no certificates', ['ca.pem', 'cert.pem', 'key.pem'], 'no start line'],
])('TLS with %s is explained', async (_, files, why) => {
  const { port } = (await listen(0)).address() as AddressInfo;
  for (const name of files) await writeFile(join(home, name), 'junk');
  around.env = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: home };
  const { message, environment } = await failure();
  expect(environment).toBe('engine');
  expect(message).toContain(why);
  expect(message).toContain('Check ca.pem, cert.pem and key.pem');
});
