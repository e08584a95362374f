/** An engine that goes away, seen through a socket of our own before the real one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectEngine, type DockerEngine, type EngineLimits, findEngine } from '../../src/docker/index.js';
import type { Container } from '../../src/executor/index.js';
import { awaitOutput, never, shell } from '../support/containers.js';
import { EngineProxy } from '../support/engine-proxy.js';

const run = promisify(execFile);

let upstream: string;
let direct: DockerEngine;
let proxy: EngineProxy;
let made: string[];

beforeAll(async () => {
  const { endpoint } = await findEngine();
  if (!('socketPath' in endpoint)) throw new Error('these tests need an engine behind a unix socket');
  upstream = endpoint.socketPath;
  direct = await connectEngine({ logDriver: 'none' });
});

beforeEach(async () => {
  proxy = await EngineProxy.start(upstream);
  made = [];
});

afterEach(async () => {
  await proxy.close();
  // What a test could not remove through its proxy goes here.
  const owned = await direct.listOwned();
  expect(owned.filter(({ id }) => made.includes(id))).toEqual([]);
});

const through = (limits: Partial<EngineLimits> = {}) =>
  connectEngine({
    logDriver: 'none',
    surroundings: { env: { DOCKER_HOST: proxy.address } },
    limits: { reconnect: 1_000, earlyEnd: 300, drain: 1_000, waitAgain: 500, ...limits },
  });

/** Whose containers can be found again by another process. */
const withLog = (address: string) =>
  connectEngine({ logDriver: 'local', surroundings: { env: { DOCKER_HOST: address } } });

/** Starts a script that says `ready` through the proxy; answers when it has. */
async function started(engine: DockerEngine, script: string): Promise<{ container: Container; output: () => string }> {
  const container = await engine.create(await shell(script), never);
  made.push(container.id);
  const { sink, seen, output } = awaitOutput('ready');
  await container.start(sink);
  await seen;
  return { container, output };
}

const failure = async (container: Container) => {
  const { name, reason, environment, message } = await container.wait().then(
    () => expect.fail('it passed'),
    (error) => error,
  );
  return { name, reason, environment, message };
};

