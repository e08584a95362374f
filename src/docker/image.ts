/** Images: their names for the engine's API, what the engine knows of them, and what their registry does. */
import type Docker from 'dockerode';
import { type ImageInfo, type RegistryCredentials, RunFailure } from '../executor/index.js';
import { DOCKER_HUB, parseImageName } from '../schema/index.js';
import {
  type EngineLimits,
  engineFailure,
  engineWords,
  isUnreachable,
  refuseAnswer,
  statusOf,
  within,
} from './client.js';
import { loadDockerConfig } from './docker-config.js';
import { pullFailure } from './pull-failure.js';
import { credentialsKey, findCredentials, type RegistryAuth } from './registry-credentials.js';

export interface ImageReference {
  /** As `ImageName` has it. */
  registry: string;
  /** What `fromImage` of the engine's pull is: the name as a user would write it. */
  name: string;
  /** `latest` when the reference has neither tag nor digest; a digest wins over a tag. */
  tag: string;
}

/** @throws RunFailure(setup) for what is no name of an image; nothing of it reaches the engine's URLs then */
export function parseImageReference(text: string): ImageReference {
  const image = parseImageName(text);
  if (image === undefined) {
    throw new RunFailure(
      'setup',
      `${JSON.stringify(text)} is no name of a container image: write it as [registry/]name[:tag], name in lower case.`,
      { final: true },
    );
  }
  const { registry, path, tag, digest } = image;
  const own = registry === '' ? path : `${registry}/${path}`;
  const name = registry === DOCKER_HUB ? path.replace(/^library\//, '') : own;
  return { registry, name, tag: digest ?? tag ?? 'latest' };
}

const ID = /^(sha256:)?[0-9a-f]{64}$/;

/** Undefined when the engine does not have it. `pulled`: the digest that a pull has just reported. */
export async function inspectImage(
  client: Docker,
  reference: string,
  callMs: number,
  pulled?: string,
): Promise<ImageInfo | undefined> {
  if (!ID.test(reference)) parseImageReference(reference);
  const image = client.getImage(reference);
  try {
    const found = await within(callMs, () => image.inspect());
    const named: unknown[] = [found.RepoDigests ?? [], found.RepoTags ?? []];
    if (typeof found.Id !== 'string' || !named.every(isTexts)) refuseAnswer();
    return imageInfo(found, reference, pulled);
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw engineFailure(`Image ${reference} could not be inspected`, error);
  }
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string');

/** Pure. What the engine reports about an image that was named so. @public */
export function imageInfo(found: Docker.ImageInspectInfo, reference: string, pulled?: string): ImageInfo {
  const name = ID.test(reference) ? undefined : parseImageReference(reference);
  const digest = pulled ?? (name && digestIn(found.RepoDigests ?? [], `${name.registry}/${name.name}`));
  const byId = name === undefined || isShortId(reference, found);
  const { Entrypoint: entrypoint } = found.Config ?? {};
  return {
    id: found.Id,
    ...(digest ? { digest } : {}),
    os: found.Os,
    architecture: found.Architecture,
    ...(byId ? { byId } : {}),
    ...(Array.isArray(entrypoint) && entrypoint.length > 0 ? { entrypoint } : {}),
  };
}

/** `4f3c0a` is a name that a registry may have; this engine knows it as the beginning of an id. */
function isShortId(reference: string, { Id, RepoTags }: Docker.ImageInspectInfo): boolean {
  const begins = /^[0-9a-f]+$/.test(reference) && Id.replace('sha256:', '').startsWith(reference);
  return begins && !(RepoTags ?? []).some((tag) => tag.split(':')[0]?.endsWith(reference));
}

/** An image may have come from several registries; only this one's digest can be pulled there again. */
function digestIn(digests: string[], wanted: string): string | undefined {
  for (const entry of digests) {
    const [name = '', digest] = entry.split('@');
    // An engine may have lost the name, and says `<none>`.
    if (parseImageName(name) === undefined) continue;
    const { registry, name: path } = parseImageReference(name);
    if (`${registry}/${path}` === wanted) return digest;
  }
  return undefined;
}

/** The ids of all images that the engine has. */
export async function localImages(client: Docker, callMs: number): Promise<string[]> {
  const list = await within(callMs, (abortSignal) => client.listImages({ abortSignal }));
  return Array.isArray(list) ? list.map(({ Id }) => Id) : refuseAnswer();
}

export interface RegistryImage {
  registry: string;
  /** The digest that the tag stands for now, `sha256:…`. */
  digest: string;
  /** Whether credentials were sent. */
  authenticated: boolean;
}

/**
 * Asks a registry, through the engine, whether it would give an image: nothing is pulled.
 * Undefined: this engine has no such call (Podman).
 *
 * @param credentials the run's; without them the user's own are used
 * @throws RunFailure(setup), environment registry or engine
 */
export async function askRegistry(
  client: Docker,
  image: string,
  { limits, env, home }: { limits: EngineLimits; env: NodeJS.ProcessEnv; home: string },
  credentials: RegistryCredentials | undefined,
): Promise<RegistryImage | undefined> {
  const { registry } = parseImageReference(image);
  const own = async () => {
    const { config } = await loadDockerConfig(env, home);
    return findCredentials(registry, config, { env, helperMs: limits.helper });
  };
  const auth: RegistryAuth | undefined = credentials
    ? { ...credentials, serveraddress: credentialsKey(registry) }
    : await own().catch((error: Error) => {
        const message = `There are no credentials for ${registry}: ${error.message}.`;
        throw new RunFailure('setup', message, { environment: 'registry' });
      });
  try {
    const answer: { Descriptor?: { digest?: unknown } } = await within(limits.call, () =>
      client.getImage(image).distribution(auth === undefined ? {} : { authconfig: auth }),
    );
    const digest = answer.Descriptor?.digest;
    if (typeof digest !== 'string') return refuseAnswer();
    return { registry, digest, authenticated: auth !== undefined };
  } catch (error) {
    if (statusOf(error) === 404 && /page not found|not found\s*$|^Path .* is not supported$/i.test(engineWords(error)))
      return undefined;
    if (isUnreachable(error)) throw engineFailure(`${registry} could not be asked about ${image}`, error);
    throw pullFailure(image, registry, engineWords(error));
  }
}
