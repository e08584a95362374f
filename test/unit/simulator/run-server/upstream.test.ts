import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HttpClient } from '../../../../src/server/index.js';
import {
  type PlanRequest,
  planRuns,
  Scratch,
  type ServedRun,
  UpstreamReader,
  upstreamOfFolder,
  upstreamOfServer,
} from '../../../../src/simulator/index.js';
import { startLiveServer } from '../../../support/live-server/live-server.js';
import { fakeServer, sendJson } from '../../server/fake-server.js';

const folder = mkdtempSync(join(tmpdir(), 'jobserv-upstream-'));
const signal = new AbortController().signal;

function workspace(path: string, run: string, build = '3'): string {
  const root = join(folder, path);
  mkdirSync(join(root, 'archive'), { recursive: true });
  writeFileSync(join(root, 'archive/fw.bin'), `firmware of ${run}`);
  writeFileSync(join(root, 'console.log'), 'done\n');
  const env = { H_PROJECT: 'a/b', H_BUILD: build, H_RUN: run };
  writeFileSync(join(root, 'rundef.json'), JSON.stringify({ project: 'a/b', env, secrets: {}, 'host-tag': 'x' }));
  const result = { status: 'PASSED', startedAt: '2026-01-02T03:04:05.678Z', durationMs: 2000, tests: [] };
  writeFileSync(join(root, 'result.json'), JSON.stringify(result));
  return root;
}

async function contentOf(run: ServedRun | undefined, path: string): Promise<string | undefined> {
  const file = await run?.open(path);
  return file && readFileSync(file.fd, 'utf8');
}

it('a workspace is the run itself, with its status, times and files', async () => {
  const { runs, path } = await upstreamOfFolder(workspace('one', 'build'));
  expect(path).toBe('/projects/a/b/builds/3/runs/build/');
  expect(runs[0]).toMatchObject({ status: 'PASSED', hostTag: 'x' });
  expect(runs[0]?.events.map(({ time, status }) => `${time} ${status}`)).toEqual([
    '2026-01-02T03:04:05+00:00 RUNNING',
    '2026-01-02T03:04:07+00:00 PASSED',
  ]);
  expect(await contentOf(runs[0], 'fw.bin')).toBe('firmware of build');
});

it('a folder of workspaces is their build', async () => {
  workspace('two/ci/build', 'build');
  workspace('two/ci/docs', 'docs');
  const { runs, path } = await upstreamOfFolder(join(folder, 'two'));
  expect(path).toBe('/projects/a/b/builds/3/');
  expect(runs.map(({ name }) => name).sort()).toEqual(['build', 'docs']);
});

it('workspaces of several builds, a folder without any, and one of a run that did not end are refused', async () => {
  workspace('three/x', 'x', '1');
  workspace('three/y', 'y', '2');
  mkdirSync(join(folder, 'four'));
  const unfinished = workspace('five', 'z');
  writeFileSync(join(unfinished, 'result.json'), '{');
  const broken = (path: string, file: string, text: string) => {
    writeFileSync(join(workspace(path, 'z'), file), text);
    return path;
  };
  for (const [name, words] of [
    ['three', 'several builds'],
    ['four', 'has no runs'],
    ['five', 'Simulate that run first'],
    ['six', 'there is no such folder. Name the workspace'],
    [broken('seven', 'rundef.json', '{}'), 'it has no project, no H_BUILD, or no H_RUN. Simulate'],
    [broken('eight', 'rundef.json', 'null'), 'it holds no JSON object. Simulate'],
    [
      broken('nine', 'rundef.json', '{"secrets": {"token": sekret}}'),
      /^[^{}]*rundef\.json cannot be used: it holds no JSON/,
    ],
    [broken('ten', 'result.json', '{}'), 'it does not say when the run began'],
    [broken('eleven', 'rundef.json', '{"project": "p", "env": {"H_BUILD": "1", "H_RUN": 5}}'), 'no H_RUN'],
    [broken('twelve', 'result.json', '{"startedAt": "2026-01-02", "durationMs": 1, "tests": [null]}'), 'its tests'],
  ] as const) {
    await expect(upstreamOfFolder(join(folder, name))).rejects.toThrow(words);
  }
});

it('a folder of a clone that looks like a workspace leads to no other file of this machine', async () => {
  const secret = workspace('theirs/other', 'other');
  for (const name of ['archive', 'rundef.json', 'result.json']) {
    const planted = workspace(`planted/${name}`, 'build');
    rmSync(join(planted, name), { recursive: true });
    symlinkSync(join(secret, name), join(planted, name));
    await expect(upstreamOfFolder(planted)).rejects.toThrow(`${name} cannot be used: it is`);
  }
});

it("a live server's run is fetched when it is asked for, once, and only files that the server lists", async () => {
  await using server = await startLiveServer();
  const run = server.addRun({ secrets: { token: 'hunter2' } }, { name: 'build' });
  run.artifacts.set('sub/fw.bin', Buffer.from('from the server'));
  run.append('console\n');
  run.finish('PASSED');
  const cache = join(folder, 'cache');
  const { runs, path } = await upstreamOfServer(new HttpClient(), run.url, cache, signal);
  expect(path).toBe(new URL(run.url).pathname);
  expect(JSON.stringify(runs[0]?.rundef)).not.toContain('hunter2');
  expect(await contentOf(runs[0], 'sub/fw.bin')).toBe('from the server');
  expect(await contentOf(runs[0], 'sub/fw.bin')).toBe('from the server');
  expect(await contentOf(runs[0], '../../secret')).toBeUndefined();
  expect(await contentOf(runs[0], 'none')).toBeUndefined();
  expect(server.requests.filter(({ path: one }) => one.endsWith('fw.bin'))).toHaveLength(1);
  expect(readdirSync(cache)).toHaveLength(1);
  const build = await upstreamOfServer(new HttpClient(), run.url.replace(/runs\/.*/, ''), cache, signal);
  expect(build.runs.map(({ name }) => name)).toEqual(['build']);
  await expect(upstreamOfServer(new HttpClient(), `${server.url}/x/`, cache, signal)).rejects.toThrow('neither');
});

