/** An sshd on a free port of 127.0.0.1, with keys of its own, and an `ssh` command that knows them. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../src/lib/index.js';
import { freePort } from './registry.js';

const run = promisify(execFile);
const PATH = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter);
const sshd = findProgram('sshd', { PATH });
const ssh = findProgram('ssh');

/** Why there can be no server; undefined where there can be one. */
export const noSsh = sshd === undefined || ssh === undefined ? 'openssh-server is not installed' : undefined;

export class SshServer {
  /** `ssh://<user>@127.0.0.1:<port>` */
  readonly address: string;
  /** A folder for PATH: its `ssh` uses the key, and knows the host. */
  readonly commands: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, port: number, server: ChildProcess) {
    this.address = `ssh://${userInfo().username}@127.0.0.1:${port}`;
    this.commands = join(folder, 'bin');
    this.#folder = folder;
    this.#process = server;
  }

  static async start(): Promise<SshServer> {
    const folder = await mkdtemp(join(tmpdir(), 'jobserv-sshd-'));
    for (const key of ['host', 'key'])
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
    const port = await freePort();
    await writeFile(join(folder, 'known'), `[127.0.0.1]:${port} ${await readFile(join(folder, 'host.pub'), 'utf8')}`);
    await writeFile(join(folder, 'ssh.conf'), clientConfig(folder));
    await writeFile(join(folder, 'sshd.conf'), serverConfig(folder, port));
    await mkdir(join(folder, 'bin'));
    const script = `#!/bin/sh\nexec ${ssh} -F ${folder}/ssh.conf "$@"\n`;
    await writeFile(join(folder, 'bin/ssh'), script, { mode: 0o755 });
    // sshd of root wants this folder, empty.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
    const child = spawn(String(sshd), ['-D', '-e', '-f', join(folder, 'sshd.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const server = new SshServer(folder, port, child);
    for await (const line of child.stderr) if (String(line).includes('Server listening')) break;
    return server;
  }

  /** From now on the client does not know the host. */
  forgetHost(): Promise<void> {
    return rm(join(this.#folder, 'known'));
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill();
    await exited;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const clientConfig = (folder: string) => `Host *
  IdentityFile ${folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile ${folder}/known
`;

/** With SHLVL bash does not read the user's own .bashrc, which may be slow. */
const serverConfig = (folder: string, port: number) => `Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/host
AuthorizedKeysFile ${folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
MaxStartups 100
SetEnv SHLVL=2
`;
