import { describe, expect, it, onTestFinished } from 'vitest';
import {
  HttpClient,
  mergeRequestIdentity,
  mergeRequestParams,
  parseMergeRequest,
  parsePullRequest,
  pullRequestIdentity,
  pullRequestParams,
} from '../../../src/server/index.js';
import { fakeServer, sendHtml, sendJson } from './fake-server.js';

function client(): HttpClient {
  const http = new HttpClient({ pause: async () => {} });
  onTestFinished(() => http.close());
  return http;
}

describe('a pull request', () => {
  it.each([
    ['acme/blinky#12', undefined, 'https://api.github.com', 'https://github.com'],
    ['https://github.com/acme/blinky/pull/12/files', undefined, 'https://api.github.com', 'https://github.com'],
    [
      'https://ghe.example.org/acme/blinky/pull/12',
      undefined,
      'https://ghe.example.org/api/v3',
      'https://ghe.example.org',
    ],
    ['acme/blinky#12', 'https://ghe.example.org/api/v3/', 'https://ghe.example.org/api/v3', 'https://ghe.example.org'],
  ])('is meant by %s', (text, apiUrl, api, web) => {
    expect(parsePullRequest(text, apiUrl)).toEqual({ owner: 'acme', repo: 'blinky', number: 12, api, web });
  });

  it.each(['12', 'acme/blinky', 'acme/blinky#x', 'acme/../x#1', 'https://github.com/acme/blinky/issues/12'])(
    'is not meant by %s',
    (text) => {
      expect(parsePullRequest(text)).toBeUndefined();
    },
  );

  const pull = {
    statuses_url: 'https://api.github.com/repos/acme/blinky/statuses/headsha',
    base: { ref: 'main', sha: 'basesha', repo: { clone_url: 'https://github.com/acme/blinky.git' } },
    head: { sha: 'headsha', repo: { clone_url: 'https://github.com/fork/blinky.git' } },
  };

  it('gives the params that the server would', async () => {
    const { url, asked } = await fakeServer((_, response) => sendJson(response, pull));
    const request = parsePullRequest('acme/blinky#12', url);
    if (request === undefined) throw new Error('not read');
    expect(await pullRequestParams(client(), request, 'tok')).toEqual({
      GH_PRNUM: '12',
      GH_OWNER: 'acme',
      GH_REPO: 'blinky',
      GH_BRANCH: 'main',
      GH_STATUS_URL: 'https://api.github.com/repos/acme/blinky/statuses/headsha',
      GH_TARGET_REPO: 'https://github.com/acme/blinky.git',
      GIT_URL: 'https://github.com/fork/blinky.git',
      GIT_SHA_BASE: 'basesha',
      GIT_OLD_SHA: 'basesha',
      GIT_SHA: 'headsha',
    });
    expect(asked[0]).toMatchObject({ url: '/repos/acme/blinky/pulls/12', headers: { authorization: 'token tok' } });
    await pullRequestParams(client(), request, undefined);
    expect(asked[1]?.headers).not.toHaveProperty('authorization');
  });

  it('is named without asking', () => {
    const request = parsePullRequest('acme/blinky#12');
    if (request === undefined) throw new Error('not read');
    expect(pullRequestIdentity(request, 'abc')).toEqual({
      GH_PRNUM: '12',
      GH_OWNER: 'acme',
      GH_REPO: 'blinky',
      GH_STATUS_URL: 'https://api.github.com/repos/acme/blinky/statuses/abc',
      GH_TARGET_REPO: 'https://github.com/acme/blinky.git',
    });
  });

  it('that is hidden, or whose fork is gone, is told', async () => {
    let answer: [object, number] = [{ message: 'Not Found' }, 404];
    const { url } = await fakeServer((_, response) => sendJson(response, ...answer));
    const request = parsePullRequest('acme/blinky#12', url);
    if (request === undefined) throw new Error('not read');
    await expect(pullRequestParams(client(), request, undefined)).rejects.toThrow(
      'For a private repository, or a higher limit of calls, give a token with -s githubtok.',
    );
    answer = [{ message: 'Bad credentials for sekret-token' }, 401];
    const refused = pullRequestParams(client(), request, 'sekret-token');
    await expect(refused).rejects.toThrow('does not accept the credentials that were given');
    await expect(refused).rejects.not.toThrow('sekret-token');
    answer = [{ ...pull, head: { sha: 'x', repo: null } }, 200];
    await expect(pullRequestParams(client(), request, 'tok')).rejects.toThrow('has been deleted');
    answer = [{}, 200];
    await expect(pullRequestParams(client(), request, 'tok')).rejects.toThrow('nothing for GH_BRANCH');
  });

  it("that GitHub's limit of calls keeps back is worth another try, and a token", async () => {
    const { url } = await fakeServer((_, response) => {
      response.setHeader('x-ratelimit-remaining', '0');
      response.setHeader('x-ratelimit-reset', String(Math.ceil(Date.now() / 1000) + 1750));
      sendJson(response, { message: 'API rate limit exceeded for 192.0.2.1.' }, 403);
    });
    const request = parsePullRequest('acme/blinky#12', url);
    if (request === undefined) throw new Error('not read');
    const limited = pullRequestParams(client(), request, undefined);
    await expect(limited).rejects.toMatchObject({ kind: 'busy', environment: 'server' });
    await expect(limited).rejects.toThrow(
      'asks to come back later (403) ("API rate limit exceeded for 192.0.2.1"). Try again in 30 minutes. For a private repository, or a higher limit of calls, give a token with -s githubtok.',
    );
  });

  it('for which a page comes instead is for another --api-url', async () => {
    const { url } = await fakeServer((_, response) => sendHtml(response, '<!DOCTYPE html><title>Forge</title>'));
    const request = parsePullRequest('acme/blinky#12', url);
    if (request === undefined) throw new Error('not read');
    await expect(pullRequestParams(client(), request, undefined)).rejects.toThrow(
      'instead of data came the page "Forge" of a front end or a proxy. Check the address of its API: --api-url.',
    );
  });
});

