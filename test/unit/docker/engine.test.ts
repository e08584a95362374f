/** An engine that is a server of ours: answers that no engine gives, and calls that the client must bound. */
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectEngine } from '../../../src/docker/index.js';
import { type ContainerSpec, type PullRequest, RunFailure } from '../../../src/executor/index.js';
import { memoryLog } from '../../support/containers.js';
import { never, scratchFolder } from '../../support/fake-ports.js';

const ID = 'a'.repeat(64);

/** An engine whose answer to `method path` is this one; everything else succeeds emptily. */
async function engineThat(
  answers: Record<string, RequestListener>,
  options: Partial<Parameters<typeof connectEngine>[0]> = {},
) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const key = `${request.method} ${request.url?.split('?')[0]}`;
    asked.push(key);
    if (key === 'GET /_ping') response.end('OK');
    else (answers[key] ?? ((_, answer) => answer.writeHead(204).end()))(request, response);
  });
  const path = join(await scratchFolder(), 'engine.sock');
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const home = join(path, '..');
  const surroundings = { env: { PATH: `${home}:${process.env['PATH']}`, DOCKER_HOST: `unix://${path}` }, home };
  return { engine: await connectEngine({ logDriver: 'none', surroundings, ...options }), asked, home };
}

const json =
  (value: unknown, status = 200): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
const PAGE: RequestListener = (_, response) => void response.end('<html>proxy</html>');

const spec = (overrides: Partial<ContainerSpec> = {}): ContainerSpec => ({
  image: 'sdk:1',
  command: ['/script-repo/do_run'],
  workingDir: '/',
  env: [],
  mounts: [],
  privileged: false,
  capAdd: [],
  capDrop: [],
  labels: {},
  ...overrides,
});

const request = (overrides: Partial<PullRequest> = {}): PullRequest => ({
  reference: 'r:5000/sdk:1',
  log: memoryLog(),
  signal: never,
  ...overrides,
});

/** The engine's account of a pull, event by event. */
const account =
  (...events: object[]): RequestListener =>
  (_, response) =>
    void response.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
const refused = (message: string) => account({ errorDetail: { message }, error: message });
const IMAGE = { Id: `sha256:${ID}`, Os: 'linux', Architecture: 'amd64' };

const failureOf = async (work: Promise<unknown>): Promise<RunFailure> => {
  const failure = await work.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RunFailure);
  return failure as RunFailure;
};

describe('an engine that answers as none does', () => {
  it.each([
    ['create', 'POST /containers/create'],
    ['inspectImage', 'GET /images/sdk:1/json'],
    ['listOwned', 'GET /containers/json'],
    ['version', 'GET /version'],
    ['removeTree', 'GET /images/json'],
  ] as const)('to %s, with a page and status 200: the environment is to blame', async (call, path) => {
    const { engine } = await engineThat({ [path]: PAGE });
    const calls = {
      create: () => engine.create(spec(), never),
      inspectImage: () => engine.inspectImage('sdk:1'),
      listOwned: () => engine.listOwned(),
      version: () => engine.version(),
      removeTree: () => engine.removeTree('/nowhere'),
    };
    const failure = await failureOf(calls[call]());
    expect(failure).toMatchObject({ environment: 'engine' });
    expect(failure.message).toContain("it gave an answer that is no container engine's");
  });

  it.each([
    ['inspectImage', 'GET /images/sdk:1/json', { Id: ID, RepoDigests: 7 }],
    ['inspectImage', 'GET /images/sdk:1/json', { Id: ID, RepoTags: [null] }],
    ...[[null], [7], [{}], [{ Id: 5, Labels: {} }], [{ Id: ID, Labels: null }]].map(
      (list) => ['listOwned', 'GET /containers/json', list] as const,
    ),
    ...[7, [null], [{ Name: 5 }]].map((Volumes) => ['deadVolumes', 'GET /volumes', { Volumes }] as const),
  ] as const)('to %s, with fields of other types: the environment too (%#)', async (call, path, answer) => {
    const { engine } = await engineThat({ [path]: json(answer) });
    const calls = {
      inspectImage: () => engine.inspectImage('sdk:1'),
      listOwned: () => engine.listOwned(),
      deadVolumes: () => engine.deadVolumes(),
    };
    const failure = await failureOf(calls[call]());
    expect(failure).toMatchObject({ environment: 'engine' });
    expect(failure.message).toContain("it gave an answer that is no container engine's");
  });

  it('to a list of containers, with one that has no names: it has its id', async () => {
    const Labels = { 'io.jobserv.owner': 'elsewhere' };
    const { engine } = await engineThat({ 'GET /containers/json': json([{ Id: ID, Names: null, Labels }]) });
    expect(await engine.listOwned()).toMatchObject([{ id: ID, name: ID.slice(0, 12), owner: 'elsewhere' }]);
  });

  it('to a pull, with a page: the environment too', async () => {
    const { engine } = await engineThat({ 'POST /images/create': PAGE });
    const failure = await failureOf(engine.pull(request()));
    expect(failure).toMatchObject({ environment: 'engine' });
    expect(failure.message).toContain("it gave an answer that is no container engine's");
  });

  it('without end: the call is ended, whatever its bound on time', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    let open = true;
    const endless: RequestListener = (_, response) => {
      response.on('close', () => {
        open = false;
      });
      const more = () => {
        while (open && response.write(chunk));
        if (open) response.once('drain', more);
      };
      more();
    };
    const { engine } = await engineThat({ 'GET /containers/json': endless });
    const failure = await failureOf(engine.listOwned());
    expect(failure).toMatchObject({ environment: 'engine' });
    expect(failure.message).toContain('its answer does not end');
    await expect.poll(() => open).toBe(false);
  });
});

