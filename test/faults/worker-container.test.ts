/**
 * docs/operations/Containerfile, built on a Debian base and run with this host's engine: a worker in a container that is
 * killed and replaced during a run loses nothing. The base is made with debootstrap, or taken from the tar file with a
 * Debian root filesystem, git in it, that JOBSERV_TEST_DEBIAN names.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { findProgram } from '../../src/lib/index.js';
import { linesOf, useImage, WorkerWorld } from '../e2e/worker-world.js';

const image = useImage();
const NAME = `jobserv-test-worker-${process.pid}`;
const docker = (...args: string[]) =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Imports a Debian with git as `<NAME>:debian`; why not, where that cannot be. */
function importDebian(folder: string): string | undefined {
  let tar = process.env['JOBSERV_TEST_DEBIAN'];
  if (tar === undefined) {
    const debootstrap = findProgram('debootstrap');
    if (debootstrap === undefined)
      return 'debootstrap is not installed, and JOBSERV_TEST_DEBIAN names no root filesystem';
    tar = join(folder, 'debian.tar');
    const root = join(folder, 'debian');
    execFileSync(debootstrap, ['--variant=minbase', '--include=git,ca-certificates', 'bookworm', root]);
    execFileSync('tar', ['-C', root, '-cf', tar, '.']);
  }
  docker('import', tar, `${NAME}:debian`);
  return undefined;
}

/** The base of the Containerfile: Debian with this machine's Node and npm. */
function buildBase(folder: string): void {
  const context = join(folder, 'base');
  mkdirSync(join(context, 'lib'), { recursive: true });
  copyFileSync(process.execPath, join(context, 'node'));
  const npm = resolve(dirname(process.execPath), '../lib/node_modules/npm');
  cpSync(npm, join(context, 'lib/npm'), { recursive: true });
  const text = `FROM ${NAME}:debian
COPY node /usr/local/bin/node
COPY lib/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
`;
  writeFileSync(join(context, 'Containerfile'), text);
  docker('build', '--file', join(context, 'Containerfile'), '--tag', `${NAME}:base`, context);
}

function buildWorker(folder: string): void {
  const context = join(folder, 'worker');
  mkdirSync(context);
  copyFileSync('docs/operations/Containerfile', join(context, 'Containerfile'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', context], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [packed = ''] = readdirSync(context).filter((name) => name.endsWith('.tgz'));
  copyFileSync(join(context, packed), join(context, 'jobserv.tgz'));
  const base = `BASE=${NAME}:base`;
  docker('build', '--file', join(context, 'Containerfile'), '--build-arg', base, '--tag', `${NAME}:worker`, context);
}

it('a worker in a container that is killed and replaced during a run finishes it, and loses no line', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-worker-image-'));
  onTestFinished(() => {
    for (const tag of ['worker', 'base', 'debian']) {
      try {
        docker('rmi', '--force', `${NAME}:${tag}`);
      } catch {
        // It was not built.
      }
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const missing = importDebian(folder);
  if (missing !== undefined) return context.skip(missing);
  buildBase(folder);
  buildWorker(folder);

  const world = await WorkerWorld.create(image.name);
  const socket = (await findEngine()).endpoint.address.replace(/^unix:\/\//, '');
  const start = (name: string) => {
    onTestFinished(() => void docker('rm', '--force', name));
    const mounts = ['--volume', `${world.folder}:${world.folder}`, '--volume', `${socket}:/var/run/docker.sock`];
    const command = ['loop', '--folder', world.folder, '--every', '1', '--listen', '127.0.0.1:0'];
    docker('run', '--detach', '--init', '--network', 'host', '--name', name, ...mounts, `${NAME}:worker`, ...command);
  };
  const logOf = (name: string) => execFileSync('sh', ['-c', 'docker logs "$0" 2>&1', name], { encoding: 'utf8' });

  const held = world.queueHeld();
  start(`${NAME}-1`);
  await held.begun;
  const health = /health=(\S+)/.exec(logOf(`${NAME}-1`))?.[1] ?? '';
  expect(await (await fetch(health)).text()).toBe('ok\n');
  docker('kill', '--signal', 'KILL', `${NAME}-1`);

  start(`${NAME}-2`);
  await vi.waitFor(async () => expect((await world.shown())[0]?.starts).toBe(2), 60_000);
  held.release();
  await held.run.until(({ complete }) => complete);
  await world.cleared();
  expect(held.run.status).toBe('PASSED');
  const lines = linesOf(held.run);
  expect(lines).toEqual(lines.map((_, index) => index + 1));
  expect(held.run.console.toString().match(/^over$/gm)).toHaveLength(1);
  const metrics = await (await fetch(`${/health=(\S+)\/health/.exec(logOf(`${NAME}-2`))?.[1] ?? ''}/metrics`)).text();
  expect(metrics).toContain('jobserv_worker_runs_ended_total{status="PASSED",cause=""} 1\n');
});