describe('a merge request', () => {
  it.each([
    [
      'https://gitlab.com/group/sub/blinky/-/merge_requests/5/diffs',
      undefined,
      'https://gitlab.com/api/v4',
      'https://gitlab.com',
    ],
    [
      'https://gitlab.com/group/sub/blinky/merge_requests/5',
      undefined,
      'https://gitlab.com/api/v4',
      'https://gitlab.com',
    ],
    [
      'https://example.org/git/group/sub/blinky/-/merge_requests/5',
      'https://example.org/git/api/v4',
      'https://example.org/git/api/v4',
      'https://example.org/git',
    ],
  ])('is meant by %s', (text, apiUrl, api, web) => {
    expect(parseMergeRequest(text, apiUrl)).toEqual({ project: 'group/sub/blinky', number: 5, api, web });
  });

  it('gives the params that the server would', async () => {
    const answers: Record<string, unknown> = {
      '/api/v4/projects/group%2Fblinky/merge_requests/5': {
        sha: 'headsha',
        web_url: 'https://gitlab.com/group/blinky/-/merge_requests/5',
        source_project_id: 2,
        target_project_id: 1,
      },
      '/api/v4/projects/group%2Fblinky/merge_requests/5/versions': [
        { base_commit_sha: 'basesha' },
        { base_commit_sha: 'old' },
      ],
      '/api/v4/projects/1': {
        path_with_namespace: 'group/blinky',
        http_url_to_repo: 'https://gitlab.com/group/blinky.git',
      },
      '/api/v4/projects/2': {
        path_with_namespace: 'fork/blinky',
        http_url_to_repo: 'https://gitlab.com/fork/blinky.git',
      },
    };
    const { url, asked } = await fakeServer(({ url: path }, response) => sendJson(response, answers[path] ?? {}));
    const request = parseMergeRequest(`${url}/group/blinky/-/merge_requests/5`);
    if (request === undefined) throw new Error('not read');
    expect(await mergeRequestParams(client(), request, 'tok')).toEqual({
      GIT_SHA: 'headsha',
      GIT_SHA_BASE: 'basesha',
      GIT_URL: 'https://gitlab.com/fork/blinky.git',
      GL_MR: 'https://gitlab.com/group/blinky/-/merge_requests/5',
      GL_MR_API: `${url}/api/v4/projects/group%2Fblinky/merge_requests/5`,
      GL_STATUS_URL: `${url}/api/v4/projects/fork%2Fblinky/statuses/headsha`,
      GL_TARGET_REPO: 'https://gitlab.com/group/blinky.git',
    });
    expect(asked.every(({ headers }) => headers['private-token'] === 'tok')).toBe(true);
  });

  it('is named without asking', () => {
    const request = parseMergeRequest('https://gitlab.com/group/blinky/-/merge_requests/5');
    if (request === undefined) throw new Error('not read');
    expect(mergeRequestIdentity(request, 'abc')).toEqual({
      GL_MR: 'https://gitlab.com/group/blinky/-/merge_requests/5',
      GL_MR_API: 'https://gitlab.com/api/v4/projects/group%2Fblinky/merge_requests/5',
      GL_STATUS_URL: 'https://gitlab.com/api/v4/projects/group%2Fblinky/statuses/abc',
      GL_TARGET_REPO: 'https://gitlab.com/group/blinky.git',
    });
  });
});
