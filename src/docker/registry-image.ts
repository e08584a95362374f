/** Asks a registry, through the engine, whether it would give an image: nothing is pulled. */
import type Docker from 'dockerode';
import { type RegistryCredentials, RunFailure } from '../executor/ports.js';
import { loadDockerConfig } from './docker-config.js';
import { engineWords, isUnreachable, setupFailure, statusOf } from './engine-error.js';
import { type EngineLimits, within } from './engine-limits.js';
import { parseImageReference } from './image-reference.js';
import { pullFailure } from './pull-failure.js';
import { credentialsKey, findCredentials, type RegistryAuth } from './registry-credentials.js';

export interface RegistryImage {
  registry: string;
  /** The digest that the tag stands for now, `sha256:…`. */
  digest: string;
  /** Whether credentials were sent. */
  authenticated: boolean;
}

/**
 * With these credentials, or else the user's own, as a pull has them. Undefined: this engine has no such call (Podman).
 *
 * @throws RunFailure(setup), environment registry or engine where one of them was not there
 */
export async function askRegistry(
  client: Docker,
  image: string,
  { limits, env, home }: { limits: EngineLimits; env: NodeJS.ProcessEnv; home: string },
  credentials?: RegistryCredentials,
): Promise<RegistryImage | undefined> {
  const { registry } = parseImageReference(image);
  const auth = credentials
    ? { ...credentials, serveraddress: credentialsKey(registry) }
    : await ownCredentials(registry, env, home, limits.helper);
  try {
    const answer = await within(limits.call, () =>
      client.getImage(image).distribution(auth === undefined ? {} : { authconfig: auth }),
    );
    const digest = (answer as { Descriptor?: { digest?: string } }).Descriptor?.digest ?? '';
    return { registry, digest, authenticated: auth !== undefined };
  } catch (error) {
    if (statusOf(error) === 404 && /page not found|not found\s*$/i.test(engineWords(error))) return undefined;
    if (isUnreachable(error)) throw setupFailure(`${registry} could not be asked for ${image}`, error);
    throw pullFailure(image, registry, engineWords(error));
  }
}

async function ownCredentials(
  registry: string,
  env: NodeJS.ProcessEnv,
  home: string,
  helperMs: number,
): Promise<RegistryAuth | undefined> {
  const { config } = loadDockerConfig(env, home);
  return findCredentials(registry, config, { env, helperMs }).catch((error: Error) => {
    throw new RunFailure('setup', `The credentials for ${registry} cannot be had: ${error.message}.`);
  });
}
