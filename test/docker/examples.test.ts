/** Every example of `examples/projects`, simulated in a real container. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadDefinition } from '../../src/commands/shared/definitions.js';
import { type RunResult, simulate } from '../../src/simulator/index.js';
import { quietView } from '../../src/terminal/index.js';
import { EXAMPLES, type Example, type ExampleCase } from '../support/examples.js';
import { type GitHttpServer, startGitHttpServer } from '../support/git-http-server.js';
import { testImage } from '../support/image.js';

const SCRIPT = '#!/bin/sh -e\necho "the shared checks of $(cat /script-repo/VERSION)"\n';
const LOGIN = `Basic ${Buffer.from('reader:not-a-token').toString('base64')}`;

let folder: string;
let server: GitHttpServer;

function git(cwd: string, ...args: string[]): void {
  const identity = ['-c', 'user.name=Example', '-c', 'user.email=example@example.org'];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  execFileSync('git', [...identity, ...args], { cwd, env, stdio: 'pipe' });
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  if (content.startsWith('#!')) chmodSync(path, 0o755);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobserv-examples-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  const scripts = join(folder, 'work', 'shared-scripts');
  write(join(scripts, 'checks', 'run.sh'), SCRIPT);
  write(join(scripts, 'VERSION'), 'v1\n');
  git(scripts, 'init', '--quiet', '--initial-branch=main');
  git(scripts, 'add', '.');
  git(scripts, 'commit', '--quiet', '-m', 'Shared scripts');
  git(scripts, 'tag', 'v1');
  git(folder, 'clone', '--quiet', '--bare', scripts, join(folder, 'served', 'ci', 'shared-scripts.git'));
  server = await startGitHttpServer(join(folder, 'served'), LOGIN);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A repository as the example's reader would have one: the definition, a script, and nothing pushed anywhere. */
function repositoryOf({ name }: Example): string {
  const repository = join(folder, name);
  const text = readFileSync(`examples/projects/${name}.yml`, 'utf8');
  const definition = join(repository, '.jobserv.yml');
  write(definition, text.replace('https://git.example.org/ci/', `${server.url}/private/ci/`));
  write(join(repository, 'checks', 'good.sh'), '#!/bin/sh -e\necho good\n');
  git(repository, 'init', '--quiet', '--initial-branch=main');
  git(repository, 'add', '.');
  git(repository, 'commit', '--quiet', '-m', 'A repository with a definition');
  return definition;
}

async function simulated(definition: string, example: Example, given: ExampleCase): Promise<RunResult> {
  const { triggers } = await loadDefinition(definition);
  const [triggerName, runName] = given.run.split('/');
  const run = triggers.find(({ name }) => name === triggerName)?.runs.find(({ name }) => name === runName);
  const sharedVolumes = Object.entries(given.sharedVolumes ?? {}).map(([name, path]) => [name, resolve(path)]);
  const result = await simulate({
    arguments: [given.run],
    loadDefinition: () => loadDefinition(definition),
    access: {},
    params: given.params ?? {},
    secrets: example.secrets ?? {},
    project: `acme/${example.name}`,
    build: 7,
    images: { [run?.container ?? '']: await testImage() },
    choose: undefined,
    ask: undefined,
    pull: 'never',
    sharedVolumes: Object.fromEntries(sharedVolumes),
    jobs: 1,
    showDockerConfig: false,
    keep: false,
    openView: () => quietView,
    warn: () => {},
    signal: new AbortController().signal,
    flaggedSecrets: new Set(),
    secretFiles: [],
    lastSteps: new Set(),
  });
  const [ran] = result.runs;
  if (ran === undefined) throw new Error(`${given.run} was not run`);
  return ran;
}

function expectAsSaid(result: RunResult, given: ExampleCase): void {
  const console = readFileSync(result.console, 'utf8');
  expect(result.status, console).toBe(given.status);
  const lines = console.split('\n');
  for (const line of given.prints) {
    const seen = lines.some((candidate) => (typeof line === 'string' ? candidate === line : line.test(candidate)));
    expect(seen, `${line} in:\n${console}`).toBe(true);
  }
  const results = result.tests.flatMap((test) =>
    test.results.map(({ name, status }) => `${test.name}/${name}: ${status}`),
  );
  expect(results).toEqual(given.results ?? []);
  if (given.artifacts) expect(result.artifacts.map(({ path }) => path).sort()).toEqual(given.artifacts);
}

const granted = EXAMPLES.filter(({ needs }) => needs !== 'an engine that grants everything');
const privileged = EXAMPLES.filter((example) => !granted.includes(example));

describe.each(granted)('the example $name', (example) => {
  let definition: string;
  beforeAll(() => {
    definition = repositoryOf(example);
  });

  it.each(example.cases)('$title: $status', async (given) => {
    expectAsSaid(await simulated(definition, example, given), given);
  });
});

describe.each(privileged)('the example $name', (example) => {
  it.each(example.cases)('$title: runs, or fails with the words of an engine that refuses', async (given) => {
    const result = await simulated(repositoryOf(example), example, given);
    if (result.status === 'PASSED') expectAsSaid(result, given);
    else expect(result.message).toMatch(/could not be started.*(not permitted|denied)/s);
  });
});
