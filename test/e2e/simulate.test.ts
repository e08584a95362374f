/** `simulate` as a user meets it: statuses, what it shows, what it keeps. */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { containersOf } from '../support/containers-of.js';
import { testImage } from '../support/image.js';
import { definitionOf, filesBelow, modeOf, type World, worldOf, worldWith } from './definition.js';
import { folderWith, jobserv } from './jobserv.js';

const RUNS = {
  good: '#!/bin/sh -e\necho "it is $WHAT"\necho kept >/archive/kept.txt\n',
  bad: '#!/bin/sh\necho on its way out\nexit 7\n',
};

const simulate = (world: World, ...args: string[]) => jobserv(['simulate', ...args], world);

describe('the verdict', () => {
  it('of a script that passes: status 0, and a summary of where everything is', async () => {
    const world = await worldWith(RUNS);
    const { status, stdout } = await simulate(world, 'good', '-p', 'WHAT=well');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^it is well$/m);
    expect(stdout).toMatch(/PASSED {2}manual\/good {2}\d/);
    expect(stdout).toContain('archive/kept.txt (5 B)');
    const root = join(world.cache, expectedProject(world), 'manual', 'good');
    expect(stdout).toContain(root);
    expect([...filesBelow(root).keys()].sort()).toEqual([
      '.jobserv-workspace',
      'archive/kept.txt',
      'console.log',
      'result.json',
      'rundef.json',
    ]);
    expect(modeOf(root)).toBe('700');
    expect(containersOf(world.cache)).toEqual([]);
  });

  it('of one script that fails among several: status 1', async () => {
    const { status, stdout } = await simulate(await worldWith(RUNS), '*', '--jobs', '2');
    expect(status).toBe(1);
    expect(stdout).toContain('The script exited with status 7.');
    expect(stdout).toContain('1 of 2 runs passed; 1 failed: manual/bad.');
  });

  it('with --fail-fast: the run in progress is interrupted, the others are not started, status 1', async () => {
    const fails = '#!/bin/sh\nwhile [ ! -e /go/on ]; do sleep 0.1; done\nexit 7\n';
    const waits = '#!/bin/sh\ntouch /go/on\nsleep 600\n';
    const scripts = { fails, waits, never: '#!/bin/sh\ntrue\n', neither: '#!/bin/sh\ntrue\n' };
    const world = await worldWith(scripts, { 'persistent-volumes': { go: '/go' } });
    const { status, stdout } = await simulate(world, '*', '--jobs', '2', '--fail-fast', '--json');
    const runs = JSON.parse(stdout).runs as { run: string; status: string }[];
    expect(runs.map(({ run, status }) => `${run} ${status}`)).toEqual([
      'fails FAILED',
      'waits INTERRUPTED',
      'never NOT_STARTED',
      'neither NOT_STARTED',
    ]);
    expect(status).toBe(1);
    expect(containersOf(world.cache)).toEqual([]);
  });

  it('of a definition that the server would reject: status 2, at the place, nothing run', async () => {
    const world = worldOf({ '.jobserv.yml': (await definitionOf(RUNS)).replace('"timeout":5', '"timeout":"5"') });
    const { status, stderr } = await simulate(world, 'good');
    expect(status).toBe(2);
    expect(stderr).toMatch(/\.jobserv\.yml:1:\d+/);
  });

  it('of a run that is not there: status 2, and the nearest name', async () => {
    const { status, stderr } = await simulate(await worldWith(RUNS), 'goood');
    expect(status).toBe(2);
    expect(stderr).toContain('good');
  });

  it('where no run is named and nobody can be asked: status 2, and the list', async () => {
    const { status, stderr } = await simulate(await worldWith(RUNS));
    expect(status).toBe(2);
    expect(stderr).toContain('manual/good');
    expect(stderr).toContain('manual/bad');
  });

  it.each([
    ['the console', []],
    ['the JSON', ['--json']],
  ])('where standard output cannot take %s: status 3, and no secret is left', async (_, flags) => {
    const world = await worldWith({ long: '#!/bin/sh\nyes | head -c 300000; cat /secrets/token\n' });
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = await jobserv(['simulate', 'long', '-s', 'token=kept-to-ourselves', ...flags], {
      ...world,
      stdout: full,
    });
    closeSync(full);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^Error: Standard output cannot be written: no space is left on its device\. [^\n]+\n$/);
    const left = filesBelow(world.cache);
    expect([...left.keys()].filter((name) => name.includes('secrets/'))).toEqual([]);
    expect([...left.values()].join('')).not.toContain('kept-to-ourselves');
    expect(containersOf(world.cache)).toEqual([]);
  });

  it('without an engine: status 3, and a paragraph that helps', async () => {
    const world = await worldWith(RUNS);
    const { status, stderr } = await jobserv(['simulate', 'good'], {
      ...world,
      env: { ...world.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
    expect(status).toBe(3);
    expect(stderr).toBe(
      'Error: No container engine can be reached. Tried unix:///nowhere/docker.sock (from DOCKER_HOST): no such socket. Start that engine, or correct DOCKER_HOST.\n',
    );
  });

  it('without the image: status 3, where no pull is wanted and where the registry is not there', async () => {
    const world = await worldWith({ good: RUNS.good }, { container: '127.0.0.1:1/none:1' });
    const never = await simulate(world, 'good', '--pull', 'never');
    expect(never).toMatchObject({ status: 3, stdout: expect.stringContaining('--pull never forbids pulling it') });
    const missing = await simulate(world, 'good');
    expect(missing.status).toBe(3);
    expect(missing.stdout).toContain('Check that 127.0.0.1:1 can be reached from the engine.');
  });
});

it('answers --json with all of SPEC 7, the console only in its file', async () => {
  const world = await worldWith(RUNS);
  const { status, stdout, stderr } = await simulate(world, 'good', '-p', 'WHAT=x', '--json', '--project', 'acme/it');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({
    version: 1,
    status: 'PASSED',
    runs: [
      {
        trigger: 'manual',
        run: 'good',
        status: 'PASSED',
        exitCode: 0,
        startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        durationMs: expect.any(Number),
        image: { reference: await testImage() },
        tests: [],
        artifacts: [{ path: 'kept.txt', sizeBytes: 5 }],
        fidelity: { exact: false, differences: [{ kind: 'image-not-pulled', message: expect.any(String) }] },
      },
    ],
  });
  const [run] = result.runs;
  expect(run.phases.map(({ name }: { name: string }) => name)).toEqual([
    'pull',
    'prepare',
    'script',
    'upload',
    'tests',
    'report',
  ]);
  expect(readFileSync(run.console, 'utf8')).toContain('\nit is x\n');
  expect(JSON.parse(readFileSync(join(run.workspace, 'result.json'), 'utf8'))).toEqual(run);
  expect(JSON.parse(readFileSync(join(run.workspace, 'rundef.json'), 'utf8'))).toMatchObject({
    project: 'acme/it',
    simulator: true,
    env: { WHAT: 'x', H_PROJECT: 'acme/it', H_BUILD: '1', H_RUN: 'good' },
  });
});

it('runs a rundef file as it stands', async () => {
  const world = await worldWith(RUNS);
  const { stdout } = await jobserv(['rundef', 'create', 'good', '-p', 'WHAT=written'], world);
  const file = join(folderWith({ 'run.json': stdout }), 'run.json');
  const ran = await simulate(world, file);
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringMatching(/^it is written$/m) });
});

