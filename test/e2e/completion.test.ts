/** `autocomplete`: the scripts, in the shells that are installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/lib/index.js';
import { folderWith, installedCommand, jobserv } from './jobserv.js';

const NASTY = '$(touch hacked) `touch hacked`';
const DEFINITION = JSON.stringify({
  timeout: 5,
  scripts: { s: '#!/bin/sh\n' },
  triggers: [
    {
      name: 'ci',
      type: 'simple',
      runs: ['build', 'unit-test', NASTY].map((name) => ({
        name,
        container: 'alpine',
        'host-tag': 'any',
        script: 's',
      })),
    },
  ],
});

let cwd: string;
const scripts: Record<string, string> = {};
const env = () => ({ ...process.env, PATH: `${dirname(installedCommand())}:${process.env['PATH']}` });
beforeAll(async () => {
  cwd = folderWith({ '.jobserv.yml': DEFINITION });
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, stdout } = await jobserv(['autocomplete', shell]);
    expect(status).toBe(0);
    scripts[shell] = join(folder, `jobserv.${shell}`);
    writeFileSync(scripts[shell], stdout);
  }
});

describe('bash', () => {
  /** What TAB offers after these words. */
  function offered(...words: string[]): string[] {
    const program = `source "$1"; shift; COMP_WORDS=(jobserv "$@"); COMP_CWORD=$#; _jobserv; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['--norc', '-c', program, 'bash', scripts['bash'] ?? '', ...words];
    return execFileSync('bash', args, { cwd, env: env(), encoding: 'utf8' }).trim().split('\n');
  }

  it('completes commands, those of a topic, and flags', () => {
    expect(offered('s')).toEqual(['schema', 'simulate']);
    expect(offered('worker', 'c')).toEqual(['check', 'cronwrap']);
    expect(offered('simulate', '--fa')).toEqual(['--fail-fast', '--failed']);
    expect(offered('worker', 'loop', '--li')).toEqual(['--listen']);
    expect(offered('list', '--names', '--js')).toEqual(['--json']);
  });

  it('completes the names of runs, and executes nothing of them', () => {
    expect(offered('simulate', 'ci/')).toEqual([
      'ci/build',
      'ci/unit-test',
      'ci/\\$\\(touch\\ hacked\\)\\ \\`touch\\ hacked\\`',
    ]);
    expect(offered('rundef', 'create', 'ci/u')).toEqual(['ci/unit-test']);
    expect(execFileSync('ls', { cwd, encoding: 'utf8' })).not.toContain('hacked');
  });
});

describe.each(['zsh', 'fish'])('%s', (shell) => {
  it('accepts its script', (context) => {
    const program = findProgram(shell);
    if (program === undefined) return context.skip(`${shell} is not installed`);
    const { status, stderr } = spawnSync(program, ['-n', scripts[shell] ?? ''], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

it('fish completes the names of runs', (context) => {
  const program = findProgram('fish');
  if (program === undefined) return context.skip('fish is not installed');
  const command = `source ${scripts['fish']}; complete -C 'jobserv simulate ci/u'; complete -C 'jobserv worker c'`;
  const out = execFileSync(program, ['--no-config', '-c', command], { cwd, env: env(), encoding: 'utf8' });
  expect(out.split('\n').map((line) => line.split('\t')[0])).toEqual(expect.arrayContaining(['ci/unit-test', 'check']));
});
