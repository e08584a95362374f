/** What people give, of every kind: each is taken, or ends with 2 or 3 and one paragraph; nothing hangs, nothing is left. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { containersOf } from '../support/containers-of.js';
import { definitionOf, filesBelow, type World, worldOf, worldWith } from './definition.js';
import { type Ended, folderWith, jobserv, type Options } from './jobserv.js';

const SECRET = 'kept-to-ourselves';
const SCRIPTS = { run: '#!/bin/sh\nexit 0\n' };

/** Status 0, or 2 or 3 with one paragraph that matches. */
function expectEnd(ended: Ended, world: World, status: number, paragraph?: RegExp): void {
  expect({ status: ended.status, stderr: ended.stderr }).toMatchObject({ status });
  if (paragraph === undefined) expect(ended.stderr).not.toContain('Error:');
  else {
    expect(ended.stderr).toMatch(/^((Warning: |Using )[^\n]+\n)*Error: [^\n]+\n$/);
    expect(ended.stderr).toMatch(paragraph);
  }
  expect(ended.stdout + ended.stderr).not.toContain(SECRET);
  expect(containersOf(world.cache)).toEqual([]);
  const left = [...filesBelow(world.env['XDG_CACHE_HOME'] ?? '')];
  expect(left.filter(([, bytes]) => bytes.includes(SECRET)).map(([path]) => path)).toEqual([]);
}

/** What their lines may be: test/unit/simulator/given.test.ts. */
describe('a file of values', () => {
  const LINE = (kind: string, line: number) => new RegExp(`^Error: values, the ${kind} file, .*line ${line}`, 'm');
  const READ = (kind: string) => new RegExp(`^Error: values, the ${kind} file, cannot be read: `, 'm');
  it.each<['secret' | 'param', string, string | Buffer | ((path: string) => void), number, RegExp?]>([
    ['secret', 'with comments, quotes and export', `# c\nexport A='x # y'\nB=a#b # c\nC="two\nlines"\n`, 0],
    ['param', 'that is empty', '', 0],
    ['secret', 'with an open quote', 'A=1\nB="x\n', 2, LINE('secret', 2)],
    ['param', 'with a control character', `A=1\nB=\u0007\n`, 2, LINE('param', 2)],
    ['param', 'in UTF-16', Buffer.from('\ufeffA=1\n', 'utf16le'), 2, /UTF-16/],
    ['secret', 'that is not there', () => {}, 2, READ('secret')],
    ['param', 'that is a folder', (path) => mkdirSync(path), 2, READ('param')],
    ['secret', 'that never ends', (path) => symlinkSync('/dev/zero', path), 2, READ('secret')],
    ['param', 'that is larger than any', Buffer.alloc(17 * 2 ** 20), 2, READ('param')],
  ])('for each %s, %s', async (kind, _, content, status, paragraph) => {
    const world = await worldWith(SCRIPTS);
    const path = join(world.cwd, 'values');
    if (typeof content === 'function') content(path);
    else writeFileSync(path, content);
    const args = ['simulate', 'run', '--dry-run', `--${kind}-file`, 'values', '-s', `token=${SECRET}`];
    expectEnd(await jobserv(args, world), world, status, paragraph);
  });
});

/** More of them: test/unit/docker/docker-config.test.ts. */
describe("docker's configuration", () => {
  it.each<[string, string | ((path: string) => void)]>([
    ['of other shapes', '{"auths":{"x":null},"credHelpers":3,"proxies":"x","credsStore":{}}'],
    ['that is no JSON', '{"auths":'],
    ['that is a named pipe', (path) => execFileSync('mkfifo', [path])],
  ])('%s does not stop a run, as it does not stop docker', async (_, content) => {
    const world = await worldWith(SCRIPTS);
    const folder = join(world.cwd, 'docker');
    mkdirSync(folder);
    const path = join(folder, 'config.json');
    if (typeof content === 'function') content(path);
    else writeFileSync(path, content);
    const options = { ...world, env: { ...world.env, DOCKER_CONFIG: folder } };
    expectEnd(await jobserv(['simulate', 'run', '-s', `token=${SECRET}`], options), world, 0);
  });
});

