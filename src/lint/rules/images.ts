import { DOCKER_HUB, type ImageName, parseImageName } from '../../schema/image-reference.js';
import { asText } from '../../schema/values.js';
import type { CheckContext, RunView } from '../context.js';
import { ONE_RUN, SCRIPTS } from '../example-parts.js';
import type { Finding, Rule } from '../rule.js';

/** Rules about the images that runs start from. */

/*
 * simple.py `docker_pull` passes the name to `docker pull` as it is, four times, and then fails the run. The names that
 * the docker CLI takes are those of distribution/reference.
 */
export const imageReference: Rule = {
  id: 'image-reference',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  summary: 'A container that is no name of an image, or one that is another image every day.',
  explain: {
    why: 'The worker hands the name to `docker pull`; what is no name of an image fails the run there, after four tries. Without a tag, or with `latest`, the run takes whatever is called that on the day: a build that passed may fail tomorrow, and what failed cannot be looked at again. This is said once of each name.',
    bad: `${ONE_RUN}      - name: build
        container: registry.example.org/SDK:12
        host-tag: amd64
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: registry.example.org/sdk:12
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    const told = new Set<string>();
    for (const { path, text, image } of images(context)) {
      const finding = image ? (noRegistryFault(image) ?? floatingFault(image)) : noNameFault(text);
      // Of an image that changes it is enough to hear once.
      if (finding === undefined || (finding.server === 'accepts' && told.has(text))) continue;
      told.add(text);
      yield { path, ...finding };
    }
  },
};

function noNameFault(text: string): Omit<Finding, 'path'> {
  const message =
    text === '' ? 'A run needs the name of an image.' : `\`${text}\` is no name of an image; it cannot be pulled.`;
  return { message, help: repair(text) };
}

function repair(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text))
    return 'This is the id of an image, which only the machine that has the image knows; name the image.';
  const [, rest = ''] = /^\w+:\/\/(.*)$/.exec(text) ?? [];
  for (const better of [rest, text.trim(), text.toLowerCase(), rest.toLowerCase(), text.trim().toLowerCase()]) {
    if (better !== '' && better !== text && parseImageName(better)) return `Write \`${better}\`.`;
  }
  const named = text.replace(/@[^@]*$/, '');
  if (named !== text && parseImageName(named))
    return 'A digest is `sha256:` and 64 digits of 0-9 and a-f; take it from `docker images --digests`.';
  if (text.length > 255) return 'A name has at most 255 characters, the registry among them.';
  return 'Write it as `[registry/]name[:tag]`, the name in lower case.';
}

/** "http: no Host in request URL", says Docker 20.10 when it is to pull such an image. */
function noRegistryFault({ registry, path }: ImageName): Omit<Finding, 'path'> | undefined {
  if (registry !== '') return undefined;
  const [first = ''] = path.split('/', 1);
  const message = `\`${first}\` cannot be the host of a registry, so that Docker has none to pull this image from.`;
  return {
    message,
    help: 'A host has letters, digits, `-` and dots; for an image of Docker Hub write `docker.io/` in front.',
  };
}

function floatingFault({ tag, digest }: ImageName): Omit<Finding, 'path'> | undefined {
  if (digest !== undefined || (tag !== undefined && tag !== 'latest')) return undefined;
  const message = tag
    ? '`latest` is another image whenever somebody pushes one.'
    : 'Without a tag this is `latest`: another image whenever somebody pushes one.';
  return { message, help: 'Name a tag, or a digest.', severity: 'info', server: 'accepts' };
}

/*
 * simple.py `docker_login` puts the credentials under what stands before the first `/` of the name, whatever that is.
 * Docker looks for them under the registry's host, and for those of Docker Hub under a name of its own that is never
 * the one before a `/`: with `acme/sdk` as with `docker.io/acme/sdk` it sends none. Measured with the docker CLI.
 */
export const containerAuthRegistry: Rule = {
  id: 'container-auth-registry',
  severity: 'warning',
  server: 'misbehaves',
  summary: 'Credentials for an image of Docker Hub, which never get there.',
  explain: {
    why: 'The worker keeps the credentials of `container-auth` under the first part of the name, up to the `/`, which has to be the host of a registry. For an image of Docker Hub, `acme/sdk` as well as `docker.io/acme/sdk`, Docker does not look there: it pulls without them, and gets public images only.',
    bad: `${ONE_RUN}      - name: build
        container: acme/sdk:12
        container-auth: registry_token
        host-tag: amd64
        script: build
${SCRIPTS}`,
    good: `${ONE_RUN}      - name: build
        container: registry.example.org/acme/sdk:12
        container-auth: registry_token
        host-tag: amd64
        script: build
${SCRIPTS}`,
  },
  *check(context) {
    for (const { path, run, image } of images(context)) {
      const auth = `${path.slice(0, path.lastIndexOf('/'))}/container-auth`;
      if (image?.registry !== DOCKER_HUB || !asText(run['container-auth']) || !context.isSound(auth)) continue;
      yield {
        path,
        message: 'The credentials are not used: Docker does not find them for an image of Docker Hub.',
        help: `Put the host of your registry in front, such as \`registry.example.org/${image.path}\`; for Docker Hub log the worker in.`,
        related: [{ path: auth, message: 'the credentials' }],
      };
    }
  },
};

interface UsedImage extends RunView {
  text: string;
  image: ImageName | undefined;
}

/** `path` leads to the name. */
function* images(context: CheckContext): Generator<UsedImage> {
  for (const view of context.runs) {
    const text = asText(view.run['container']);
    if (text !== undefined) yield { ...view, path: `${view.path}/container`, text, image: parseImageName(text) };
  }
}
