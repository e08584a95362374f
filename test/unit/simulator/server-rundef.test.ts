import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fetchRundefs, getRundef, type PlanRequest, planRuns } from '../../../src/simulator/index.js';
import { fakeServer, sendHtml, sendJson } from '../server/fake-server.js';

const RUN = '/projects/acme/blinky/builds/7/runs/build/';
const access = { env: { XDG_CONFIG_HOME: '/nonexistent' } };

const oldest = {
  project: 'acme/blinky',
  timeout: 5,
  trigger_type: 'simple',
  container: 'alpine',
  script: 'cat /secrets/plain',
  run_url: `http://lci-web${RUN}`,
  runner_url: 'http://lci-web/runner',
  env: { H_RUN: 'build', H_BUILD: '7', H_TRIGGER_URL: 'http://lci-web/projects/acme/blinky/builds/7/' },
};

/** A server with one run. */
async function serverWith(rundef: unknown) {
  return fakeServer(({ url }, response) => {
    if (url === `${RUN}.rundef.json`) return sendJson(response, rundef);
    if (url === '/projects/acme/builds/7/') {
      const runs = [{ name: 'unit', status: 'FAILED' }, { name: 'lint', status: 'PASSED' }, { name: 7 }];
      return sendJson(response, { status: 'success', data: { build: { runs } } });
    }
    if (url === '/ui') return sendHtml(response, '<!doctype html><title>Front</title>');
    sendJson(response, { status: 'error', message: 'Not Found' }, 404);
  });
}

describe('the rundef of a run', () => {
  it.each(['', 'console.log', '.rundef.json', '.simulate.sh'])(
    'is found by %j, with the addresses that were used',
    async (file) => {
      const { url } = await serverWith(oldest);
      const [found] = await fetchRundefs([`${url}${RUN}${file}`], access);
      expect(found?.rundef).toMatchObject({
        run_url: url + RUN,
        runner_url: `${url}/runner`,
        env: { H_TRIGGER_URL: `${url}/projects/acme/blinky/builds/7/` },
      });
    },
  );

  it.each([
    'x:.attacker.example/projects/acme/builds/1/',
    'x:0/projects/acme/builds/1/',
    'x:@attacker.example/projects/acme/builds/1/',
    'data:,/projects/acme/builds/1/',
    'file:///home/me/.cache/jobserv/other/simple/unit',
    '/home/me/.cache/jobserv/other/simple/unit',
    '.',
    'https://',
  ])('with %j for what triggered it names no other server, and no folder here', async (trigger) => {
    const { url } = await serverWith({ ...oldest, env: { H_TRIGGER_URL: trigger }, runner_url: trigger });
    const [found] = await fetchRundefs([url + RUN], access);
    expect(found?.rundef).toMatchObject({ env: { H_TRIGGER_URL: trigger }, runner_url: trigger });
    expect(found?.upstream).toBeUndefined();
  });

  it.each([
    ['http:lci-web/projects/acme/builds/1/', undefined],
    ['https://attacker.example/projects/acme/builds/1/../../../secret/builds/1/', undefined],
    ['https://attacker.example//attacker.example/x', undefined],
    ['https://lci-web/projects/secret/builds/1/', undefined],
    [`http://me:key@lci-web${RUN}`, RUN],
  ])(
    'with %j for what triggered it has that path on the server that was asked, in its own project alone',
    async (trigger, path) => {
      const { url } = await serverWith({ ...oldest, env: { H_TRIGGER_URL: trigger } });
      const [found] = await fetchRundefs([url + RUN], access);
      expect(new URL(found?.rundef.env?.['H_TRIGGER_URL'] ?? '').origin).toBe(url);
      expect(found?.upstream).toBe(path && url + path);
    },
  );

  it('may have fields that are not known: they are kept and told', async () => {
    const { url } = await serverWith({
      ...oldest,
      'new-field': [1],
      'console-progress': { 'progress-pattern': 'x', unit: '%' },
    });
    const [found] = await fetchRundefs([url + RUN], access);
    expect(found?.rundef).toMatchObject({ 'new-field': [1] });
    expect(found?.differences).toEqual([
      {
        kind: 'unknown-field',
        message:
          'The rundef has fields that this version does not know and did not act on: new-field, console-progress.unit.',
      },
    ]);
  });

  it.each<[object, string]>([
    [{ timeout: '5' }, 'timeout must be number'],
    [{ env: { A: 1 } }, 'env.A must be string'],
    [{ 'cap-add': [1] }, 'cap-add.0 must be string'],
    [{ 'test-grepping': {} }, 'test-grepping lacks result-pattern'],
    [{ trigger_type: 'other' }, 'trigger_type must be one of'],
    [{ 'simulator-inputs': {} }, 'they are no list'],
  ])('%j is refused with the path of the field', async (change, message) => {
    const { url } = await serverWith({ ...oldest, ...change });
    await expect(fetchRundefs([url + RUN], access)).rejects.toThrow(message);
  });

  it('is not looked for in a build, nor on a page that leads nowhere', async () => {
    const { url } = await serverWith(oldest);
    await expect(fetchRundefs([`${url}/projects/acme/builds/7/runs`], access)).rejects.toThrow(
      `is a build, not a run. It has unit (FAILED), lint (PASSED). Name one of its runs: ${url}/projects/acme/builds/7/runs/NAME/.`,
    );
    await expect(fetchRundefs([`${url}/ui`], access)).rejects.toThrow(/leads to no run.*Give the address of the run/);
    await expect(fetchRundefs([url + RUN.replace('7', '8')], access)).rejects.toThrow(
      'that there is no such thing (404)',
    );
  });
});

