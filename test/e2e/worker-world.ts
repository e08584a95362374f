/** A worker from the packed command, registered at a live server, with a registry for its image. */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { folderName } from '../../src/lib/index.js';
import { register, type WorkerStatus, workerStatus } from '../../src/worker/index.js';
import { containersOf } from '../support/containers-of.js';
import { testImage } from '../support/image.js';
import type { LiveRun } from '../support/live-server/live-run.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import type { RunFields, RunOptions } from '../support/live-server/store.js';
import { TestRegistry } from '../support/registry.js';
import { type Ended, installedCommand, jobserv, type Running, startJobserv } from './jobserv.js';

/** A worker pulls before each run: the image must be somewhere. For the whole file; call it at its top. */
export function useImage(): { readonly name: string } {
  let registry: TestRegistry | undefined;
  const image = { name: '' };
  beforeAll(async () => {
    registry = await TestRegistry.start((await findEngine()).endpoint.address);
    image.name = await registry.push(await testImage(), 'worker/busybox:1');
  });
  afterAll(async () => {
    await registry?.forget(image.name).catch(() => {});
    await registry?.stop();
  });
  return image;
}

export class WorkerWorld {
  readonly server: LiveServer;
  readonly folder: string;
  readonly #image: string;
  readonly #user: { uid: number; gid: number } | undefined;
  readonly #children: ChildProcess[] = [];

  constructor(server: LiveServer, folder: string, image: string, user?: { uid: number; gid: number }) {
    this.server = server;
    this.folder = folder;
    this.#image = image;
    this.#user = user;
  }

  /**
   * @param slots how many runs at a time
   * @param user who the worker runs as; then commands register it and read its state, and not this process, which is quicker
   * @param other a world whose server this worker works for, too
   */
  static async create(
    image: string,
    slots = 2,
    user?: { uid: number; gid: number },
    other?: WorkerWorld,
  ): Promise<WorkerWorld> {
    const server = other?.server ?? (await startLiveServer());
    const name = other === undefined ? 'w1' : 'w2';
    const folder = mkdtempSync(join(tmpdir(), 'jobserv-e2e-worker-'));
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    const world = new WorkerWorld(server, folder, image, user);
    onTestFinished(() => world.#end());
    if (user === undefined) await world.#registerHere(name, slots);
    else {
      const flags = ['--hostname', name, '--concurrent-runs', String(slots)];
      const registered = await world.worker('register', server.url, 'amd64', ...flags);
      if (registered.status !== 0) throw new Error(registered.stderr);
    }
    server.enlist(name);
    return world;
  }

  async #registerHere(name: string, slots: number): Promise<void> {
    await register({
      folder: this.folder,
      serverUrl: this.server.url,
      hostTags: 'amd64',
      hostname: name,
      concurrentRuns: slots,
      surgesOnly: false,
      version: '0.0.0',
      self: [process.execPath, installedCommand()],
    });
  }

  /** A `worker` command in this worker's folder, to its end. */
  worker(command: string, ...args: string[]): Promise<Ended> {
    return jobserv(['worker', command, ...args, '--folder', this.folder], this.#user);
  }

  /** One check-in; does not wait for the processes of runs, which have its output. */
  async checkIn(): Promise<number | null> {
    const { process: child } = startJobserv(['worker', 'check', '--folder', this.folder], this.#user);
    const [status] = await once(child, 'exit');
    return status;
  }

  /** The loop, a second between check-ins. */
  loop(...args: string[]): Running {
    return this.loopAsItIs('--every', '1', ...args);
  }

  loopAsItIs(...args: string[]): Running {
    const running = startJobserv(['worker', 'loop', '--folder', this.folder, ...args], this.#user);
    this.#children.push(running.process);
    return running;
  }

  queue(script: string, fields: RunFields = {}, options: RunOptions = {}): LiveRun {
    return this.server.queue({ script: `#!/bin/sh\n${script}`, container: this.#image, ...fields }, options);
  }

  /** One that says `begun`, then numbered lines until `release` is called, and then `over`. */
  queueHeld(options: RunOptions = {}): { run: LiveRun; begun: Promise<void>; release: () => void } {
    const script =
      'echo begun; i=0; while [ ! -e /hold/go ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done; echo over\n';
    const run = this.queue(script, { 'persistent-volumes': { hold: '/hold' } }, options);
    const release = () => this.release(run.project);
    return { run, begun: run.until(({ console }) => console.includes('begun\n')), release };
  }

  /** Lets the held runs of a project go on, those that this worker has. */
  release(project?: string): void {
    const volume = this.volume('hold', project);
    mkdirSync(volume, { recursive: true });
    writeFileSync(join(volume, 'go'), '');
  }

  /** The folder of a persistent volume. */
  volume(name: string, project = 'acme/blinky'): string {
    return join(this.folder, 'volumes', folderName(project), name);
  }

  /** What `worker status --json` shows: from the same function, which wants the folder to be this process's user's. */
  async shown(): Promise<WorkerStatus['runs']> {
    if (this.#user === undefined) return (await workerStatus(this.folder)).runs;
    return JSON.parse((await this.worker('status', '--json')).stdout).runs;
  }

  /** The run that is in progress, and its process. */
  async inProgress(): Promise<WorkerStatus['runs'][number] & { pid: number }> {
    const [run] = await this.shown();
    if (run?.pid === undefined) throw new Error(`no run in progress: ${JSON.stringify(run)}`);
    return { ...run, pid: run.pid };
  }

  /** Resolves when the folders of all runs are gone. */
  async cleared(): Promise<void> {
    await vi.waitFor(() => {
      const left = this.runFolders();
      if (left.length > 0) throw new Error(`left in runs/: ${left.join(', ')}`);
    }, 60_000);
  }

  runFolders(): string[] {
    const runs = join(this.folder, 'runs');
    return existsSync(runs) ? readdirSync(runs) : [];
  }

  /** As after a boot of the host: the state was written before it. */
  pretendReboot(): void {
    const folders = [...this.runFolders().map((name) => join('runs', name)), 'rebooted-run'];
    for (const path of folders.map((folder) => join(this.folder, folder, 'state.json'))) {
      if (!existsSync(path)) continue;
      const state = JSON.parse(readFileSync(path, 'utf8'));
      writeFileSync(path, JSON.stringify({ ...state, boot: 'before-this-one' }));
    }
  }

  async #end(): Promise<void> {
    for (const child of this.#children) await kill(child);
    for (const { pid } of await this.shown()) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    for (const id of containersOf(this.folder)) execFileSync('docker', ['rm', '--force', id]);
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** kill -9, and its end; what it started may still have its output. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The numbered lines of a held run: no gap, no repeat; then its end, once. */
export function linesOf(run: LiveRun): number[] {
  return [...run.console.toString().matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
}
