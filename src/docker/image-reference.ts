/** Names of images for the engine's API. */
import { RunFailure } from '../executor/ports.js';
import { DOCKER_HUB, parseImageName } from '../schema/image-reference.js';

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
    );
  }
  const { registry, path, tag, digest } = image;
  return {
    registry,
    name: nameOf(registry, path),
    tag: digest ?? tag ?? 'latest',
  };
}

function nameOf(registry: string, path: string): string {
  if (registry === DOCKER_HUB) return path.replace(/^library\//, '');
  return registry === '' ? path : `${registry}/${path}`;
}