it('clears the workspace for the next run, and keeps persistent volumes', async () => {
  const script = '#!/bin/sh -e\nls /archive\nls /cache\ndate >/archive/one\ndate >/cache/two\n';
  const world = await worldWith({ keep: script }, { 'persistent-volumes': { cache: '/cache' } });
  await simulate(world, 'keep');
  const { stdout } = await simulate(world, 'keep');
  expect(stdout).toMatch(/^two$/m);
  expect(stdout).not.toMatch(/^one$/m);
});

it('a workspace that cannot be used costs no other run its result', async () => {
  const world = await worldWith({ bad: '#!/bin/sh\n', good: '#!/bin/sh\n' });
  const trigger = join(world.cache, basename(world.cwd), 'manual');
  mkdirSync(trigger, { recursive: true, mode: 0o700 });
  writeFileSync(join(trigger, 'bad'), 'in the way');
  const { status, stdout } = await simulate(world, 'bad', 'good', '--jobs', '1', '--json');
  expect(status).toBe(3);
  const message = expect.stringMatching(/^The workspace \S+ is no folder\. Move it away/);
  expect(JSON.parse(stdout).runs).toMatchObject([
    { run: 'bad', status: 'FAILED', cause: 'setup', environment: 'workspace', message },
    { run: 'good', status: 'PASSED' },
  ]);
  expect(readFileSync(join(trigger, 'bad'), 'utf8')).toBe('in the way');
});

