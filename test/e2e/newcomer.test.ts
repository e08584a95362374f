/**
 * The newcomer's path, from an empty home with Node: the commands of pages in blocks marked `sh test` are copied out of
 * the pages and run, one shell a page. And what other CI systems run: hooks, the action, the template.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { loadYaml } from '../../src/python/index.js';
import { testImage } from '../support/image.js';
import { definitionOf } from './definition.js';
import { folderWith, installedCommand, inTerminal, rowsOf } from './jobserv.js';

/** A shell's `npm` that takes the packed package where a page says `jobserv`, and has no network. */
const NPM = `npm() { local words=() word
  for word; do case $word in jobserv | jobserv@*) word=$TARBALL ;; esac; words+=("$word"); done
  [ "$1" = uninstall ] && words[2]=jobserv
  command npm --offline --no-audit --no-fund "\${words[@]}" || return
}
`;

interface Shell {
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/** An empty home, a prefix for npm of its own, and nothing of this project on PATH. */
async function emptyMachine(cwd?: string): Promise<Shell> {
  const home = mkdtempSync(join(tmpdir(), 'jobserv-newcomer-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const prefix = join(home, '.npm-global');
  const host = process.env['DOCKER_HOST'];
  const image = await testImage();
  mkdirSync(join(home, 'work'));
  return {
    cwd: cwd ?? join(home, 'work'),
    env: {
      HOME: home,
      PATH: `${prefix}/bin:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      npm_config_prefix: prefix,
      TARBALL: inject('tarball'),
      // Pages name images that need a network.
      JOBSERV_IMAGE: ['debian:12', 'alpine:3.20'].map((from) => `${from}=${image}`).join(','),
      ...(host ? { DOCKER_HOST: host } : {}),
    },
  };
}

function bash(text: string, { cwd, env }: Shell) {
  return spawnSync('bash', ['-e', '-o', 'pipefail', '-c', NPM + text], { cwd, env, encoding: 'utf8' });
}

/** The marked blocks of a page, in order. */
function blocksOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```sh test\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
}

const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd, stdio: 'pipe' });

describe('the commands of pages', () => {
  it('of docs/install.md bring a newcomer to a passed run, and away again', async () => {
    const blocks = blocksOf('docs/install.md');
    expect(blocks).toHaveLength(3);
    const machine = await emptyMachine();
    const { status, stdout, stderr } = bash(blocks.join('\n'), machine);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain('1 definition: the server would accept it.');
    expect(stdout).toMatch(/^2 tests pass$/m);
    expect(stdout).toMatch(/^PASSED {2}pushed\/test/m);
    expect(bash('command -v jobserv', machine).status).not.toBe(0);
  });

  it('of docs/recipes.md work in a monorepo', async () => {
    const blocks = blocksOf('docs/recipes.md');
    expect(blocks).toHaveLength(2);
    const api = (await definitionOf({ unit: '#!/bin/sh\n' })).replace('"manual"', '"ci"');
    const repository = folderWith({ 'services/api/api.jobserv.yml': api, '.jobserv.yml': api });
    git(repository, 'init', '--quiet');
    git(repository, 'add', '.');
    git(repository, 'commit', '--quiet', '--message', 'x');
    git(repository, 'update-ref', 'refs/remotes/origin/main', 'HEAD');
    writeFileSync(join(repository, '.jobserv.yml'), `${api}\n`);
    const { status, stdout, stderr } = bash(
      `npm install --global jobserv >&2\n${blocks.join('\n')}`,
      await emptyMachine(repository),
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain('2 definitions: ');
    expect(stdout).toMatch(/PASSED {2}ci\/unit/);
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^1 definition: /);
  });
});

it('README.md begins with what a failed run really shows', async () => {
  const [, block = ''] = /^```console\n\$ ([\s\S]*?)^```$/m.exec(readFileSync('README.md', 'utf8')) ?? [];
  const [command = '', ...shown] = block.trimEnd().split('\n');
  const script = '#!/bin/sh\necho "test blink: ok"\necho "test sleep: expected 250 ms, took 1250 ms"\nexit 1\n';
  const text = await definitionOf({ 'unit-tests': script }, { container: 'alpine:3.20' });
  const machine = await emptyMachine();
  const cwd = join(machine.cwd, 'blinky');
  mkdirSync(cwd);
  writeFileSync(join(cwd, '.jobserv.yml'), text.replace('"manual"', '"ci"'));
  const words = command
    .replace('jobserv-test:busybox', await testImage())
    .split(' ')
    .slice(1);
  const { ended } = inTerminal(words, { cwd, env: { ...machine.env, JOBSERV_IMAGE: '' } });
  const { status, stdout } = await ended;
  // Without line ends: a terminal breaks long lines.
  const plain = (rows: string[]) =>
    rows
      .map((row) => row.replace(/\d+\.\d+ s$/, 'n s').trimEnd())
      .join('')
      .replace(machine.env['HOME'] ?? '', '~');
  expect(status).toBe(1);
  expect(plain(rowsOf(stdout))).toEqual(plain(shown));
});

const yaml = (path: string) => JSON.parse(JSON.stringify(loadYaml(readFileSync(path)).value));

describe('other CI systems', () => {
  const ACCEPTED = { '.jobserv.yml': '' };
  async function repositories() {
    const good = await definitionOf({ run: '#!/bin/sh\necho ran\n' });
    return [folderWith({ ...ACCEPTED, '.jobserv.yml': good }), folderWith({ '.jobserv.yml': 'timeout: x\n' })] as const;
  }

  it('pre-commit: the hooks match definitions, and fail for one that is rejected', async () => {
    const hooks = yaml('.pre-commit-hooks.yaml') as { id: string; entry: string; files: string }[];
    expect(hooks.map(({ id }) => id)).toEqual(['jobserv-validate', 'jobserv-fix']);
    const [good, bad] = await repositories();
    const env = { ...process.env, PATH: `${dirname(installedCommand())}:${process.env['PATH']}` };
    for (const { entry, files } of hooks) {
      const names = ['.jobserv.yml', 'a/b.jobserv.yaml', 'jobserv.yml', 'a/.jobservrc.yml', 'x.yml'];
      expect(names.filter((name) => new RegExp(files).test(name))).toEqual(names.slice(0, 3));
      const run = (cwd: string, name = '.jobserv.yml') =>
        spawnSync('sh', ['-c', `${entry} ${name}`], { cwd, env }).status;
      expect([run(good), run(bad)]).toEqual([0, 2]);
      // A repository can have a file of this name: it is no flag.
      expect(run(good, '--help')).toBe(2);
    }
  });

  it('GitHub: the action installs, validates, simulates, and takes no other command', async () => {
    const { runs } = yaml('action.yml') as { runs: { steps: { run: string }[] } };
    const [install = '', command = ''] = runs.steps.map(({ run }) => run);
    const machine = await emptyMachine();
    expect(bash(install, { ...machine, env: { ...machine.env, VERSION: 'latest' } })).toMatchObject({ status: 0 });
    const [good, bad] = await repositories();
    const act = (cwd: string, COMMAND: string, ARGUMENTS = '') =>
      bash(command, { cwd, env: { ...machine.env, COMMAND, ARGUMENTS, GITHUB_ACTIONS: 'true' } });
    expect(act(good, 'validate')).toMatchObject({ status: 0 });
    const rejected = act(bad, 'validate');
    expect(rejected).toMatchObject({ status: 2, stdout: expect.stringContaining('::error file=.jobserv.yml,line=1') });
    const simulated = act(good, 'simulate', 'run\n--report\nruns.html\n');
    expect(simulated).toMatchObject({ status: 0, stdout: expect.stringContaining('ran\n') });
    expect(readFileSync(join(good, 'runs.html'), 'utf8')).toContain('<html');
    expect(act(good, 'init; touch hacked')).toMatchObject({ status: 2 });
  });

  it('GitLab: the jobs of the template write their reports', async () => {
    const jobs = yaml('docs/ci/gitlab.yml') as Record<string, { script: string[]; before_script: string[] }>;
    const machine = await emptyMachine();
    const job = (name: string, cwd: string) => {
      const env = { ...machine.env, JOBSERV_VERSION: 'latest', JOBSERV_RUNS: '*' };
      return bash(jobs[name]?.script.join('\n') ?? 'exit 1', { cwd, env });
    };
    expect(bash(jobs['.jobserv']?.before_script.join('\n') ?? 'exit 1', machine)).toMatchObject({ status: 0 });
    const [good, bad] = await repositories();
    expect(job('jobserv-validate', good)).toMatchObject({ status: 0 });
    expect(job('jobserv-validate', bad)).toMatchObject({ status: 2, stdout: expect.stringContaining('`triggers`') });
    expect(readFileSync(join(bad, 'jobserv-validate.xml'), 'utf8')).toContain('<failure');
    expect(job('jobserv-simulate', good)).toMatchObject({ status: 0 });
    expect(readFileSync(join(good, 'jobserv-simulate.xml'), 'utf8')).toContain('<testsuite');
  });

  it('the problem matcher reads what validate --format unix writes', async () => {
    const { problemMatcher } = JSON.parse(readFileSync('docs/ci/problem-matcher.json', 'utf8'));
    const [, bad] = await repositories();
    const { stdout } = spawnSync(installedCommand(), ['validate', '--format', 'unix'], { cwd: bad, encoding: 'utf8' });
    const [pattern] = problemMatcher[0].pattern;
    const lines = stdout
      .trim()
      .split('\n')
      .filter((line) => line.includes('error:'));
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines)
      expect(new RegExp(pattern.regexp).exec(line)?.slice(1, 5)).toEqual([
        '.jobserv.yml',
        '1',
        expect.any(String),
        'error',
      ]);
  });
});
