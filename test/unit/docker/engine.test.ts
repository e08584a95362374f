/** An engine that is a server of ours: answers that no engine gives, and calls that the client must bound. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectEngine } from '../../../src/docker/engine.js';
import type { ContainerSpec } from '../../../src/executor/ports.js';
import { RunFailure } from '../../../src/executor/ports.js';
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
  const surroundings = { env: { DOCKER_HOST: `unix://${path}` }, home: path };
  return { engine: await connectEngine({ logDriver: 'none', surroundings, ...options }), asked };
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

  it('to a pull, with a page: the environment too', async () => {
    const { engine } = await engineThat({ 'POST /images/create': PAGE });
    const log = { heading: async () => {}, info: async () => {}, warn: async () => {}, error: async () => {} };
    const request = { reference: 'sdk:1', log: { ...log, raw: async () => {} }, signal: never };
    const failure = await failureOf(engine.pull(request));
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
      [`POST /containers/${ID}/attach`]: (_, response) => void response.end(),
    });
    const mounts = [{ source: folder, target: '/script-repo', readOnly: false }];
    const container = await engine.create(spec({ mounts, entrypoint: '/bin/true' }), never);
    const failure = await failureOf(container.start(() => {}));
    return { failure, asked };
  };

  it.each([
    ['is not there', undefined],
    ['has another size', { size: 11, mtime: new Date() }],
    ['is from another time', { size: 10, mtime: new Date(Date.now() - 60_000) }],
  ])('is checked before the start: a script that %s', async (_, found) => {
    const { failure, asked } = await started(found);
    expect(failure).toMatchObject({ reason: 'setup', environment: 'engine' });
    expect(failure.message).toContain("does not see this machine's files");
    expect(asked).not.toContain(`POST /containers/${ID}/start`);
  });

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
