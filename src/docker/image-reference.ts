/** Names of images, read as the docker CLI reads them. */
import { RunFailure } from '../executor/ports.js';

export interface ImageReference {
  /** The registry's `host[:port]`; `docker.io` when the name has none. */
  registry: string;
  /** What `fromImage` of the engine's pull is: the name as a user would write it. */
  name: string;
  /** `latest` when the reference has neither tag nor digest; a digest wins over a tag. */
  tag: string;
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*';
const HOST =
  '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const REGISTRY = new RegExp(`^${HOST}$`);
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const HUB = 'docker.io';

/** @throws RunFailure(setup) for what is no name of an image; nothing of it reaches the engine's URLs then */
export function parseImageReference(text: string): ImageReference {
  const invalid = () =>
    new RunFailure(
      'setup',
      `${JSON.stringify(text)} is no name of a container image: write it as [registry/]name[:tag], name in lower case.`,
    );
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || text.length > 512 || (digest !== undefined && !DIGEST.test(digest))) throw invalid();
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) throw invalid();
  const { registry, path } = splitRegistry(hasTag ? named.slice(0, colon) : named);
  if (!REGISTRY.test(registry) || !NAME.test(path)) throw invalid();
  return {
    registry,
    name: registry === HUB ? path.replace(/^library\//, '') : `${registry}/${path}`,
    tag: digest ?? tag ?? 'latest',
  };
}

function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (slash < 0 || !isHost) return { registry: HUB, path: name };
  return { registry: first === 'index.docker.io' ? HUB : first, path: name.slice(slash + 1) };
}
