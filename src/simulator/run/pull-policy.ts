import { type ContainerEngine, type ImageInfo, type PullRequest, RunFailure } from '../../executor/ports.js';

export const PULL_POLICIES = ['always', 'missing', 'never'] as const;
export type PullPolicy = (typeof PULL_POLICIES)[number];

/** An engine that can say whether it has an image. */
export interface LocalEngine extends ContainerEngine {
  inspectImage(reference: string): Promise<ImageInfo | undefined>;
}

/**
 * An engine that pulls as `--pull` says.
 *
 * @param onNotPulled is told of each image that was taken as it was here
 */
export function withPullPolicy(
  engine: LocalEngine,
  policy: PullPolicy,
  onNotPulled: (reference: string) => void,
): ContainerEngine {
  if (policy === 'always') return engine;
  return {
    address: engine.address,
    create: (spec, signal) => engine.create(spec, signal),
    reattach: (id) => engine.reattach(id),
    pull: async (request: PullRequest) => {
      const image = await engine.inspectImage(request.reference);
      if (image !== undefined) {
        onNotPulled(request.reference);
        await request.log.info('The image is on this machine already: not pulled again');
        return image;
      }
      if (policy === 'missing') return engine.pull(request);
      throw new RunFailure(
        'setup',
        `The image ${request.reference} is not on this machine, and --pull never forbids to fetch it. ` +
          'Pull it first, or leave the flag out.',
      );
    },
  };
}
