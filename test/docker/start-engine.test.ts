import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';

const run = promisify(execFile);
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A second engine beside the machine's own: its own folders, no network. */
function privateEngine(): NodeJS.ProcessEnv & { ENGINE_RUN: string } {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-engine-'));
  const env = {
    ...process.env,
    ENGINE_RUN: join(folder, 'run'),
    ENGINE_DATA: join(folder, 'data'),
    ENGINE_LOG: join(folder, 'log'),
  };
  mkdirSync(join(env.ENGINE_RUN, 'docker/containerd'), { recursive: true });
  stops.push(async () => {
    const pid = readFileSync(join(env.ENGINE_RUN, 'docker.pid'), 'utf8');
    process.kill(Number(pid), 'SIGTERM');
    await run('tail', ['--pid', pid, '-f', '/dev/null']);
    rmSync(folder, { recursive: true, force: true });
  });
  return env;
}

/** A socket file that nobody listens on any more: a listener that is killed leaves it. */
async function leaveSocket(path: string): Promise<void> {
  const listen =
    'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
  await run(process.execPath, ['-e', listen, path]).catch(() => undefined);
}

const canStart = process.getuid?.() === 0 && hasDockerd();
function hasDockerd(): boolean {
  try {
    execFileSync('dockerd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.runIf(canStart)(
  'starts although a killed engine left its pid files and sockets, one pid now being another process',
  async () => {
    const env = privateEngine();
    const left = {
      pid: join(env.ENGINE_RUN, 'docker.pid'),
      socket: join(env.ENGINE_RUN, 'docker.sock'),
      containerd: join(env.ENGINE_RUN, 'docker/containerd/containerd.pid'),
      containerdSocket: join(env.ENGINE_RUN, 'docker/containerd/containerd.sock'),
    };
    writeFileSync(left.pid, String(process.pid));
    writeFileSync(left.containerd, '4194304');
    await Promise.all([leaveSocket(left.socket), leaveSocket(left.containerdSocket)]);
    expect(statSync(left.socket).isSocket()).toBe(true);

    const { stdout } = await run('scripts/start-engine', [], { env });

    for (const file of Object.values(left)) expect(stdout).toContain(`removing ${file}`);
    const found = await run(process.execPath, ['scripts/engine.mjs', 'find'], {
      env: { ...env, DOCKER_HOST: `unix://${left.socket}` },
    });
    expect(found.stdout).toBe(`unix://${left.socket}\n`);
  },
);

it('says which engine does not answer, and leaves it to the user, when DOCKER_HOST names one', async () => {
  const setup = run('scripts/setup', [], { env: { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
  await expect(setup).rejects.toMatchObject({
    stderr: expect.stringContaining('DOCKER_HOST is unix:///nowhere/docker.sock, and nothing answers there'),
  });
});
