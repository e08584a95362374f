/** Names of images, read as the docker CLI reads them: the rules of distribution/reference. */

export interface ImageName {
  /**
   * The registry's `host[:port]`; `docker.io` when the name has none. `''` where its first part looks like a host and
   * cannot be one, as in `x_y.z/sdk`: Docker knows such an image, but no registry to pull it from.
   */
  registry: string;
  /** Behind the registry; `library/` in front of an official image only where it is written. */
  path: string;
  tag: string | undefined;
  /** `sha256:…`; it wins over the tag. */
  digest: string | undefined;
}

export const DOCKER_HUB = 'docker.io';

const COMPONENT = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*';
const HOST =
  '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const REGISTRY = new RegExp(`^${HOST}$`);
const TAG = /^\w[\w.-]{0,127}$/;
/** The algorithms that Docker knows, and how many digits they have. */
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;
/** Docker takes it for the id of an image. */
const IMAGE_ID = /^[0-9a-f]{64}$/;
/** Of a name with its registry, without tag and digest. */
const LONGEST_NAME = 255;
/** Of the whole text; longer ones are not looked at. */
const LONGEST = 512;

/** @returns undefined for a text that is not the name of an image */
export function parseImageName(text: string): ImageName | undefined {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || text.length > LONGEST || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  const name = hasTag ? named.slice(0, colon) : named;
  if (IMAGE_ID.test(text)) return undefined;
  const { registry, path } = splitRegistry(name);
  if (!NAME.test(path) || fullName(registry, path).length > LONGEST_NAME) return undefined;
  return registry === '' || REGISTRY.test(registry) ? { registry, path, tag, digest } : undefined;
}

function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (slash < 0 || !isHost) return { registry: DOCKER_HUB, path: name };
  if (!REGISTRY.test(first) && NAME.test(first)) return { registry: '', path: name };
  return { registry: first === 'index.docker.io' ? DOCKER_HUB : first, path: name.slice(slash + 1) };
}

/** As Docker measures it. */
function fullName(registry: string, path: string): string {
  const isOfficial = registry === DOCKER_HUB && !path.includes('/');
  return `${registry}/${isOfficial ? 'library/' : ''}${path}`;
}

/**
 * The mode after a volume's path (`/ccache:ro,z`), as Docker reads it for a folder of the host; measured with Docker
 * 20.10 and 29. `nocopy` is for the engine's own volumes only.
 */
const KINDS: readonly RegExp[] = [
  /^(?:ro|rw)$/,
  /^[zZ]$/,
  /^(?:consistent|cached|delegated)$/,
  /^r?(?:shared|slave|private)$/,
];

/** @returns the words of the mode; undefined for one that Docker refuses: it takes at most one word of each kind */
export function mountModeWords(mode: string): string[] | undefined {
  const words = mode.split(',');
  const kinds = words.map((word) => KINDS.findIndex((kind) => kind.test(word)));
  return kinds.includes(-1) || new Set(kinds).size < kinds.length ? undefined : words;
}
