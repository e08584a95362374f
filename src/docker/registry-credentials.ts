/** The user's own credentials for a registry, found where the docker CLI finds them. Nothing is ever written. */

import { askHelper } from './credential-helper.js';
import type { DockerConfig } from './docker-config.js';

/** The `X-Registry-Auth` of the engine's pull. */
export type RegistryAuth =
  | { username: string; password: string; serveraddress: string }
  | { identitytoken: string; serveraddress: string };

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
  options: { env: NodeJS.ProcessEnv; helperMs: number },
): Promise<RegistryAuth | undefined> {
  const key = credentialsKey(registry);
  const helpers = config.credHelpers ?? {};
  const helper = Object.hasOwn(helpers, key) ? helpers[key] : config.credsStore;
  if (!helper) return fromFile(key, config);
  const found = await askHelper(helper, key, options);
  if (!found) return undefined;
  if (found.username === TOKEN_USER) return { identitytoken: found.secret, serveraddress: key };
  return { username: found.username, password: found.secret, serveraddress: key };
}

function fromFile(key: string, { auths = {} }: DockerConfig): RegistryAuth | undefined {
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