/** More of it: test/unit/git/errors.test.ts. */
describe('git', () => {
  it.each<[string, (world: World) => NodeJS.ProcessEnv | undefined]>([
    [
      'with a worktree that was moved',
      ({ cwd }) => {
        renameSync(join(cwd, '.git'), `${cwd}.moved`);
        writeFileSync(join(cwd, '.git'), 'gitdir: /nowhere/.git/worktrees/x\n');
        return undefined;
      },
    ],
    ['with a broken HEAD', ({ cwd }) => void writeFileSync(join(cwd, '.git/HEAD'), 'nonsense\n')],
    ['that is not installed', () => ({ PATH: folderWithNode() })],
  ])('%s: status 3, in its own words', async (_, change) => {
    const {
      triggers: [trigger],
      ...rest
    } = JSON.parse(await definitionOf(SCRIPTS));
    const definition = JSON.stringify({ ...rest, triggers: [{ ...trigger, type: 'git_poller' }] });
    const world = worldOf({ '.jobserv.yml': definition });
    const git = (...args: string[]) =>
      void execFileSync('git', ['-C', world.cwd, ...args], { env: { ...process.env, HOME: world.env['HOME'] } });
    git('init', '--quiet', '--initial-branch=main');
    git('add', '.');
    git('-c', 'user.name=n', '-c', 'user.email=e@example.org', 'commit', '--quiet', '--message=one');
    const env = { ...world.env, ...change(world) };
    const ended = await jobserv(['simulate', 'run', '-s', `token=${SECRET}`], { ...world, env });
    expectEnd(ended, world, 3, /git/);
    expect((await jobserv(['doctor'], { ...world, env })).status).not.toBe(70);
  });
});

describe('the cache folder and HOME', () => {
  it.each<[string, NodeJS.ProcessEnv, number, RegExp?]>([
    [
      'where nothing can be made',
      { XDG_CACHE_HOME: '/proc' },
      3,
      /The folder \/proc\/jobserv\S* cannot be used: .* XDG_CACHE_HOME/,
    ],
    [
      'that no name is left for',
      { XDG_CACHE_HOME: `/tmp/${'x'.repeat(300)}` },
      3,
      /The folder \/tmp\/x+\/jobserv cannot be used/,
    ],
    ['that is a file', { XDG_CACHE_HOME: '/etc/hostname' }, 3, /\/etc\/hostname is no folder/],
    ['that is relative', { XDG_CACHE_HOME: 'cache', HOME: '' }, 0],
    ['that is empty', { XDG_CACHE_HOME: '', HOME: '' }, 0],
    ['of a user without one', { XDG_CACHE_HOME: '', HOME: '/proc/none' }, 3, /The folder \/proc\/none/],
  ])('%s', async (_, env, status, paragraph) => {
    const world = await worldWith(SCRIPTS);
    const options = { ...world, env: { ...world.env, ...env } };
    const ended = await jobserv(['simulate', 'run', '-s', `token=${SECRET}`], options);
    expectEnd(ended, world, status, paragraph);
  });
});

describe('standard output that cannot be written', () => {
  it.each([
    [['list']],
    [['list', '--json']],
    [['autocomplete', 'bash']],
    [['prune', '--json']],
    [['validate', '--format', 'json']],
    [['schema']],
    [['explain']],
    [['doctor']],
    [['rundef', 'create', 'run']],
    [['simulate', 'run', '--dry-run', '--json']],
    [['simulate', 'run', '-s', `token=${SECRET}`]],
  ])('by %j: status 3 and one paragraph', async (args) => {
    const world = await worldWith(SCRIPTS);
    const full = openSync('/dev/full', 'w');
    const options: Options = { ...world, stdout: full };
    const ended = await jobserv(args, options).finally(() => closeSync(full));
    expectEnd(ended, world, 3, /Standard output cannot be written: no space is left on its device/);
  });
});

/** For PATH: no git in it. */
function folderWithNode(): string {
  const folder = folderWith({});
  symlinkSync(process.execPath, join(folder, 'node'));
  return folder;
}