it('refuses to clear a folder that is not its own', async () => {
  const world = await worldWith(RUNS);
  const mine = folderWith({ 'thesis.tex': 'three years' });
  const { status, stderr } = await simulate(world, 'good', '--workspace', mine);
  expect(status).toBe(2);
  expect(stderr).toContain('is not empty and is no workspace');
  expect(readFileSync(join(mine, 'thesis.tex'), 'utf8')).toBe('three years');
});

describe('in a dirty working tree', () => {
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], { cwd, encoding: 'utf8' });

  it('runs that tree, and leaves index, stash, branches and files as they are', async () => {
    const script = '#!/bin/sh -e\nfor file in $(ls -A | grep -v "^.git$"); do echo "$file: $(cat $file)"; done\n';
    const definition = JSON.parse(await definitionOf({ look: script }));
    definition.triggers[0].type = 'git_poller';
    const world = worldOf({
      '.jobserv.yml': JSON.stringify(definition),
      '.gitignore': 'ignored*\n',
      committed: 'first',
      gone: 'first',
    });
    const { cwd } = world;
    git(cwd, 'init', '--quiet', '--initial-branch=main');
    git(cwd, 'add', '.');
    git(cwd, 'commit', '--quiet', '--message=one');
    execFileSync('sh', ['-c', 'echo stashed >committed; git -c user.name=A -c user.email=a@b.c stash --quiet'], {
      cwd,
    });
    const setUp =
      'echo staged >staged; git add staged; echo again >staged; echo changed >committed; rm gone; echo new >untracked; echo no >ignored';
    execFileSync('sh', ['-c', setUp], { cwd });
    const before = filesBelow(cwd);
    const { status, stdout } = await simulate(world, 'look');
    expect(status).toBe(0);
    for (const line of ['committed: changed', 'staged: again', 'untracked: new'])
      expect(stdout).toContain(`\n${line}\n`);
    expect(stdout).not.toMatch(/^(ignored|gone):/m);
    expect([...filesBelow(cwd)]).toEqual([...before]);
  });
});

describe('a dry run', () => {
  it('shows the rundef and the container, secrets hidden, and needs no engine', async () => {
    const world = await worldWith(RUNS);
    const env = { ...world.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const args = ['simulate', 'good', '--dry-run', '--json', '-s', 'token=correct-horse'];
    const { status, stdout } = await jobserv(args, { ...world, env });
    expect(status).toBe(0);
    expect(stdout).not.toContain('correct-horse');
    const [run] = JSON.parse(stdout).runs;
    expect(run.container).toMatchObject({
      image: await testImage(),
      command: ['/script-repo/do_run'],
      workingDir: '/',
    });
    expect(run.container.mounts.map(({ target }: { target: string }) => target)).toContain('/secrets');
    expect(existsSync(world.cache)).toBe(false);
    const shown = await jobserv(
      args.filter((word) => word !== '--json'),
      { ...world, env },
    );
    expect(shown.stdout).toMatch(/^manual\/good\n {2}image /);
    expect(shown.stdout).not.toContain('{');
  });
});

it('names a secret that a script reads, and a param that may be a typo, before the run; and the secret in its reason', async () => {
  const world = await worldWith({ reads: '#!/bin/sh\ncat /secrets/token\n' }, { params: { BOARD: 'nrf52' } });
  const { status, stdout, stderr } = await simulate(world, 'reads', '-p', 'BAORD=x');
  expect(status).toBe(1);
  expect(stderr).toContain('Scripts name secrets that were not given: /secrets/token (manual/reads).');
  expect(stderr).toContain('No run here has a param BAORD. Did you mean -p BOARD=…?');
  expect(stdout).toContain('The script names /secrets/token, and no such secret was given.');
});

/** The repository's folder names the project. */
function expectedProject({ cwd }: World): string {
  return cwd.split('/').at(-1) ?? '';
}
