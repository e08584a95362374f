/** The user's own credentials for a registry, found where the docker CLI finds them. Nothing is ever written. */
import { jsonObject, startProcess, Tail } from '../lib/index.js';
import { oneLine } from './client.js';
import type { DockerConfig } from './docker-config.js';

/** The `X-Registry-Auth` of the engine's pull. */
export type RegistryAuth =
  | { username: string; password: string; serveraddress: string }
  | { identitytoken: string; serveraddress: string };

export interface HelperOptions {
  env: NodeJS.ProcessEnv;
  /** How long a credential helper may take. */
  helperMs: number;
}

const HUB_KEY = 'https://index.docker.io/v1/';
/** What a helper answers as user name when the secret is an identity token. */
const TOKEN_USER = '<token>';

/** The key under which a registry's credentials are kept. */
export function credentialsKey(registry: string): string {
  return registry === 'docker.io' ? HUB_KEY : registry;
}

/**
 * A helper for this registry (`credHelpers`), else the store for all (`credsStore`), else
 * the file's own `auths`. Undefined: none, the pull is anonymous.
 *
 * @throws Error when a helper could not do its work; the CLI then pulls without credentials
 */
export async function findCredentials(
  registry: string,
  config: DockerConfig,
  options: HelperOptions,
): Promise<RegistryAuth | undefined> {
  const key = credentialsKey(registry);
  const { credHelpers } = config;
  const helper = Object.hasOwn(credHelpers, key) ? credHelpers[key] : config.credsStore;
  if (!helper) return fromFile(key, config);
  const found = await askHelper(helper, key, options);
  if (!found) return undefined;
  if (found.username === TOKEN_USER) return { identitytoken: found.secret, serveraddress: key };
  return { username: found.username, password: found.secret, serveraddress: key };
}

function fromFile(key: string, { auths }: DockerConfig): RegistryAuth | undefined {
  // Old clients kept URLs as keys: the host in them counts.
  const name = Object.hasOwn(auths, key) ? key : Object.keys(auths).find((other) => hostOf(other) === key);
  const entry = name === undefined ? undefined : auths[name];
  if (!entry) return undefined;
  if (entry.identitytoken) return { identitytoken: entry.identitytoken, serveraddress: key };
  const pair = entry.auth ? decodePair(entry.auth) : entry;
  if (!pair?.username || pair.password === undefined) return undefined;
  return { username: pair.username, password: pair.password, serveraddress: key };
}

function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

/** `auth` is base64 of `user:password`; a password may be padded with NULs. */
function decodePair(auth: string): { username: string; password: string } | undefined {
  const text = Buffer.from(auth, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/^\0+|\0+$/g, '') };
}

/** Tail keeps as much; no credential is larger. */
const MOST_BYTES = 16 * 1024;
const NOT_FOUND = /credentials not found/i;

/**
 * `docker-credential-<name> get`: the server's name on stdin, JSON on stdout. Undefined: the
 * helper knows no credentials for this server.
 *
 * @throws Error with a sentence for the user: what the helper wrote to stderr is in it, its stdout never
 */
async function askHelper(
  name: string,
  server: string,
  { env, helperMs }: HelperOptions,
): Promise<{ username: string; secret: string } | undefined> {
  if (!/^[\w.-]+$/.test(name)) {
    throw new Error(`the docker config names ${JSON.stringify(name)} as credential helper, which is no such name`);
  }
  const command = `docker-credential-${name}`;
  const program = startProcess([command, 'get'], { env, input: server, timeoutMs: helperMs });
  const [output, words] = [new Tail(), new Tail()];
  let size = 0;
  program.stdout.on('data', (chunk: Buffer) => {
    output.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) program.kill();
  });
  program.stderr.on('data', (chunk: Buffer) => words.push(chunk));
  const says = () => (words.text().trim() === '' ? '' : `: ${oneLine(words.text())}`);
  const end = await program.ended.catch((error: Error) => {
    throw new Error(`${command} ${error.message}${says()}`);
  });
  if (size > MOST_BYTES) throw new Error(`${command} does not stop writing`);
  const stdout = output.text();
  if (end.status !== 0 && NOT_FOUND.test(stdout)) return undefined;
  if (end.status !== 0) throw new Error(`${command} failed (exit status ${end.status ?? end.signal})${says()}`);
  const { Username: username, Secret: secret } = jsonObject(stdout) ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw new Error(`${command} did not answer with credentials${says()}`);
  }
  return secret === '' ? undefined : { username, secret };
}
