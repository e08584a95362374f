import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HttpClient } from '../../../../src/server/http.js';
import type { ServedRun } from '../../../../src/simulator/run-server/served-run.js';
import { upstreamOfFolder, upstreamOfServer } from '../../../../src/simulator/run-server/upstream.js';
import { startLiveServer } from '../../../support/live-server/live-server.js';

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
  for (const [name, words] of [
    ['three', 'several builds'],
    ['four', 'has no runs'],
    ['five', 'Simulate that run first'],
    ['six', 'cannot be read'],
  ] as const) {
    await expect(upstreamOfFolder(join(folder, name))).rejects.toThrow(words);
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