describe('when the engine goes away', () => {
  it('in the middle of a frame: a loss, and no byte that was not sent', async () => {
    const engine = await through();
    proxy.rules = [{ request: /\/attach/, cutAfter: 8 + 6 + 8 + 3 }];
    const { container, output } = await started(engine, 'echo ready; sleep 1; echo second; exec sleep 60');
    expect(await failure(container)).toMatchObject({ name: 'RunFailure', reason: 'lost', environment: undefined });
    expect(output()).toBe('ready\nsec');
    proxy.rules = [];
    await container.dispose();
  });

  it('between two frames: a loss too, though the script goes on', async () => {
    const engine = await through();
    const { container } = await started(engine, 'echo ready; exec sleep 60');
    proxy.cut(/\/attach/);
    expect(await failure(container)).toMatchObject({ reason: 'lost', environment: undefined });
    await container.dispose();
  });

  it('between two frames, and nobody can be asked why: a loss, whatever the end of the script is', async () => {
    const engine = await through({ call: 8_000, reconnect: 20_000 });
    const { container } = await started(engine, 'echo ready; sleep 3; echo lost; exit 0');
    proxy.rules = [{ request: /^GET .*\/json/, cutAfter: 0 }];
    proxy.cut(/\/attach/);
    expect(await failure(container)).toMatchObject({ message: expect.stringContaining('console is not complete') });
    proxy.rules = [];
    await container.dispose();
  });

  it('between two frames, and the answer why comes after the end of the script: a loss all the same', async () => {
    const engine = await through();
    const { container } = await started(engine, 'echo ready; sleep 4; echo lost; exit 0');
    proxy.rules = [{ request: /^GET .*\/json/, before: () => run('docker', ['wait', container.id]) }];
    proxy.cut(/\/attach/);
    expect(await failure(container)).toMatchObject({ message: expect.stringContaining('console is not complete') });
    proxy.rules = [];
    await container.dispose();
  });

  it('for good: a loss, and the environment is to blame', async () => {
    const engine = await through();
    const { container } = await started(engine, 'echo ready; exec sleep 60');
    await proxy.vanish();
    expect(await failure(container)).toMatchObject({
      reason: 'lost',
      environment: 'engine',
      message: expect.stringContaining('The container engine went away'),
    });
    await proxy.listen();
    await container.dispose();
  });

  it('for a moment, in the place where it would tell the end: it is asked again', async () => {
    const engine = await through();
    const { container, output } = await started(engine, 'echo ready; sleep 2; echo end; exit 4');
    proxy.cut(/\/wait/);
    expect(await container.wait()).toEqual({ exitCode: 4, oomKilled: false });
    expect(output()).toBe('ready\nend\n');
    await container.dispose();
  });

  it('altogether, for a moment, while the script ends: nobody knows what is missing', async () => {
    const engine = await through({ reconnect: 10_000 });
    const { container } = await started(engine, 'echo ready; sleep 5; echo lost; exit 0');
    await proxy.vanish();
    const ended = failure(container);
    await proxy.listen();
    expect(await ended).toMatchObject({ reason: 'lost', message: expect.stringContaining('console is not complete') });
    await container.dispose();
  });

  it('and its silence after the end is bounded', async () => {
    const engine = await through();
    proxy.rules = [{ request: /\/attach/, stallAfter: 14 }];
    const { container } = await started(engine, 'echo ready; echo more; exit 0');
    expect(await failure(container)).toMatchObject({ reason: 'lost' });
    await container.dispose();
  });

  it('before anything was made: exit status 3 material', async () => {
    const engine = await through();
    await proxy.vanish();
    await expect(engine.create(await shell('true'), never)).rejects.toMatchObject({
      reason: 'setup',
      environment: 'engine',
    });
    await expect(engine.listOwned()).rejects.toMatchObject({ environment: 'engine' });
    await expect(through()).rejects.toMatchObject({
      environment: 'engine',
      message: expect.stringContaining('DOCKER_HOST'),
    });
  });

  it('without a word: every call has its bound', async () => {
    const engine = await through({ call: 300 });
    proxy.rules = [{ request: /\/containers/, stallAfter: 0 }];
    await expect(engine.listOwned()).rejects.toMatchObject({
      environment: 'engine',
      message: expect.stringContaining('did not answer in 0.3 s'),
    });
  });

  it('with whoever was starting the container: it is started once, and its console is whole', async () => {
    const made = await (await withLog(direct.address)).create(await shell('echo one; sleep 1; echo two'), never);
    const engine = await withLog(proxy.address);
    proxy.rules = [
      { request: /\/start/, before: () => direct.reattach(made.id).then((other) => other.start(() => {})) },
    ];
    const container = await engine.reattach(made.id);
    const taken: Buffer[] = [];
    // `one` was taken by a process that died.
    await container.start((chunk) => void taken.push(Buffer.from(chunk)), { stdout: 4, stderr: 0 });
    expect(await container.wait()).toEqual({ exitCode: 0, oomKilled: false });
    expect(Buffer.concat(taken).toString()).toBe('two\n');
    await container.dispose();
  });

  it('and comes back while something is to be removed: it is removed', async () => {
    const engine = await through();
    const { container } = await started(engine, 'echo ready; exec sleep 60');
    await proxy.vanish();
    const removal = container.dispose();
    await proxy.listen();
    await removal;
  });

  it('leaves no connection open after a run', async () => {
    const engine = await through();
    const { container } = await started(engine, 'echo ready');
    await container.wait();
    await container.dispose();
    await expect.poll(() => proxy.connections, { timeout: 60_000 }).toBe(0);
  });
});
