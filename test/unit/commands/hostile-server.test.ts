/** A server whose answers have anything in any field: no command ends with a defect, and nothing acts on the terminal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import CheckTestGrepping from '../../../src/commands/check-test-grepping.js';
import RundefGet from '../../../src/commands/rundef/get.js';
import Simulate from '../../../src/commands/simulate.js';
import { HttpClient, readTests, ServerFailure } from '../../../src/server/index.js';
import { fakeServer, sendJson } from '../server/fake-server.js';

const HOSTILE = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e';
const VALUES = [null, 1e308, [[HOSTILE]], JSON.parse('{"__proto__": {"x": 1}}'), `../../${HOSTILE}`];
const PATH = '/projects/acme/blinky/builds/7/runs/unit/';
const CONSOLE = '== 2026-01-01 00:00:00.0: Running script inside container\na: ok\n';

type Answers = Record<'run' | 'rundef' | 'tests' | 'test', unknown>;

const answersOf = (url: string): Answers => ({
  run: {
    status: 'success',
    data: {
      run: {
        name: 'unit',
        status: 'FAILED',
        url,
        worker_name: 'w',
        created: '2026-01-01T00:00:00+00:00',
        status_events: [{ time: '2026-01-01T00:00:00+00:00', status: 'RUNNING', worker: 'w' }],
        artifacts: [{ url: `${url}a.bin`, size_bytes: 3 }],
        tests: `${url}tests/`,
      },
    },
  },
  rundef: {
    project: 'acme/blinky',
    timeout: 5,
    run_url: url,
    trigger_type: 'simple',
    container: 'busybox:1',
    'container-auth': null,
    'cap-add': ['SYS_ADMIN'],
    env: { H_PROJECT: 'acme/blinky', H_BUILD: '7', H_RUN: 'unit', H_TRIGGER_URL: url.replace('unit', 'up') },
    secrets: { s: 'TODO' },
    'test-grepping': { 'result-pattern': '(?P<name>.*): (?P<result>.*)', fixupdict: { ok: 'PASSED' } },
    'persistent-volumes': { v: '/v' },
    'host-tag': 'amd64',
    script: '#!/bin/sh\ncurl $H_TRIGGER_URL',
  },
  tests: { status: 'success', data: { tests: [{ name: 't', status: 'FAILED', context: 'c' }] } },
  test: {
    status: 'success',
    data: { test: { name: 't', results: [{ name: 'r', context: 'c', status: 'FAILED', output: 'o' }] } },
  },
});

/** The document with one value in the place of each part of it, and of the whole. */
function* changed(document: unknown, value: unknown): Generator<[string, unknown]> {
  yield ['', value];
  if (typeof document !== 'object' || document === null) return;
  for (const [key, item] of Object.entries(document)) {
    for (const [path, other] of changed(item, value)) {
      const copy = Array.isArray(document) ? [...document] : { ...document };
      (copy as Record<string, unknown>)[key] = other;
      yield [`/${key}${path}`, copy];
    }
  }
}

let cache: string;
let printed = '';

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'jobserv-hostile-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk, encoding?: unknown, done?: unknown) => {
      printed += chunk.toString();
      for (const callback of [encoding, done]) if (typeof callback === 'function') callback();
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  rmSync(cache, { recursive: true });
});

it.each([
  ['simulate', Simulate, ['--dry-run', '-s', 's=xxxxxxxx'], ['run', 'rundef']],
  ['rundef get', RundefGet, [], ['rundef']],
  ['check-test-grepping', CheckTestGrepping, [], ['rundef']],
] as const)('%s', { timeout: 60_000 }, async (_, command, flags, documents) => {
  let answers: Answers;
  const server = await fakeServer(({ url = '' }, response) => {
    const path = url.replace(/\?.*/, '');
    if (path.endsWith('console.log')) return void response.writeHead(200, { 'x-run-status': 'FAILED' }).end(CONSOLE);
    if (path.endsWith('.rundef.json')) return sendJson(response, answers.rundef);
    sendJson(response, answers.run);
  });
  const url = server.url + PATH;
  const good = answersOf(url);
  const statuses = new Set<unknown>();
  for (const name of documents) {
    for (const [path, document] of VALUES.flatMap((value) => [...changed(good[name], value)])) {
      answers = { ...good, [name]: document };
      printed = '';
      process.exitCode = undefined;
      const status = await command.run([url, ...flags], import.meta.url).then(
        () => process.exitCode ?? 0,
        (error) => error.oclif?.exit ?? error,
      );
      statuses.add(status);
      const place = `${name}${path}: ${JSON.stringify(document).slice(0, 200)}`;
      expect([0, 1, 2, 3], `${place}\n${printed}`).toContain(status);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(printed, place).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
    }
  }
  expect(statuses.size).toBeGreaterThan(1);
});

it('tests of a run', async () => {
  const good = answersOf('');
  let answers: Answers;
  const { url } = await fakeServer(({ url: path = '' }, response) =>
    sendJson(response, path.endsWith('/tests/') ? answers.tests : answers.test),
  );
  const http = new HttpClient();
  for (const name of ['tests', 'test'] as const) {
    for (const [path, document] of VALUES.flatMap((value) => [...changed(good[name], value)])) {
      answers = { ...good, [name]: document };
      const failure = await readTests(http, url + PATH).then(
        () => undefined,
        (error: Error) => error,
      );
      if (failure !== undefined) expect(failure, `${name}${path}`).toBeInstanceOf(ServerFailure);
    }
  }
  await http.close();
});
