/** A second dockerd, in mount and network namespaces of its own, that does not see one folder of this machine. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testImage } from './image.js';

const run = promisify(execFile);
/** Namespaces need root, as the machine's own engine does. */
export const canBeElsewhere = process.getuid?.() === 0;

export class EngineElsewhere {
  /** Holds `hidden`, and what the engine itself keeps. */
  readonly folder: string;
  readonly hidden: string;
  readonly #pid: string;

  private constructor(folder: string, pid: string) {
    this.folder = folder;
    this.hidden = join(folder, 'hidden');
    this.#pid = pid;
  }

  static async start(): Promise<EngineElsewhere> {
    const folder = await mkdtemp(join(tmpdir(), 'jobserv-elsewhere-'));
    const hidden = join(folder, 'hidden');
    const engineRun = join(folder, 'run');
    await Promise.all([mkdir(hidden), mkdir(join(engineRun, 'docker/containerd'), { recursive: true })]);
    const env = { ...process.env, ENGINE_RUN: engineRun, ENGINE_DATA: join(folder, 'data'), ENGINE_HIDE: hidden };
    await run('scripts/start-engine', [], { env: { ...env, ENGINE_LOG: join(folder, 'log') } });
    const engine = new EngineElsewhere(folder, (await readFile(join(engineRun, 'docker.pid'), 'utf8')).trim());
    await engine.#load(await testImage());
    return engine;
  }

  get address(): string {
    return `unix://${this.folder}/run/docker.sock`;
  }

  async stop(): Promise<void> {
    process.kill(Number(this.#pid), 'SIGTERM');
    await run('tail', ['--pid', this.#pid, '-f', '/dev/null']);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What a command prints that sees what that engine sees. */
  async there(script: string): Promise<string> {
    return (await run('nsenter', ['-t', this.#pid, '-m', 'sh', '-c', script])).stdout;
  }

  /** What the docker client prints. */
  async docker(...argv: string[]): Promise<string> {
    return (await run('docker', ['-H', this.address, ...argv])).stdout;
  }

  /** Takes the image from the machine's own engine: no registry is needed. */
  async #load(image: string): Promise<void> {
    const save = spawn('docker', ['save', image], { stdio: ['ignore', 'pipe', 'inherit'] });
    const load = spawn('docker', ['-H', this.address, 'load', '--quiet'], {
      stdio: [save.stdout, 'ignore', 'inherit'],
    });
    const [status] = await once(load, 'exit');
    if (status !== 0) throw new Error(`${image} could not be loaded: docker load ended with ${status}`);
  }
}
