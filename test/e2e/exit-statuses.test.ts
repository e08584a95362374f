/** The documented statuses and causes (docs/exit-statuses.md, docs/json.md), one real run for each. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { RunResult } from '../../src/simulator/index.js';
import { containersOf } from '../support/containers-of.js';
import { canBeElsewhere, EngineElsewhere } from '../support/engine-elsewhere.js';
import { type GitHttpServer, startGitHttpServer } from '../support/git-http-server.js';
import { testImage } from '../support/image.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import { definitionOf, docker, filesBelow, type World, worldOf, worldWith } from './definition.js';
import { folderWith, jobserv, startJobserv } from './jobserv.js';

const SECRET = 'kept-to-ourselves';
const WAITS = '#!/bin/sh\ntrap "" TERM INT HUP QUIT\necho "it begins"\nwhile :; do sleep 1; done\n';

interface Row {
  script?: string;
  /** Fields of the run. */
  run?: object;
  /** Changes the definition. */
  definition?: (definition: Record<string, unknown>) => object;
  flags?: string[];
  env?: NodeJS.ProcessEnv;
  /** While the script runs. */
  meanwhile?: (world: World, process: { kill(signal: NodeJS.Signals): boolean }) => void;
  status: number;
  cause?: string;
  environment?: string;
  /** Stands in the run's message. */
  message?: string;
}

const signal = (name: NodeJS.Signals): Pick<Row, 'script' | 'meanwhile'> => ({
  script: WAITS,
  meanwhile: (_world, process) => process.kill(name),
});
const trigger = (fields: object) => (definition: Record<string, unknown>) => {
  const [first] = definition['triggers'] as object[];
  return { ...definition, triggers: [{ ...first, ...fields }] };
};

const ROWS: Record<string, Row> = {
  'a script that passes': { script: '#!/bin/sh\nexit 0\n', status: 0 },
  'a script that fails': { script: '#!/bin/sh\nexit 3\n', status: 1, cause: 'script' },
  'a script that exits with a status of this program': { script: '#!/bin/sh\nexit 130\n', status: 1, cause: 'script' },
  'a test that fails': {
    script:
      '#!/bin/sh\necho \'<testsuite name="s"><testcase name="c"><failure/></testcase></testsuite>\' >/archive/junit.xml\n',
    status: 1,
    cause: 'tests',
  },
  'a test in the console that fails': {
    script: '#!/bin/sh\necho "t1: FAILED"\n',
    run: { 'test-grepping': { 'result-pattern': '(?P<name>\\w+): (?P<result>\\w+)' } },
    status: 1,
    cause: 'tests',
  },
  'a script that takes longer than the timeout': {
    script: WAITS,
    definition: (definition) => ({ ...definition, timeout: 1 }),
    status: 1,
    cause: 'timeout',
  },
  'a script of a script-repo that is not in it': {
    definition: (definition) => {
      const [{ runs: [run] = [] } = {}] = definition['triggers'] as { runs: Record<string, unknown>[] }[];
      const { script: _script, ...rest } = run ?? {};
      const moved = { ...rest, 'script-repo': { name: 'tools', path: 'missing.sh' } };
      const repositories = { 'script-repos': { tools: { 'clone-url': `${git.url}/tools` } } };
      return trigger({ runs: [moved] })({ ...definition, ...repositories });
    },
    status: 1,
    cause: 'setup',
    message: 'missing.sh',
  },
  'a container that somebody removes': {
    script: WAITS,
    meanwhile: ({ cache }) => docker('rm', '--force', ...containersOf(cache)),
    status: 1,
    cause: 'lost',
  },
  'a run of a name that is no part of an address': { run: { name: '..' }, status: 1, cause: 'server' },
  'a run that starts another of a name that its build has': {
    definition: (definition) => {
      const [{ runs: [run = {}] = [] } = {}] = definition['triggers'] as { runs: object[] }[];
      const both = ['one', 'two'].map((name) => ({ ...run, name, triggers: [{ name: 'next' }] }));
      const next = { name: 'next', type: 'simple', runs: [{ ...run, name: 'started' }] };
      const [first] = definition['triggers'] as object[];
      return { ...definition, triggers: [{ ...first, runs: both }, next] };
    },
    flags: ['--follow'],
    status: 1,
    cause: 'triggers',
  },
  SIGINT: { ...signal('SIGINT'), status: 130, cause: 'interrupted' },
  SIGTERM: { ...signal('SIGTERM'), status: 143, cause: 'interrupted' },
  SIGQUIT: { ...signal('SIGQUIT'), status: 131, cause: 'interrupted' },
  SIGHUP: { ...signal('SIGHUP'), status: 129, cause: 'interrupted' },
  'an unknown flag': { flags: ['--nonsense'], status: 2 },
  'a definition that the server rejects': { definition: () => ({ timeout: 'soon' }), status: 2 },
  'no engine': { env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' }, status: 3 },
  'no registry': { run: { container: '127.0.0.1:1/none:1' }, status: 3, cause: 'setup', environment: 'registry' },
  'no git server': {
    definition: trigger({
      type: 'git_poller',
      params: { GIT_URL: 'http://127.0.0.1:1/none.git', GIT_POLL_REFS: 'refs/heads/main' },
    }),
    flags: ['--source', 'remote'],
    status: 3,
    cause: 'setup',
    environment: 'git',
  },
  ...Object.fromEntries(
    ['private/none', 'none'].map((name) => [
      `a git server that answers ${name === 'none' ? 404 : 401}`,
      {
        definition: (definition: Record<string, unknown>) =>
          trigger({
            type: 'git_poller',
            params: { GIT_URL: `${git.url}/${name}.git`, GIT_POLL_REFS: 'refs/heads/main' },
          })(definition),
        flags: ['--source', 'remote'],
        status: 3,
        cause: 'setup',
        environment: 'git',
      },
    ]),
  ),
};

it.each(Object.entries(ROWS))('%s', async (_, row) => {
  const definition = JSON.parse(await definitionOf({ only: row.script ?? '#!/bin/sh\n' }, row.run));
  const text = JSON.stringify(row.definition?.(definition) ?? definition);
  const world = worldOf({ '.jobserv.yml': text });
  const flags = ['--json', '-s', `token=${SECRET}`, ...(row.flags ?? [])];
  const running = startJobserv(['simulate', 'manual/*', ...flags], { ...world, env: { ...world.env, ...row.env } });
  running.process.stdin?.end();
  if (row.meanwhile) {
    await waitFor(() => consoleOf(world).includes('it begins'), running.ended);
    row.meanwhile(world, running.process);
  }
  const { status, stdout, stderr } = await running.ended;
  const { runs = [] }: { runs?: RunResult[] } = JSON.parse(stdout);
  const run = runs.find(({ status }) => status !== 'PASSED');
  expect({ status, cause: run?.cause, environment: run?.environment, stderr }).toMatchObject({
    status: row.status,
    cause: row.cause,
    environment: row.environment,
  });
  expect(run?.message ?? '').toContain(row.message ?? '');
  expect(stderr).not.toMatch(/\n +at /);
  expect(containersOf(world.cache)).toEqual([]);
  const files = existsSync(world.cache) ? [...filesBelow(world.cache).values()] : [];
  expect(files.filter((bytes) => bytes.includes(SECRET))).toEqual([]);
});

it('status 4 where reproduce can say nothing, 3 for a server that does not answer', async () => {
  const world = worldOf({});
  const run = server.addRun({ project: 'exit-statuses', container: await testImage() });
  expect(await jobserv(['reproduce', run.url], world)).toMatchObject({ status: 4 });
  const away = await jobserv(['reproduce', 'http://127.0.0.1:1/projects/p/builds/1/runs/r/'], world);
  expect(away).toMatchObject({ status: 3, stderr: expect.stringMatching(/^(Warning: [^\n]+\n)*Error: [^\n]+\n$/) });
});

it.runIf(canBeElsewhere)(
  'status 3 for an engine that lost its runtime, reported once; the remaining runs are not started',
  async () => {
    const engine = await EngineElsewhere.start();
    onTestFinished(() => engine.stop());
    await engine.there('for path in $(which -a runc); do mount --bind /dev/null "$path"; done');
    const passes = '#!/bin/sh\n';
    const world = await worldWith({ first: passes, second: passes, third: passes });
    const env = { ...world.env, DOCKER_HOST: engine.address };
    const { status, stdout, stderr } = await jobserv(['simulate', '*', '--jobs', '1', '--json'], { ...world, env });
    expect(status, stderr).toBe(3);
    const waiting = { status: 'NOT_STARTED', message: expect.stringContaining('was not started') };
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'FAILED',
      runs: [
        { run: 'first', status: 'FAILED', cause: 'setup', environment: 'engine' },
        { run: 'second', ...waiting },
        { run: 'third', ...waiting },
      ],
    });
    expect(JSON.parse(stdout).runs[0].message).toContain('The engine refuses for reasons of its own');
    expect((await engine.docker('ps', '--all', '--quiet')).trim()).toBe('');
  },
);

