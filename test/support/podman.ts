/** Podman's API service on a socket of its own, with storage of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findEngine } from '../../src/docker/index.js';
import { testImage } from './image.js';

const run = promisify(execFile);

/**
 * What works in a sandbox as well: no systemd for cgroups and events, storage without
 * overlay, and limits that a root without CAP_SYS_RESOURCE may set (Podman would raise them).
 */
const settings = (runtime: string) => `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
${runtime}`;

export async function hasPodman(): Promise<boolean> {
  return run('podman', ['--version']).then(
    () => true,
    () => false,
  );
}

/** Podman's own choice, crun, refuses a machine with both kinds of cgroups; runc comes with Docker. */
async function olderRuntime(): Promise<string> {
  return run('runc', ['--version']).then(
    () => 'runtime = "runc"\n',
    () => '',
  );
}

export class PodmanService {
  readonly address: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, process: ChildProcess) {
    this.address = `unix://${join(folder, 'podman.sock')}`;
    this.#folder = folder;
    this.#process = process;
  }

  /** The service answers, and has the test image and these, when this resolves. */
  static async start(...images: string[]): Promise<PodmanService> {
    const folder = await mkdtemp(join(tmpdir(), 'jobserv-podman-'));
    await Promise.all(['root', 'run', 'tmp'].map((name) => mkdir(join(folder, name))));
    await writeFile(join(folder, 'containers.conf'), settings(await olderRuntime()));
    const child = spawn(
      'podman',
      [...storage(folder), 'system', 'service', '--time=0', `unix://${folder}/podman.sock`],
      {
        env: { ...process.env, CONTAINERS_CONF: join(folder, 'containers.conf') },
        stdio: 'ignore',
      },
    );
    const service = new PodmanService(folder, child);
    await service.#answers();
    for (const image of [await testImage(), ...images]) await service.#load(image);
    return service;
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill();
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #socketPath(): string {
    return join(this.#folder, 'podman.sock');
  }

  async #answers(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await findEngine({ surroundings: { env: { DOCKER_HOST: this.address } } });
        return;
      } catch (error) {
        if (attempt === 200 || this.#process.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Takes the image from the machine's Docker: no registry is needed. */
  async #load(image: string): Promise<void> {
    const archive = join(this.#folder, 'image.tar');
    await run('docker', ['save', '-o', archive, image]);
    const call = request({
      socketPath: this.#socketPath,
      method: 'POST',
      path: '/images/load',
      headers: { 'Content-Type': 'application/x-tar' },
    });
    createReadStream(archive).pipe(call);
    const [answer] = await once(call, 'response');
    answer.resume();
    await once(answer, 'end');
    if (answer.statusCode !== 200) throw new Error(`podman did not load the image: HTTP status ${answer.statusCode}`);
  }
}

function storage(folder: string): string[] {
  return [
    '--root',
    `${folder}/root`,
    '--runroot',
    `${folder}/run`,
    '--tmpdir',
    `${folder}/tmp`,
    '--storage-driver',
    'vfs',
  ];
}
