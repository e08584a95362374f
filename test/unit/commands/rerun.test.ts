import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rerun } from '../../../src/commands/shared/flags.js';

const flag = (name: string, input: string) => ({ type: 'flag' as const, flag: name, input });

/** What a shell makes of the line: the words that `jobserv` gets. */
function wordsInShell(line: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-rerun-'));
  const program = join(folder, 'jobserv');
  writeFileSync(program, '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  chmodSync(program, 0o755);
  const env = { PATH: `${folder}:${process.env['PATH']}`, HOME: '/root' };
  return execFileSync('sh', ['-c', line], { env, encoding: 'utf8' }).split('\n').slice(0, -1);
}

it('a shell reads it as it was given', () => {
  const raw = [
    { type: 'arg' as const, arg: 'run', input: 'ci/*' },
    flag('param', 'A=it\'s $HOME `id` ; & | \\ "x"'),
    flag('param', '-x=1'),
    flag('keep', '--keep'),
    flag('docker-config', '--no-docker-config'),
    flag('file', '~/my definition.yml'),
  ];
  expect(wordsInShell(rerun(['simulate', 'ci/a b'], { raw, secrets: {} }))).toEqual([
    'simulate',
    'ci/a b',
    '--param',
    'A=it\'s $HOME `id` ; & | \\ "x"',
    '--param=-x=1',
    '--keep',
    '--no-docker-config',
    '--file',
    '~/my definition.yml',
  ]);
});

it('neither a secret nor a login stands in it', () => {
  const raw = [
    flag('secret', 'tok=s3cret-value'),
    flag('secret', 'other'),
    flag('param', 'KEY=s3cret-value'),
    flag('token', 'abc'),
    flag('header', 'Cookie: abc'),
    flag('json', '--json'),
    flag('report', 'x.html'),
  ];
  expect(rerun(['simulate', 'a'], { raw, secrets: { tok: 's3cret-value' } })).toBe(
    "jobserv simulate a --secret tok --secret other --param 'KEY=***'",
  );
});

it('a flag of its own replaces the one that was given', () => {
  const raw = [flag('repeat', '2'), flag('pull', 'always'), flag('console-diff', 'x')];
  expect(rerun(['reproduce', 'URL', '--repeat', '5'], { raw, secrets: {} }, ['console-diff'])).toBe(
    'jobserv reproduce URL --repeat 5 --pull always',
  );
});
