import { describe, expect, it } from 'vitest';
import { pullFailure } from '../../../src/docker/pull-failure.js';

/** Words of docker 20.10 and podman 4.3. */
describe('pullFailure', () => {
  it.each([
    'Get "http://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused',
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host',
    'Get "https://r/v2/": net/http: TLS handshake timeout',
    'Get "https://r/v2/": x509: certificate signed by unknown authority',
    'toomanyrequests: You have reached your pull rate limit',
    'received unexpected HTTP status: 503 Service Unavailable',
    'unexpected EOF',
  ])('blames the registry: %s', (words) => {
    expect(pullFailure('a/b:1', 'docker.io', words)).toMatchObject({ reason: 'setup', environment: 'registry' });
  });

  it.each([
    ['manifest for r/none:latest not found: manifest unknown: manifest unknown', 'Check its name and tag'],
    [
      'manifest for 127.0.0.1:40313/team/none:1 not found: manifest unknown: manifest unknown',
      'Check its name and tag',
    ],
    ['manifest for r:5000/unauthorized/x509:403 not found: manifest unknown', 'Check its name and tag'],
    ['manifest for r:5000/t:1@sha256:403 not found', 'Check its name and tag'],
    ['manifest for denied:403 not found: manifest unknown', 'Check its name and tag', 'denied:403'],
    ['invalid status code from registry 403 (Forbidden)', 'container-auth'],
    ['403 Forbidden', 'container-auth'],
    ['error parsing HTTP 401 response body', 'container-auth'],
    ['no matching manifest for linux/riscv64 in the manifest list entries', 'Check its name and tag'],
    ['Head "http://r/v2/t/manifests/1": no basic auth credentials', 'container-auth'],
    ['pull access denied for x, repository does not exist or may require authorization', 'docker login r:5000'],
    ['unauthorized: authentication required', 'container-auth'],
  ])('does not blame it: %s', (words, advice, image = 'r:5000/t:1') => {
    const failure = pullFailure(image, 'r:5000', words);
    expect(failure).toMatchObject({ reason: 'setup', environment: undefined });
    expect(failure.message).toContain(`Image ${image} could not be pulled: ${words}.`);
    expect(failure.message).toContain(advice);
  });
});
