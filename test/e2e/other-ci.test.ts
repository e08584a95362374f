/** What other CI systems run: the hooks of pre-commit, the action, the template, the problem matcher. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadYaml } from '../../src/python/index.js';
import { testImage } from '../support/image.js';
import { definitionOf } from './definition.js';
import { folderWith, installedCommand } from './jobserv.js';
import { Machine } from './page.js';

async function emptyMachine(): Promise<Machine> {
  const machine = Machine.create(await testImage(), {}, {}, false);
  onTestFinished(() => rmSync(machine.home, { recursive: true, force: true }));
  return machine;
}

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
    machine.env['VERSION'] = 'latest';
    expect(await machine.run(install)).toMatchObject({ status: 0 });
    const [good, bad] = await repositories();
    const act = (cwd: string, COMMAND: string, ARGUMENTS = '') => {
      Object.assign(machine.env, { COMMAND, ARGUMENTS, GITHUB_ACTIONS: 'true' });
      machine.cwd = cwd;
      return machine.run(command);
    };
    expect(await act(good, 'validate')).toMatchObject({ status: 0 });
    const rejected = await act(bad, 'validate');
    expect(rejected).toMatchObject({ status: 2, stdout: expect.stringContaining('::error file=.jobserv.yml,line=1') });
    const simulated = await act(good, 'simulate', 'run\n--report\nruns.html\n');
    expect(simulated).toMatchObject({ status: 0, stdout: expect.stringContaining('ran\n') });
    expect(readFileSync(join(good, 'runs.html'), 'utf8')).toContain('<html');
    expect(await act(good, 'init; touch hacked')).toMatchObject({ status: 2 });
  });

  it('GitLab: the jobs of the template write their reports', async () => {
    const jobs = yaml('docs/ci/gitlab.yml') as Record<string, { script: string[]; before_script: string[] }>;
    const machine = await emptyMachine();
    Object.assign(machine.env, { JOBSERV_VERSION: 'latest', JOBSERV_RUNS: '*' });
    const job = (name: string, cwd: string) => {
      machine.cwd = cwd;
      return machine.run(jobs[name]?.script.join('\n') ?? 'exit 1');
    };
    expect(await machine.run(jobs['.jobserv']?.before_script.join('\n') ?? 'exit 1')).toMatchObject({ status: 0 });
    const [good, bad] = await repositories();
    expect(await job('jobserv-validate', good)).toMatchObject({ status: 0 });
    expect(await job('jobserv-validate', bad)).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('`triggers`'),
    });
    expect(readFileSync(join(bad, 'jobserv-validate.xml'), 'utf8')).toContain('<failure');
    expect(await job('jobserv-simulate', good)).toMatchObject({ status: 0 });
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