it('files of a server stop at a bound on all of them together', async () => {
  await using server = await startLiveServer();
  const run = server.addRun({}, { name: 'build' });
  for (const name of ['a.bin', 'b.bin', 'c.bin']) run.artifacts.set(name, Buffer.alloc(2 ** 19));
  run.finish('PASSED');
  const cache = join(folder, 'bounded');
  const { runs } = await upstreamOfServer(new HttpClient(), run.url, cache, signal, { files: 2 ** 20 });
  expect(await contentOf(runs[0], 'a.bin')).toHaveLength(2 ** 19);
  await expect(contentOf(runs[0], 'b.bin')).rejects.toThrow(
    'the files that scripts requested are larger than 1 MiB together. Let the scripts request fewer of them.',
  );
  await expect(contentOf(runs[0], 'c.bin')).rejects.toThrow('larger than 1 MiB together');
  expect(await contentOf(runs[0], 'a.bin')).toHaveLength(2 ** 19);
  expect(readdirSync(join(cache, readdirSync(cache)[0] ?? ''))).toEqual(['a.bin']);
});

it('runs of a build that are endless together end at a bound', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `run-${index}`);
  const rundef = { project: 'a', script: 'x'.repeat(2 ** 18) };
  const { url, asked } = await fakeServer(({ url: path }, response) => {
    const build = { runs: names.map((name) => ({ name, status: 'PASSED' })) };
    sendJson(response, path.endsWith('.json') ? rundef : { status: 'success', data: { run: { status: 'x' }, build } });
  });
  const reading = upstreamOfServer(new HttpClient(), `${url}/projects/a/builds/1/`, join(folder, 'many'), signal, {
    descriptions: 2 ** 20,
  });
  await expect(reading).rejects.toThrow(
    'the descriptions of its runs are larger than 1 MiB together. Name one run instead of a build',
  );
  expect(asked.length).toBeLessThan(25);
});

it('runs of a server whose names no address can have are left out, and a long name is only that', async () => {
  const long = 'x'.repeat(300);
  const names = ['..', 'a/b', '', '\ud800', long];
  const { url } = await fakeServer(({ url: path }, response) => {
    if (path.endsWith('/console.log')) return void response.end('of the run');
    const run = { status: 'PASSED' };
    const build = { runs: names.map((name) => ({ name, status: 'PASSED' })) };
    sendJson(response, path.endsWith('.json') ? { project: 'a' } : { status: 'success', data: { run, build } });
  });
  const { runs } = await upstreamOfServer(new HttpClient(), `${url}/projects/a/builds/1/`, join(folder, 'odd'), signal);
  expect(runs.map(({ name }) => name)).toEqual(['\ufffd', long]);
  expect(await contentOf(runs[1], 'console.log')).toBe('of the run');
});

describe('the run of a server that another one triggered', () => {
  async function planned(script: string, refuses: boolean) {
    await using server = await startLiveServer();
    const built = server.addRun({}, { name: 'build' });
    built.finish('PASSED');
    const flash = server.addRun({ script, env: { H_TRIGGER_URL: built.url } }, { name: 'flash' });
    if (refuses) server.fault.always(({ path }) => path.includes('/runs/build/'), { status: 403 });
    const warned: string[] = [];
    const cache = join(folder, 'plan');
    const upstreams = new UpstreamReader({}, new Scratch(cache), signal);
    const request: PlanRequest = {
      arguments: [flash.url],
      loadDefinition: () => Promise.reject(new Error('no definition is needed')),
      access: {},
      flaggedSecrets: new Set(),
      secretFiles: [],
      sharedVolumes: {},
      warn: (message) => warned.push(message),
      params: {},
      secrets: {},
      images: {},
      choose: undefined,
      ask: undefined,
      signal,
    };
    const checkout = () => Promise.reject(new Error('no checkout is needed'));
    const { planned } = await planRuns(request, { cache, differences: [], checkout, upstreams });
    await upstreams.close();
    const [run] = planned;
    return { run, warned, asked: server.requests.filter(({ path }) => path.includes('/runs/build/')).length };
  }

  it('is shown in the build of what triggered it', async () => {
    const { run, warned } = await planned('curl -n "$H_TRIGGER_URL"', false);
    expect([...(run?.build.values() ?? [])].map(({ name }) => name)).toEqual(['build', 'flash']);
    expect(run?.upstream).toMatch(/\/runs\/build\/$/);
    expect(warned).toEqual([]);
  });

  it('is simulated without it where the caller may not read it, which is reported before the run starts', async () => {
    const { run, warned } = await planned('curl -n "$H_TRIGGER_URL"', true);
    expect([...(run?.build.values() ?? [])].map(({ name }) => name)).toEqual(['flash']);
    expect(warned).toEqual([expect.stringMatching(/^What triggered the run, \S+\/runs\/build\/, cannot be read/)]);
    expect(run?.madeUp['H_TRIGGER_URL']).toContain('no login');
  });

  it('leaves it alone where the script does not ask for it', async () => {
    expect(await planned('echo hello', false)).toMatchObject({ asked: 0, warned: [] });
  });
});
