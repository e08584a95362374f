import { describe, expect, it } from 'vitest';
import { gitSource } from '../../../src/git/index.js';
import { check } from '../../../src/lint/index.js';
import { expand } from '../../../src/schema/index.js';
import {
  checkForgeRequest,
  forgeParams,
  namesRequest,
  type PlanMeans,
  type PlanRequest,
  planRuns,
} from '../../../src/simulator/index.js';
import { fakeServer, sendJson } from '../server/fake-server.js';

const DEFINITION = `
timeout: 5
triggers:
  - name: pr
    type: github_pr
    runs:
      - {name: one, container: alpine, host-tag: amd64, script: hello}
      - {name: two, container: alpine, host-tag: amd64, script: hello}
scripts:
  hello: 'true'
`;

describe('a request that runs are of', () => {
  it('is for the triggers of its forge', () => {
    expect(namesRequest({ pr: 'a/b#1' }, 'github_pr')).toBe(true);
    expect(namesRequest({ pr: 'a/b#1' }, 'gitlab_mr')).toBe(false);
    expect(namesRequest(undefined, 'github_pr')).toBe(false);
    expect(() => checkForgeRequest({ pr: 'a/b#1' }, ['github_pr', 'simple'])).not.toThrow();
    expect(() => checkForgeRequest({ pr: 'a/b#1' }, ['simple', 'simple'])).toThrow(
      '--pr is for the runs of github_pr triggers, and those chosen are of simple.',
    );
    expect(() => checkForgeRequest({ mr: 'https://h/a/b' }, [])).toThrow('none is chosen from a definition');
    expect(() => checkForgeRequest({ apiUrl: 'https://h' }, [])).toThrow('neither is given');
  });

  it('of the working tree asks nobody', async () => {
    // Nothing listens at port 1.
    const params = await forgeParams(
      { pr: 'acme/blinky#12', apiUrl: 'http://127.0.0.1:1' },
      'github_pr',
      {},
      { sha: 'abc' },
    );
    expect(params).toEqual({
      GH_PRNUM: '12',
      GH_OWNER: 'acme',
      GH_REPO: 'blinky',
      GH_STATUS_URL: 'http://127.0.0.1:1/repos/acme/blinky/statuses/abc',
      GH_TARGET_REPO: 'http://127.0.0.1:1/acme/blinky.git',
    });
    const merge = { mr: 'https://gitlab.com/group/blinky/-/merge_requests/5' };
    expect(await forgeParams(merge, 'gitlab_mr', {}, { sha: 'abc' })).toMatchObject({
      GL_TARGET_REPO: 'https://gitlab.com/group/blinky.git',
    });
  });

  it('of the forge is asked with the token among the secrets', async () => {
    const { url, asked } = await fakeServer((_, response) => sendJson(response, { message: 'Not Found' }, 404));
    const ask = forgeParams({ pr: 'acme/blinky#12', apiUrl: url }, 'github_pr', { githubtok: 'tok' }, undefined);
    await expect(ask).rejects.toMatchObject({
      name: 'ServerFailure',
      message: expect.stringContaining('acme/blinky#12'),
    });
    expect(asked[0]?.headers['authorization']).toBe('token tok');
  });

  it('that cannot be read is told', async () => {
    await expect(forgeParams({ pr: '12' }, 'github_pr', {}, undefined)).rejects.toThrow('Write owner/repo#12');
    await expect(forgeParams({ mr: '12' }, 'gitlab_mr', {}, undefined)).rejects.toThrow('--mr 12 is no merge request');
    await expect(forgeParams({ pr: 'a/b#1', apiUrl: 'ghe' }, 'github_pr', {}, undefined)).rejects.toThrow(
      '--api-url ghe',
    );
  });
});

describe('runs of a request', () => {
  const load = async () => {
    const { definition } = check(Buffer.from(DEFINITION));
    if (definition === undefined) throw new Error('the definition is not good');
    return { path: '.jobserv.yml', definition, triggers: expand(definition) };
  };
  const chosen: string[] = [];
  const plan = (change: Partial<PlanRequest>) => {
    chosen.length = 0;
    const means: PlanMeans = {
      cache: '/nonexistent',
      differences: [],
      upstreams: { read: () => Promise.reject(new Error('nothing is upstream')) },
      checkout: async (choice) => {
        chosen.push(choice);
        return { source: gitSource(), sha: 'tree', oldSha: 'head', differences: [] };
      },
    };
    const request: PlanRequest = {
      arguments: ['*'],
      loadDefinition: load,
      params: {},
      secrets: { githubtok: 'tok' },
      project: 'acme/blinky',
      build: 1,
      images: {},
      access: {},
      flaggedSecrets: new Set(),
      secretFiles: [],
      sharedVolumes: {},
      warn: () => {},
      choose: undefined,
      ask: undefined,
      signal: new AbortController().signal,
      ...change,
    };
    return planRuns(request, means);
  };

  it('get its params, asked for once, and the commit that it names', async () => {
    const pull = {
      statuses_url: 'https://h/statuses/headsha',
      base: { ref: 'main', sha: 'basesha', repo: { clone_url: 'https://h/acme/blinky.git' } },
      head: { sha: 'headsha', repo: { clone_url: 'https://h/fork/blinky.git' } },
    };
    const { url, asked } = await fakeServer((_, response) => sendJson(response, pull));
    const forge = { pr: 'acme/blinky#12', apiUrl: url };
    const {
      planned: [one, two],
    } = await plan({ forge, params: { GH_BRANCH: 'given' } });
    expect(asked).toHaveLength(1);
    expect(chosen).toEqual(['remote']);
    expect(one?.rundef.env).toMatchObject({
      GH_PRNUM: '12',
      GIT_SHA: 'headsha',
      GIT_OLD_SHA: 'basesha',
      GH_BRANCH: 'given',
    });
    expect(two?.rundef.env['GIT_URL']).toBe('https://h/fork/blinky.git');
    expect(Object.keys(one?.madeUp ?? {}).filter((name) => /^G[HIL]/.test(name))).toEqual([]);
  });

  it('may be of the working tree all the same, and then nobody is asked', async () => {
    const forge = { pr: 'acme/blinky#12', apiUrl: 'http://127.0.0.1:1' };
    const {
      planned: [one],
    } = await plan({ forge, source: 'local' });
    expect(chosen).toEqual(['local']);
    expect(one?.rundef.env).toMatchObject({ GH_PRNUM: '12', GIT_SHA: 'tree', GH_OWNER: 'acme' });
    expect(one?.madeUp).toHaveProperty('GH_BRANCH');
    expect(one?.madeUp).not.toHaveProperty('GH_PRNUM');
  });

  it.each([
    ['git@h:acme/blinky.git', 'git@h:acme/blinky.git is no HTTP address'],
    ['ssh://git:secret@h/x', 'ssh://git@h/x is no HTTP address'],
    ['https://h/acme/blinky.git', undefined],
    [undefined, undefined],
  ])('with the GIT_URL %s: what the reference worker makes of it', async (url, words) => {
    const { planned } = await plan({ source: 'local', params: url === undefined ? {} : { GIT_URL: url } });
    const messages = planned[0]?.differences
      .filter(({ kind }) => kind === 'reference-worker')
      .map(({ message }) => message);
    expect(messages).toEqual(words === undefined ? [] : [expect.stringContaining(words)]);
  });

  it('are none of these: told', async () => {
    await expect(plan({ forge: { mr: 'https://h/a/b/-/merge_requests/1' } })).rejects.toThrow(
      '--mr is for the runs of gitlab_mr',
    );
  });
});