/** The run of that rundef, as it would be simulated. */
async function planned(change: object, given: Partial<PlanRequest> = {}, cache = '/nonexistent') {
  const { url } = await serverWith({ ...oldest, ...change });
  const request: PlanRequest = {
    arguments: [url + RUN],
    loadDefinition: () => Promise.reject(new Error('not asked for')),
    access,
    flaggedSecrets: new Set(),
    secretFiles: [],
    sharedVolumes: {},
    warn: () => {},
    params: {},
    secrets: {},
    build: 1,
    images: {},
    choose: undefined,
    ask: undefined,
    signal: new AbortController().signal,
    ...given,
  };
  const checkout = () => Promise.reject(new Error('not asked for'));
  const upstreams = { read: () => Promise.reject(new Error('nothing is upstream')) };
  const { planned } = await planRuns(request, { cache, differences: [], checkout, upstreams });
  return planned[0];
}

it.each(['https://h/x.git', 'http://h/x', 'ssh://git@h/x', 'git://h/x', 'git@github.com:acme/x.git', 'h:x'])(
  'a rundef may clone %s',
  async (url) => {
    const run = await planned({ 'script-repo': { 'clone-url': url, path: 'a' }, env: { ...oldest.env, GIT_URL: url } });
    expect(run?.rundef.env['GIT_URL']).toBe(url);
  },
);

describe('the secrets of a run', () => {
  const names = {
    secrets: { plain: 'TODO', shown: 'value' },
    'container-auth': 'registry',
    'script-repo': { 'clone-url': 'https://h/x', path: 'a', token: 'user:tok' },
    'simulator-inputs': [{ prompt: 'Login?', secrets: { login: null } }],
  };
  const known = { plain: 'p', registry: 'r', user: 'u', tok: 't', login: 'l', private: 'of another project' };

  it('are those that it names, and no other that lies in a file here', async () => {
    const run = await planned(names, { secrets: known });
    expect(run?.rundef.secrets).toEqual({ plain: 'p', shown: 'value', registry: 'r', user: 'u', tok: 't', login: 'l' });
    expect(run?.differences).toEqual([]);
  });

  it('are more when a flag gave more, and that is told', async () => {
    const run = await planned(names, { secrets: known, flaggedSecrets: new Set(['private', 'plain']) });
    expect(run?.rundef.secrets).toMatchObject({ private: 'of another project' });
    expect(run?.differences).toEqual([
      { kind: 'secret-added', message: 'The secret private was given with -s; the run itself has none of that name.' },
    ]);
  });
});

it('an address without its scheme is not looked for among the runs', async () => {
  const bare = `ci.example.org${RUN}`;
  await expect(planned({}, { arguments: [bare] })).rejects.toThrow(
    `"${bare}" is the address of a run without its beginning. Write https:// or http:// before it.`,
  );
});

