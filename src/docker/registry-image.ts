/** Asks a registry, through the engine, whether it would give an image: nothing is pulled. */
import type Docker from 'dockerode';
import { RunFailure } from '../executor/ports.js';
import { loadDockerConfig } from './docker-config.js';
import { engineWords, isUnreachable, setupFailure, statusOf } from './engine-error.js';
import { type EngineLimits, within } from './engine-limits.js';
import { parseImageReference } from './image-reference.js';
import { pullFailure } from './pull-failure.js';
import { findCredentials } from './registry-credentials.js';

export interface RegistryImage {
  registry: string;
  /** The digest that the tag stands for now, `sha256:…`. */
  digest: string;
  /** Whether credentials of the docker client's configuration were sent. */
  authenticated: boolean;
}

/**
 * With the user's own credentials, as a pull has them. Undefined: this engine has no such call (Podman).
 *
 * @throws RunFailure(setup), environment registry or engine where one of them was not there
 */
export async function askRegistry(
  client: Docker,
  image: string,
  { limits, env, home }: { limits: EngineLimits; env: NodeJS.ProcessEnv; home: string },
): Promise<RegistryImage | undefined> {
  const { registry } = parseImageReference(image);
  const { config } = await loadDockerConfig(env, home);
  const auth = await findCredentials(registry, config, { env, helperMs: limits.helper }).catch((error: Error) => {
    throw new RunFailure('setup', `The credentials for ${registry} cannot be had: ${error.message}.`);
  });
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