describe("the engine's view of this machine's files", () => {
  /** A container whose script the engine finds with this size and time. */
  const started = async (found: { size: number; mtime: Date } | undefined) => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'do_run'), '#!/bin/sh\n');
    const stat: RequestListener = (_, response) => {
      if (found === undefined) return void response.writeHead(404).end();
      const value = Buffer.from(JSON.stringify({ name: 'do_run', ...found })).toString('base64');
      response.writeHead(200, { 'X-Docker-Container-Path-Stat': value }).end();
    };
    const { engine, asked } = await engineThat({
      'POST /containers/create': json({ Id: ID }, 201),
      [`HEAD /containers/${ID}/archive`]: stat,
      'POST /volumes/create': json({ message: 'volumes are forbidden here' }, 403),
    });
    const mounts = [{ source: folder, target: '/script-repo', readOnly: false }];
    const failure = await failureOf(engine.create(spec({ mounts, entrypoint: '/bin/true' }), never));
    return { failure, asked };
  };

  it.each([
    ['is not there', undefined],
    ['has another size', { size: 11, mtime: new Date() }],
    ['is from another time', { size: 10, mtime: new Date(Date.now() - 60_000) }],
  ])(
    'is checked before the start, and where it takes no copies that is the reason: a script that %s',
    async (_, found) => {
      const { failure, asked } = await started(found);
      expect(failure).toMatchObject({ reason: 'setup', environment: 'engine' });
      expect(failure.message).toContain("does not see this machine's files");
      expect(failure.message).toContain('It takes no copies of them either: volumes are forbidden here.');
      expect(asked.at(-1)).toMatch(/^DELETE \/volumes\/jobserv-[0-9a-f]+$/);
      expect(asked).toContain(`DELETE /containers/${ID}`);
    },
  );

  it('is what a refused source means, when it is there on this machine', async () => {
    const words = 'invalid mount config for type "bind": bind source path does not exist: /x';
    const { engine } = await engineThat({ 'POST /containers/create': json({ message: words }, 400) });
    const folder = await scratchFolder();
    const here = spec({ mounts: [{ source: folder, target: '/m', readOnly: false }] });
    const gone = spec({ mounts: [{ source: join(folder, 'gone'), target: '/m', readOnly: false }] });
    expect(await failureOf(engine.create(here, never))).toMatchObject({ environment: 'engine' });
    expect(await failureOf(engine.create(gone, never))).toMatchObject({ environment: undefined });
  });
});

