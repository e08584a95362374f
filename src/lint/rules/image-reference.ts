import { type ImageName, parseImageName } from '../../schema/index.js';
import type { CheckContext, LintedRun } from '../context.js';
import type { Fault } from '../finding.js';
import type { RuleCheck } from '../rule.js';

/*
 * simple.py `docker_pull` passes the name to `docker pull` as it is, four times, and then fails the run. The names that
 * the docker CLI takes are those of distribution/reference.
 */
export const imageReference: RuleCheck = {
  id: 'image-reference',
  severity: 'error',
  server: 'fails',
  simulation: 'fails-itself',
  together: (count) =>
    `${count} images have no tag, or \`latest\`: each is another image whenever somebody pushes one.`,
  *check(context) {
    const reported = new Set<string>();
    for (const { path, text, image } of images(context)) {
      const finding = image ? (noRegistryFault(image) ?? floatingFault(text, image)) : noNameFault(text);
      // Once is enough for an image that changes.
      if (finding === undefined || (finding.server === 'accepts' && reported.has(text))) continue;
      reported.add(text);
      yield { path: `${path}/container`, ...finding };
    }
  },
};

function noNameFault(text: string): Fault {
  const message =
    text === '' ? 'A run needs the name of an image.' : `\`${text}\` is not the name of an image; it cannot be pulled.`;
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

/** "http: no Host in request URL", says Docker 20.10 when it should pull such an image. */
function noRegistryFault({ registry, path }: ImageName): Fault | undefined {
  if (registry !== '') return undefined;
  const [first = ''] = path.split('/', 1);
  const message = `\`${first}\` cannot be the host of a registry, so Docker has none to pull this image from.`;
  return {
    message,
    help: 'A host has letters, digits, `-` and dots; for an image of Docker Hub write `docker.io/` in front.',
  };
}

function floatingFault(text: string, { tag, digest }: ImageName): Fault | undefined {
  if (digest !== undefined || (tag !== undefined && tag !== 'latest')) return undefined;
  const message = tag
    ? `\`${text}\` is another image whenever somebody pushes one.`
    : `\`${text}\` has no tag, which means \`latest\`: another image whenever somebody pushes one.`;
  return { message, help: 'Name a tag, or a digest.', severity: 'info', server: 'accepts' };
}

interface UsedImage extends LintedRun {
  text: string;
  image: ImageName | undefined;
}

export function images(context: CheckContext): UsedImage[] {
  return context.runs.flatMap((view) => {
    const text = view.run.container;
    return text == null ? [] : [{ ...view, text, image: parseImageName(text) }];
  });
}