describe('a hostile rundef', () => {
  const names = ['../x', '/x', '__proto__', '-x', 'a:b', 'a\0b', '..', ''];
  const named = (name: string, value: unknown) => JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(value)}}`);

  it.each(names)('with the name %j is refused before any write', async (name) => {
    const cache = mkdtempSync(join(tmpdir(), 'jobserv-hostile-'));
    onTestFinished(() => rmSync(cache, { recursive: true }));
    for (const change of [
      { secrets: named(name, 'x') },
      { 'persistent-volumes': named(name, '/x') },
      { 'shared-volumes': named(name, '/x') },
      { project: name },
    ]) {
      await expect(planned(change, {}, cache), JSON.stringify(change)).rejects.toThrow(
        'is no rundef that a worker could run',
      );
    }
    expect(readdirSync(cache)).toEqual([]);
  });

  it.each<[object, string]>([
    [{ env: { H_RUN: '../../etc' } }, 'env.H_RUN'],
    [{ env: { H_PROJECT: '/etc' } }, 'env.H_PROJECT'],
    [{ env: { GIT_URL: 'ext::sh -c id' } }, 'env.GIT_URL is unsafe'],
    [{ env: { GIT_URL: '/home/you/private.git' } }, 'env.GIT_URL is "/home/you/private.git", a folder'],
    [{ env: { GIT_URL: 'private' } }, "a folder on the worker's host"],
    [{ env: { GIT_URL: 'file:///home/you/private.git' } }, "a folder on the worker's host"],
    [{ 'script-repo': { 'clone-url': '../x', path: 'a' } }, 'script-repo.clone-url is "../x", a folder'],
    [{ env: { GIT_SHA: '--upload-pack=x' } }, 'env.GIT_SHA is unsafe'],
    [{ env: { 'A=B': 'x' } }, 'env has what no environment can'],
    [{ container: '--privileged' }, 'container is no image'],
    [{ 'persistent-volumes': { x: 'relative' } }, 'persistent-volumes has no absolute path'],
    [{ 'script-repo': { 'clone-url': '--x', path: 'a' } }, 'script-repo.clone-url is unsafe'],
    [{ 'script-repo': { 'clone-url': 'https://h/x', 'git-ref': '-x', path: 'a' } }, 'script-repo.git-ref is unsafe'],
    [{ 'script-repo': { 'clone-url': 'https://h/x', path: '../../etc/passwd' } }, 'script-repo.path leads out'],
  ])('with %j is refused', async (change, message) => {
    const { url } = await serverWith({ ...oldest, ...change });
    await expect(fetchRundefs([url + RUN], access)).rejects.toThrow(message);
  });
});

describe('rundef get', () => {
  const secret = {
    ...oldest,
    'container-auth': 'registry',
    secrets: { registry: 'TODO', plain: 'TODO', githubtok: 'TODO', shown: 'value' },
    'script-repo': { 'clone-url': 'https://h/x', path: 'a', token: 'user:tok' },
    'simulator-inputs': [{ prompt: 'Login?', secrets: { registry: { transform: 'BasicAuth' } } }],
  };

  it('keeps what the server gave, and says what each hidden secret is for', async () => {
    const { url } = await serverWith({ ...secret, future: true });
    const gotten = await getRundef(url + RUN, { access, secrets: { plain: 'p', other: 'o' }, ask: undefined });
    expect(gotten.rundef).toEqual({ ...secret, future: true, secrets: { ...secret.secrets, plain: 'p' } });
    expect(gotten.hidden).toEqual([
      { name: 'registry', purpose: 'the image of build (container-auth)' },
      { name: 'user', purpose: 'the script-repo of build' },
      { name: 'tok', purpose: 'the script-repo of build' },
      { name: 'githubtok', purpose: 'the token at github.com, in build' },
    ]);
    expect(gotten.notes).toHaveLength(1);
  });

  it('asks for each that is hidden, inputs with their transform', async () => {
    const { url } = await serverWith(secret);
    const asked: string[] = [];
    const ask = async (question: string) => {
      asked.push(question);
      return 'me:pw';
    };
    const gotten = await getRundef(url + RUN, { access, secrets: {}, ask });
    expect(asked[0]).toBe('Login?');
    expect(asked).toContain('Secret plain, for the script of build, which reads /secrets/plain:');
    expect(gotten.rundef['secrets']).toEqual({
      registry: 'Authorization: basic bWU6cHc=',
      plain: 'me:pw',
      githubtok: 'me:pw',
      shown: 'value',
      user: 'me:pw',
      tok: 'me:pw',
    });
    expect(gotten.hidden).toEqual([]);
  });
});
