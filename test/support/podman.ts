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
    return PodmanService.#serve(await newFolder(), [], images);
  }

  /**
   * The same as the service of an ordinary user: of ours, or of one who exists only in the service's own namespaces.
   *
   * @returns why there can be none here
   */
  static async startRootless(): Promise<PodmanService | string> {
    const folder = await newFolder();
    const as = process.getuid?.() === 0 ? ['unshare', ...NAMESPACES, 'sh', '-ec', AS_USER, folder] : [];
    const [program = '', ...rest] = [...as, 'podman', ...storage(folder), 'unshare', 'test', '-w', '/dev/net/tun'];
    try {
      await run(program, rest, { env: environment(folder) });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      return `Podman cannot run without root here: ${(error as Error).message}`;
    }
    return PodmanService.#serve(folder, as, []);
  }

  static async #serve(folder: string, as: string[], images: string[]): Promise<PodmanService> {
    const service = ['system', 'service', '--time=0', `unix://${folder}/podman.sock`];
    const [program = '', ...rest] = [...as, 'podman', ...storage(folder), ...service];
    const child = spawn(program, rest, { env: environment(folder), stdio: 'ignore' });
    return new PodmanService(folder, child).#filled(images);
  }

  async #filled(images: string[]): Promise<this> {
    await this.#answers();
    for (const image of [await testImage(), ...images]) await this.#load(image);
    return this;
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit');
    // Only this ends a service in namespaces of its own.
    this.#process.kill('SIGKILL');
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

/** Of the user that the service belongs to when this process is root. */
export const PODMAN_USER = 4711;

/** Its processes end with the service: also the one that holds the user's namespaces. */
const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];

/**
 * Makes the user known, lets it open the device that a network without root needs, and starts what it is given as this
 * user. The shell stays: it ends with `unshare`, and everything in its namespaces with it.
 */
const AS_USER = `cd "$0"
for file in passwd subuid subgid; do cp /etc/$file .; done
echo "jobserv-podman:x:${PODMAN_USER}:${PODMAN_USER}::$0:/bin/sh" >>passwd
for file in subuid subgid; do echo jobserv-podman:700000000:65536 >>$file; done
rm -f tun
mknod -m 666 tun c 10 200
for file in passwd subuid subgid; do mount --bind $file /etc/$file; done
mount --bind tun /dev/net/tun
mount --make-rshared /
chown -R ${PODMAN_USER}:${PODMAN_USER} "$0"
setpriv --reuid ${PODMAN_USER} --regid ${PODMAN_USER} --clear-groups "$@" || exit $?`;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'jobserv-podman-'));
  await Promise.all(['root', 'run', 'tmp'].map((name) => mkdir(join(folder, name))));
  await writeFile(join(folder, 'containers.conf'), settings(await olderRuntime()));
  return folder;
}

function environment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder, CONTAINERS_CONF: join(folder, 'containers.conf') };
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
