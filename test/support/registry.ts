/** A registry of our own on loopback, Debian's `docker-registry`, with users if wanted. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface RegistryUser {
  username: string;
  password: string;
}

export class TestRegistry {
  /** `127.0.0.1:<port>`: an engine takes it without TLS. */
  readonly host: string;
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #docker: string[];

  private constructor(host: string, folder: string, server: ChildProcess, docker: string[]) {
    this.host = host;
    this.#folder = folder;
    this.#server = server;
    this.#docker = docker;
  }

  /** @param engineAddress the engine that pushes and pulls; it must run on this machine */
  static async start(engineAddress: string, users: RegistryUser[] = []): Promise<TestRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'jobserv-registry-'));
    const host = `127.0.0.1:${await freePort()}`;
    await mkdir(join(folder, 'data'));
    const config = {
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { addr: host },
      ...(users.length > 0 ? { auth: { htpasswd: { realm: 'test', path: await passwords(folder, users) } } } : {}),
    };
    // JSON is YAML.
    await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
    const server = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
    await Promise.race([
      once(server, 'spawn'),
      once(server, 'error').then(missing('docker-registry', 'docker-registry')),
    ]);
    await listening(host);
    return new TestRegistry(host, folder, server, ['-H', engineAddress, '--config', join(folder, 'client')]);
  }

  /** Pushes a local image under another name; answers the reference. The engine keeps no tag of it. */
  async push(image: string, name: string, user?: RegistryUser): Promise<string> {
    const reference = `${this.host}/${name}`;
    await this.#client('tag', image, reference);
    if (user) await this.#login(user);
    await this.#client('push', '--quiet', reference);
    await this.forget(reference);
    return reference;
  }

  /** Pushes another image under that name: the same but for a label. */
  async pushAnother(image: string, name: string, user?: RegistryUser): Promise<string> {
    const { stdout } = await this.#client('create', image, 'true');
    const container = stdout.trim();
    const other = `${this.host}/another`;
    try {
      await this.#client('commit', '--change', `LABEL jobserv.test.another=${Date.now()}`, container, other);
      return await this.push(other, name, user);
    } finally {
      await this.#client('rm', container);
      await this.forget(other);
    }
  }

  /** Takes an image's name from the engine, if it has it. */
  async forget(reference: string): Promise<void> {
    await this.#client('rmi', '--force', reference);
  }

  /** Its images leave the engine with it. */
  async stop(): Promise<void> {
    await this.#forgetAll();
    const exited = once(this.#server, 'exit');
    this.#server.kill();
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #forgetAll(): Promise<void> {
    const format = '{{.Repository}}{{if ne .Tag "<none>"}}:{{.Tag}}{{else}}@{{.Digest}}{{end}}';
    const { stdout } = await this.#client('images', '--digests', '--format', format);
    const names = stdout.split('\n').filter((name) => name.startsWith(`${this.host}/`));
    if (names.length > 0) await this.#client('rmi', '--force', ...new Set(names));
  }

  /** The client's config of these pushes; nobody's own. */
  async #login({ username, password }: RegistryUser): Promise<void> {
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    await mkdir(join(this.#folder, 'client'), { recursive: true });
    await writeFile(join(this.#folder, 'client/config.json'), JSON.stringify({ auths: { [this.host]: { auth } } }));
  }

  #client(...args: string[]): Promise<{ stdout: string }> {
    return run('docker', [...this.#docker, ...args]);
  }
}

async function passwords(folder: string, users: RegistryUser[]): Promise<string> {
  const path = join(folder, 'htpasswd');
  const lines = users.map(({ username, password }) => run('htpasswd', ['-Bbn', '-C', '4', username, password]));
  const entries = await Promise.all(lines).catch((error: Error) => missing('htpasswd', 'apache2-utils')([error]));
  await writeFile(path, entries.map(({ stdout }) => stdout).join(''));
  return path;
}

function missing(command: string, debianPackage: string): (errors: unknown[]) => never {
  return ([error]) => {
    throw new Error(`these tests need ${command} (Debian: apt-get install ${debianPackage})`, { cause: error });
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(host: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await fetch(`http://${host}/v2/`);
      return;
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
