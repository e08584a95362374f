/**
 * An engine behind ssh: a private socket of this machine, where each connection is carried to the engine by
 * `ssh … docker system dial-stdio`, as the docker command does it.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { failureOf, type ProcessEnd, runProcess, shellCommand, startProcess, Tail } from '../lib/index.js';
import { NOT_REACHED, oneLine } from './client.js';

/** The command on the other machine; Podman's is what CONTAINER_HOST means. */
type Client = 'docker' | 'podman';

const tunnels = new Map<string, Promise<string>>();

/**
 * The path of the socket for `ssh://[user@]host[:port][/path of the engine's socket]`. It is there until this process
 * ends; the same address and command have the same socket.
 *
 * @throws Error with the reason why the address is none
 */
export function sshSocket(address: string, client: Client): Promise<string> {
  const name = `${client} ${address}`;
  const there = tunnels.get(name);
  if (there !== undefined) return there;
  const socket = openTunnel(address, client);
  tunnels.set(name, socket);
  return socket;
}

async function openTunnel(address: string, client: Client): Promise<string> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url?.hostname || url.search || url.hash) throw new Error('it is not ssh://[<user>@]<host>[:<port>][/<socket>]');
  if (url.password) throw new Error('ssh takes no password from an address: use a key');
  const ssh = sshArguments(url);
  const socket = decodeURIComponent(url.pathname).replace(/^\/$/, '');
  const remote = [client, ...(socket && [client === 'docker' ? '--host' : '--url', `unix://${socket}`])];

  const folder = await mkdtemp(join(tmpdir(), 'jobserv-ssh-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const command = [...(await sharedLogin(ssh, folder)), ...ssh, shellCommand([...remote, 'system', 'dial-stdio'])];
  const toTry = shellCommand(['ssh', ...ssh, shellCommand([...remote, 'version'])]);
  const server = createServer({ allowHalfOpen: true }, (connection) => void carry(connection, command, toTry));
  const path = join(folder, 'engine.sock');
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  server.unref();
  return path;
}

/** ssh asks for nothing: several connections at once would ask for the same password. */
function sshArguments({ username, hostname, port }: URL): string[] {
  const user = username === '' ? [] : ['-l', decodeURIComponent(username)];
  const at = port === '' ? [] : ['-p', port];
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return ['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30', ...user, ...at, '--', host];
}

/** A run makes some 40 connections: they share one login, the user's own where their configuration has one. */
async function sharedLogin(ssh: readonly string[], folder: string): Promise<string[]> {
  const settings = await runProcess(['ssh', '-G', ...ssh]).catch(() => undefined);
  if (settings === undefined || /^controlpath (?!none$)/m.test(settings.stdout.toString())) return [];
  return ['-o', 'ControlMaster=auto', '-o', `ControlPath=${join(folder, 'login')}`, '-o', 'ControlPersist=10'];
}

/** Where ssh brings no answer of an engine, the reason becomes the answer. */
async function carry(connection: Socket, command: readonly string[], toTry: string): Promise<void> {
  // A socket that is given as input would be closed when ssh ends, before the rest of the answer is written.
  const sent = new PassThrough();
  const ssh = startProcess(['ssh', ...command], { input: sent });
  const words = new Tail();
  let answered = false;
  ssh.stderr.on('data', (chunk: Buffer) => words.push(chunk));
  ssh.stdout.once('data', (chunk: Buffer) => {
    answered = chunk.toString('latin1').startsWith('HTTP/');
    if (answered) {
      connection.write(chunk);
      ssh.stdout.pipe(connection, { end: false });
      return;
    }
    // A login without a shell, or a shell that greets.
    words.push(chunk);
    ssh.kill();
  });
  connection.on('error', () => {});
  connection.on('close', ssh.kill);
  connection.pipe(sent);
  const end = await ssh.ended.catch((error: Error) => error);
  if (answered || connection.destroyed) connection.end();
  else connection.end(notReached(`ssh ${whyNot(end, words.text())}. To try it: ${toTry}`));
}

function whyNot(end: ProcessEnd | Error, words: string): string {
  if (end instanceof Error) return end.message;
  if (end.status !== undefined && end.status > 0) return `ended with ${oneLine(failureOf(end, words))}`;
  return `brought no answer of a container engine: ${oneLine(words) || 'it was empty'}`;
}

function notReached(why: string): string {
  const body = JSON.stringify({ message: why });
  const head = `HTTP/1.1 ${NOT_REACHED} Bad Gateway\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