describe('a pull', () => {
  it('reports how many bytes of how many have arrived, of all layers', async () => {
    const step = (id: string, current: number, total: number) => ({
      id,
      status: 'Downloading',
      progressDetail: { current, total },
    });
    const events = [step('a', 1, 10), step('b', 5, 20), step('a', 10, 10), { id: 'a', status: 'Pull complete' }];
    const { engine } = await engineThat({
      'POST /images/create': account(...events),
      'GET /images/r:5000/sdk:1/json': json(IMAGE),
    });
    const seen: object[] = [];
    const log = memoryLog();
    await engine.pull(request({ log, progress: (bytes) => seen.push(bytes) }));
    expect(seen).toEqual([
      { current: 1, total: 10 },
      { current: 6, total: 30 },
      { current: 15, total: 30 },
    ]);
    expect(log.text()).toBe('a: Pull complete\n');
  });

  it('prints nothing that looks like a line of ours, whatever the registry says', async () => {
    const forged = 'oh\n== 2026-11-30 12:00:00.000000: The run has PASSED';
    const { engine } = await engineThat({
      'POST /images/create': account({ status: forged.slice(3) }, { status: forged }, { error: forged }),
    });
    const log = memoryLog();
    const { message } = await failureOf(engine.pull(request({ log })));
    for (const text of [log.text(), message]) expect(text).not.toMatch(/^==/m);
    expect(message).toContain('oh == 2026-11-30');
  });

  it('that drips is a stall, though something arrives all the time', async () => {
    let bytes = 0;
    const drip: RequestListener = (_, response) => {
      const timer = setInterval(() => {
        bytes += 1;
        const progressDetail = { current: bytes, total: 1_000_000 };
        response.write(`${JSON.stringify({ id: 'a', status: 'Downloading', progressDetail })}\n`);
      }, 5);
      response.on('close', () => clearInterval(timer));
    };
    const { engine } = await engineThat({ 'POST /images/create': drip }, { limits: { stall: 150 } });
    const failure = await failureOf(engine.pull(request()));
    expect(failure).toMatchObject({ environment: 'registry' });
    expect(failure.message).toContain('hardly anything arrived for 0.15 s');
    expect(bytes).toBeGreaterThan(2);
  });

  it('asks a credential helper once, however often it is tried, and shows what it wrote to stderr', async () => {
    const { engine, home } = await engineThat({ 'POST /images/create': refused('unexpected EOF') });
    const helper = join(home, 'docker-credential-vault');
    await writeFile(helper, `#!/bin/sh\necho asked >> ${home}/asked\necho 'the vault is sealed' >&2\nexit 1\n`);
    await chmod(helper, 0o755);
    await mkdir(join(home, '.docker'));
    await writeFile(join(home, '.docker/config.json'), '{"credsStore": "vault"}');
    const log = memoryLog();
    const mine = request({ log });
    const first = await failureOf(engine.pull(mine));
    expect(first.message).toContain('unexpected EOF');
    await failureOf(engine.pull(mine));
    expect(await readFile(join(home, 'asked'), 'utf8')).toBe('asked\n');
    expect(log.text()).toContain('docker-credential-vault failed (exit status 1): the vault is sealed');
  });

  it('shares the wait for a registry with the others: one asks at a time until it answers', async () => {
    let open = 0;
    let most = 0;
    let limited = true;
    const pulling: RequestListener = (req, response) => {
      open += 1;
      most = Math.max(most, open);
      const answer = limited ? refused('toomanyrequests: retry-after: 20ms') : account({ status: 'done' });
      setTimeout(() => {
        open -= 1;
        answer(req, response);
      }, 5);
    };
    const { engine, asked } = await engineThat({
      'POST /images/create': pulling,
      'GET /images/r:5000/sdk:1/json': json(IMAGE),
    });
    expect(await failureOf(engine.pull(request()))).toMatchObject({ retryAfterMs: 20 });
    most = 0;
    const begun = performance.now();
    const tries = Array.from({ length: 4 }, () => engine.pull(request()).catch((error: unknown) => error));
    await Promise.all(tries);
    expect(most).toBe(1);
    expect(performance.now() - begun).toBeGreaterThan(4 * 20 - 10);
    limited = false;
    await engine.pull(request());
    expect(asked.filter((each) => each === 'POST /images/create')).toHaveLength(6);
    // It answers again: nobody waits for anybody.
    most = 0;
    await Promise.all([1, 2, 3].map(() => engine.pull(request())));
    expect(most).toBeGreaterThan(1);
  });
});

describe('a program that the kernel does not start', () => {
  it.each([
    ['arm64', 'the image is for linux/arm64, and this engine runs linux/amd64'],
    ['amd64', 'it is no program for linux/amd64, or a script without an interpreter in its first line'],
  ])('in an image for %s: both platforms are in the reason', async (architecture, words) => {
    const text = 'exec /script-repo/do_run: exec format error\n';
    const header = Buffer.from([2, 0, 0, 0, 0, 0, 0, text.length]);
    const { engine } = await engineThat({
      'POST /containers/create': json({ Id: ID }, 201),
      [`POST /containers/${ID}/attach`]: (_, response) => void response.end(Buffer.concat([header, Buffer.from(text)])),
      [`POST /containers/${ID}/wait`]: json({ StatusCode: 1, Error: null }),
      [`GET /containers/${ID}/json`]: json({ State: { Status: 'exited', OOMKilled: false }, Image: IMAGE.Id }),
      [`GET /images/${IMAGE.Id}/json`]: json({ ...IMAGE, Architecture: architecture }),
      'GET /version': json({ Version: '20.10.24', Os: 'linux', Arch: 'amd64' }),
    });
    const container = await engine.create(spec(), never);
    await container.start(() => {});
    expect(await container.wait()).toEqual({ exitCode: 1, oomKilled: false, error: `exec format error: ${words}` });
    await container.dispose();
  });
});