it('the rows name every cause of the documentation that a simulation can have', () => {
  const page = readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8');
  const line = page.split('\n').find((text) => text.startsWith('| `cause` |')) ?? '';
  const documented = [...line.matchAll(/`([a-z]+)`/g)].map(([, name]) => name).filter((name) => name !== 'cause');
  // A server cancels, and takes artifacts: a worker's runs alone end so.
  const walked = new Set([...Object.values(ROWS).map(({ cause }) => cause), 'cancelled', 'artifacts']);
  expect(documented.filter((name) => !walked.has(name))).toEqual([]);
  expect(documented).toContain('script');
});

it('the rows, and the status 4, are all that the documentation lists but a defect', () => {
  const page = readFileSync(new URL('../../docs/exit-statuses.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, numbers = '']) =>
    numbers.split(', ').map(Number),
  );
  const walked = new Set([...Object.values(ROWS).map(({ status }) => status), 4, 70]);
  expect(documented.toSorted()).toEqual([...walked].toSorted());
});

let server: LiveServer;
let git: GitHttpServer;
beforeAll(async () => {
  server = await startLiveServer();
  const repositories = folderWith({ 'tools/a.sh': '#!/bin/sh\n' });
  const tools = (...args: string[]) => execFileSync('git', ['-C', join(repositories, 'tools'), ...args]);
  tools('init', '--quiet', '--initial-branch=main');
  tools('add', '.');
  tools('-c', 'user.name=n', '-c', 'user.email=e@example.org', 'commit', '--quiet', '--message=one');
  git = await startGitHttpServer(repositories, 'Basic none');
});
afterAll(async () => {
  await server?.stop();
  await git?.close();
});

/** Everything that the console files of this world hold. */
function consoleOf({ cache }: World): string {
  try {
    const consoles = [...filesBelow(cache)].filter(([path]) => path.endsWith('/console.log'));
    return consoles.map(([, bytes]) => bytes.toString()).join('');
  } catch {
    // It is being made, or was removed between two calls.
    return '';
  }
}

async function waitFor(condition: () => boolean, end: Promise<unknown>): Promise<void> {
  let over = false;
  const ended = end.then(() => {
    over = true;
  });
  while (!condition()) {
    if (over) throw new Error('it ended before the script began');
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 100)), ended]);
  }
}
