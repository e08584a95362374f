/** An engine that does not see this machine's files: a second dockerd, in namespaces of its own, with one folder hidden. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectEngine, type DockerEngine } from '../../src/docker/engine.js';
import type { ContainerSpec } from '../../src/executor/ports.js';
import { never, runToEnd, shell } from '../support/containers.js';
import { testImage } from '../support/image.js';

const run = promisify(execFile);
/** Namespaces need root, as the machine's own engine does. */
const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('an engine that does not see this machine', () => {
  let folder: string;
  let hidden: string;
  let pid: string;
  let engine: DockerEngine;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jobserv-elsewhere-'));
    hidden = join(folder, 'hidden');
    const engineRun = join(folder, 'run');
    await Promise.all([mkdir(hidden), mkdir(join(engineRun, 'docker/containerd'), { recursive: true })]);
    const env = { ...process.env, ENGINE_RUN: engineRun, ENGINE_DATA: join(folder, 'data'), ENGINE_HIDE: hidden };
    await run('scripts/start-engine', [], { env: { ...env, ENGINE_LOG: join(folder, 'log') } });
    pid = (await readFile(join(engineRun, 'docker.pid'), 'utf8')).trim();
    const host = `unix://${engineRun}/docker.sock`;
    const save = spawn('docker', ['save', await testImage()], { stdio: ['ignore', 'pipe', 'inherit'] });
    const load = spawn('docker', ['-H', host, 'load', '--quiet'], { stdio: [save.stdout, 'ignore', 'inherit'] });
    expect((await once(load, 'exit'))[0]).toBe(0);
    engine = await connectEngine({ logDriver: 'none', surroundings: { env: { DOCKER_HOST: host } } });
  }, 120_000);

  afterAll(async () => {
    if (pid !== undefined) {
      process.kill(Number(pid), 'SIGTERM');
      await run('tail', ['--pid', pid, '-f', '/dev/null']);
    }
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** What that engine sees of the hidden folder. */
  const there = async (script: string) => (await run('nsenter', ['-t', pid, '-m', 'sh', '-c', script])).stdout;

  /** A run's container whose entrypoint succeeds whether the script is there or not. */
  const spec = async (name: string): Promise<ContainerSpec> => {
    const scripts = join(hidden, name);
    await mkdir(scripts, { recursive: true });
    await writeFile(join(scripts, 'do_run'), '#!/bin/sh\nexit 1\n', { mode: 0o555 });
    await writeFile(join(scripts, '.netrc'), 'machine x\n');
    const mounts = [
      { source: scripts, target: '/script-repo', readOnly: false },
      { source: join(scripts, '.netrc'), target: '/root/.netrc', readOnly: false },
    ];
    return shell('', { entrypoint: '/bin/true', command: ['/script-repo/do_run'], mounts });
  };

  it('works as long as nothing of this machine is needed', async () => {
    expect((await runToEnd(engine, await shell('echo here'))).output.toString()).toBe('here\n');
  });

  it('is noticed before anything starts, never passes, and leaves no folder there', async () => {
    const ended = await runToEnd(engine, await spec('missing')).catch((error: unknown) => error);
    expect(ended).toMatchObject({
      name: 'RunFailure',
      reason: 'setup',
      environment: 'engine',
      message: expect.stringContaining("does not see this machine's files"),
    });
    expect(await there(`find ${hidden} -mindepth 1`)).toBe('');
  });

  it('is noticed when it has a file of the same name, of the same content from another time', async () => {
    const asked = await spec('other');
    const scripts = join(hidden, 'other');
    await there(
      `mkdir -p ${scripts} && cd ${scripts} && printf '#!/bin/sh\nexit 1\n' > do_run && touch -d 2026-01-01 do_run && echo x > .netrc`,
    );
    const ended = await runToEnd(engine, asked).catch((error: unknown) => error);
    expect(ended).toMatchObject({
      environment: 'engine',
      message: expect.stringContaining('/script-repo/do_run is another file in the container'),
    });
    expect(await there(`ls -A ${scripts}`)).toBe('.netrc\ndo_run\n');
  });

  it('does not remove a tree there that has the name of one here', async () => {
    const tree = join(hidden, 'tree');
    await mkdir(join(tree, 'mine'), { recursive: true });
    await there(`mkdir -p ${tree}/theirs && touch -d 2026-01-01 ${tree}`);
    await engine.removeTree(tree, await testImage());
    expect(await there(`ls ${tree}`)).toBe('theirs\n');
  });

  it('leaves no container', async () => {
    const container = await engine.create(await spec('third'), never).catch((error: unknown) => error);
    expect(container).toBeInstanceOf(Error);
    expect(await engine.listOwned()).toEqual([]);
  });
});

it.skipIf(isRoot)('needs root for its namespaces: not tested here', () => expect(isRoot).toBe(false));
