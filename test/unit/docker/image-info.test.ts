import type { ImageInspectInfo } from 'dockerode';
import { describe, expect, it } from 'vitest';
import { imageInfo } from '../../../src/docker/image-info.js';

const ID = `sha256:${'a'.repeat(64)}`;
const [ONE, TWO] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];

/** What an engine says of an image that it has from several places. */
const found = (...RepoDigests: string[]) =>
  ({ Id: ID, RepoDigests, Os: 'linux', Architecture: 'arm64' }) as unknown as ImageInspectInfo;

describe('imageInfo', () => {
  it.each([
    ['busybox', [`busybox@${ONE}`], ONE],
    ['docker.io/library/busybox:1', [`busybox@${ONE}`], ONE],
    ['r:5000/ci/sdk:1', [`busybox@${TWO}`, `r:5000/ci/sdk@${ONE}`], ONE],
    ['r:5000/ci/sdk:1', [`<none>@<none>`, `r:5000/ci/sdk@${ONE}`], ONE],
    ['r:5000/ci/sdk:1', [`other:5000/ci/sdk@${TWO}`], undefined],
    ['r:5000/ci/sdk:1', [], undefined],
    [ID, [`busybox@${ONE}`], undefined],
  ])('of %s among %j: the digest that its own registry knows', (reference, digests, digest) => {
    expect(imageInfo(found(...digests), reference)).toEqual({
      id: ID,
      os: 'linux',
      architecture: 'arm64',
      ...(digest === undefined ? {} : { digest }),
    });
  });

  it('believes the pull, which has just told it', () => {
    expect(imageInfo(found(`busybox@${ONE}`), 'busybox', TWO)).toMatchObject({ digest: TWO });
  });
});
