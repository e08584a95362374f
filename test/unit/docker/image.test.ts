import type { ImageInspectInfo } from 'dockerode';
import { describe, expect, it } from 'vitest';
import { imageInfo, parseImageReference } from '../../../src/docker/index.js';
import { RunFailure } from '../../../src/executor/index.js';

const HEX = 'a1'.repeat(32);
const DIGEST = `sha256:${HEX}`;
/** With the registry in front it has 255 characters. */
const LONGEST = 'a'.repeat(255 - 'registry.example.org/'.length);

describe('parseImageReference', () => {
  it.each([
    ['busybox', 'docker.io', 'busybox', 'latest'],
    ['busybox:1.36', 'docker.io', 'busybox', '1.36'],
    ['library/busybox', 'docker.io', 'busybox', 'latest'],
    ['docker.io/library/busybox', 'docker.io', 'busybox', 'latest'],
    ['index.docker.io/acme/sdk', 'docker.io', 'acme/sdk', 'latest'],
    ['docker.io/acme/sdk:2', 'docker.io', 'acme/sdk', '2'],
    ['acme/sdk_a.b--c/d', 'docker.io', 'acme/sdk_a.b--c/d', 'latest'],
    ['registry.example.org/sdk/arm:12', 'registry.example.org', 'registry.example.org/sdk/arm', '12'],
    ['localhost/x', 'localhost', 'localhost/x', 'latest'],
    ['localhost:5000/x:y', 'localhost:5000', 'localhost:5000/x', 'y'],
    ['[::1]:5000/x', '[::1]:5000', '[::1]:5000/x', 'latest'],
    ['x_y.z/w:1', '', 'x_y.z/w', '1'],
    [`acme/${HEX}`, 'docker.io', `acme/${HEX}`, 'latest'],
    [`${HEX}:1`, 'docker.io', HEX, '1'],
    [`registry.example.org/${LONGEST}`, 'registry.example.org', `registry.example.org/${LONGEST}`, 'latest'],
    [`acme/sdk@sha512:${HEX}${HEX}`, 'docker.io', 'acme/sdk', `sha512:${HEX}${HEX}`],
    [`acme/sdk@sha384:${HEX.slice(0, 32)}${HEX}`, 'docker.io', 'acme/sdk', `sha384:${HEX.slice(0, 32)}${HEX}`],
    [`acme/sdk@${DIGEST}`, 'docker.io', 'acme/sdk', DIGEST],
    [`acme/sdk:1@${DIGEST}`, 'docker.io', 'acme/sdk', DIGEST],
  ])('reads %s', (text, registry, name, tag) => {
    expect(parseImageReference(text)).toEqual({ registry, name, tag });
  });

  it.each([
    '',
    ' ',
    'Acme',
    'a/B',
    'a:',
    'a:-x',
    'a@sha256:12',
    `a@${DIGEST}a`,
    `a@${DIGEST.replaceAll('a1', 'A1')}`,
    `a@sha512:${HEX}`,
    `a@md5:${HEX.slice(32)}`,
    HEX,
    `registry.example.org/${LONGEST}a`,
    'a'.repeat(256 - 'docker.io/library/'.length),
    'x_y.z:80/w',
    '../x',
    'a/../b',
    'a?x=1',
    'a#b',
    'a b',
    'a//b',
    '/a',
    'a/',
    'http://a/b',
    '-rm',
    'a%2fb',
    `a@${DIGEST}@${DIGEST}`,
    'a\nb',
    'a\0',
    `${'a'.repeat(600)}`,
    `reg.example.org:80/`,
    'a:t:u',
  ])('refuses %j', (text) => {
    expect(() => parseImageReference(text)).toThrow(RunFailure);
  });

  it.each(['a_', 'a-', 'a.', 'a/'])('comes to an end with a long name of %s', (piece) => {
    expect(() => parseImageReference(`${piece.repeat(250)}!`)).toThrow(RunFailure);
  });
});

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
      ...(reference === ID ? { byId: true } : {}),
    });
  });

  it.each([
    [ID, [], true],
    ['a'.repeat(64), [], true],
    ['aaaaaaaaaaaa', [], true],
    ['aaa', ['aaa:latest'], undefined],
    ['abc', [], undefined],
    ['busybox', ['busybox:latest'], undefined],
  ])('of %s, whose tags are %j: by its id, which no other machine knows, is %s', (reference, tags, byId) => {
    const image = { ...found(), RepoTags: tags } as ImageInspectInfo;
    expect(imageInfo(image, reference).byId).toBe(byId);
  });

  it("has the image's own entrypoint", () => {
    const image = { ...found(), Config: { Entrypoint: ['/bin/sh', '-c', 'make'] } } as ImageInspectInfo;
    expect(imageInfo(image, 'busybox').entrypoint).toEqual(['/bin/sh', '-c', 'make']);
  });

  it('believes the pull, which has just told it', () => {
    expect(imageInfo(found(`busybox@${ONE}`), 'busybox', TWO)).toMatchObject({ digest: TWO });
  });
});
