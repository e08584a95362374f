/** What the engine knows of an image. */
import type Docker from 'dockerode';
import type { ImageInfo } from '../executor/ports.js';
import { parseImageName } from '../schema/image-reference.js';
import { setupFailure, statusOf } from './engine-error.js';
import { within } from './engine-limits.js';
import { parseImageReference } from './image-reference.js';

const ID = /^sha256:[0-9a-f]{64}$/;

/** Undefined when the engine does not have it. `pulled`: the digest that a pull has just told. */
export async function inspectImage(
  client: Docker,
  reference: string,
  callMs: number,
  pulled?: string,
): Promise<ImageInfo | undefined> {
  if (!ID.test(reference)) parseImageReference(reference);
  const image = client.getImage(reference);
  try {
    return imageInfo(await within(callMs, () => image.inspect()), reference, pulled);
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw setupFailure(`Image ${reference} could not be looked at`, error);
  }
}

/** Pure. Of what the engine says of an image, asked for it by this name. */
export function imageInfo(found: Docker.ImageInspectInfo, reference: string, pulled?: string): ImageInfo {
  const name = ID.test(reference) ? undefined : parseImageReference(reference);
  const digest = pulled ?? (name && digestIn(found.RepoDigests ?? [], `${name.registry}/${name.name}`));
  return { id: found.Id, ...(digest ? { digest } : {}), os: found.Os, architecture: found.Architecture };
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
