import { describe, expect, it } from 'vitest';
import { isRefusal, pullFailure } from '../../../src/docker/index.js';

const REACH = 'Check that r:5000 can be reached';
const LOGIN = 'docker login r:5000';
const NAME = 'Check its name and tag';
const STRANGE = 'gave an answer that no registry gives';

/** Words of docker 20.10 and podman 4.3. None of them says anything about the code: status 3. */
describe('pullFailure', () => {
  it('has its advice at the end of the message, and alone', () => {
    const failure = pullFailure('r:5000/t:1', 'r:5000', 'dial tcp: e.g. refused. connection refused');
    expect(failure.advice).toBe('Check that r:5000 can be reached from the engine.');
    expect(failure.message).toBe(`${failure.finding} ${failure.advice}`);
    expect(failure.finding).toMatch(/connection refused\.$/);
  });

  it.each([
    ['Get "http://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused', REACH],
    ['Get "https://r:5000/v2/": dial tcp: lookup r on 10.0.0.1:53: no such host', REACH],
    ['Get "https://r/v2/": net/http: TLS handshake timeout', REACH],
    ['Get "https://r/v2/": x509: certificate signed by unknown authority', REACH],
    ['received unexpected HTTP status: 503 Service Unavailable', REACH],
    ['unexpected EOF', REACH],
    ['toomanyrequests: You have reached your pull rate limit', LOGIN],
    ['error parsing HTTP 429 response body: invalid character', LOGIN],
    ['error parsing HTTP 404 response body: invalid character \'<\' looking for beginning of value: "<html>"', STRANGE],
    ['Get "http://r:5000/v2/t/manifests/1": stopped after 10 redirects', STRANGE],
    ['manifest verification failed for digest sha256:12', STRANGE],
    ['filesystem layer verification failed for digest sha256:12', STRANGE],
    ['something that no version said until now', 'whether r:5000 works'],
  ])('is not the registry\'s "no": %s', (words, advice) => {
    const failure = pullFailure('r:5000/t:1', 'r:5000', words, true);
    expect(failure).toMatchObject({ reason: 'setup', environment: 'registry', final: false });
    expect(isRefusal(failure.message)).toBe(false);
    expect(failure.message).toContain(`Image r:5000/t:1 could not be pulled: ${words}. `);
    expect(failure.message).toContain(advice);
  });

  it.each([
    ['manifest for r/none:latest not found: manifest unknown: manifest unknown', NAME],
    ['manifest for 127.0.0.1:40313/team/none:1 not found: manifest unknown: manifest unknown', NAME],
    ['manifest for r:5000/unauthorized/x509:403 not found: manifest unknown', NAME],
    ['manifest for r:5000/t:1@sha256:403 not found', NAME],
    ['manifest for denied:403 not found: manifest unknown', NAME, 'denied:403'],
    ['no matching manifest for linux/riscv64 in the manifest list entries', "There is none for the engine's platform"],
    ['invalid status code from registry 403 (Forbidden)', 'container-auth'],
    ['403 Forbidden', 'container-auth'],
    ['error parsing HTTP 401 response body', 'container-auth'],
    ['Head "http://r/v2/t/manifests/1": no basic auth credentials', 'container-auth'],
    ['pull access denied for x, repository does not exist or may require authorization', LOGIN],
    ['unauthorized: authentication required', 'container-auth'],
  ])('is its "no", which is final for a simulation: %s', (words, advice, image = 'r:5000/t:1') => {
    const failure = pullFailure(image, 'r:5000', words, true);
    expect(failure).toMatchObject({ reason: 'setup', environment: 'registry', final: true });
    expect(isRefusal(failure.message)).toBe(true);
    expect(failure.message).toContain(advice);
    expect(pullFailure(image, 'r:5000', words)).toMatchObject({ final: false });
  });

  it("is the engine's when it cannot store the image", () => {
    const words = 'failed to register layer: write /x: no space left on device';
    expect(pullFailure('a:1', 'docker.io', words)).toMatchObject({ environment: 'engine', final: false });
  });

  it('names the registry that podman asked for a short name', () => {
    const words =
      'initializing source docker://localhost/sdk:1: pinging container registry localhost: Get "https://localhost/v2/": dial tcp [::1]:443: connect: connection refused';
    const { message } = pullFailure('sdk:1', 'docker.io', words);
    expect(message).toContain('Podman calls an image that was built or loaded on its machine localhost/…');
    const port = words.replaceAll('localhost', 'localhost:5000');
    expect(pullFailure('sdk:1', 'docker.io', port).message).toContain('Check that localhost:5000 can be reached');
    expect(message).not.toContain('docker.io');
  });

  it.each([
    ['toomanyrequests: retry-after: 912.5ms, allowed: 44000/minute', 913],
    ['toomanyrequests: Retry-After: 30', 30_000],
    ['toomanyrequests: retry-after: 2m', 120_000],
    ['toomanyrequests: enough', undefined],
  ])('says how long to wait where the registry did: %s', (words, retryAfterMs) => {
    expect(pullFailure('a:1', 'r', words).retryAfterMs).toBe(retryAfterMs);
  });
});
