/** `simulate --shell` at a real terminal. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { containersOf } from '../support/containers-of.js';
import { filesBelow, type World, worldWith } from './definition.js';
import { inTerminal, jobserv, type Running, rowsOf } from './jobserv.js';

const FAILS = '#!/bin/sh\necho "try $TRIES of $(cat /secrets/token | wc -c)"\necho left >/archive/left.txt\nexit 7\n';
const SECRET = 'correct-horse-battery';

const simulate = (world: World, ...args: string[]) =>
  inTerminal(['simulate', ...args, '-s', `token=${SECRET}`, '-p', 'TRIES=1', '--pull', 'never'], world);
const type = ({ process }: Running, keys: string) => process.stdin?.write(keys);
const workspace = (world: World) => join(world.cache, world.cwd.split('/').at(-1) ?? '', 'manual', 'fails');

function expectNothingLeft(world: World): void {
  expect(containersOf(world.cache)).toEqual([]);
  expect(existsSync(join(workspace(world), 'secrets'))).toBe(false);
  expect([...filesBelow(world.cache).values()].filter((bytes) => bytes.includes(SECRET))).toEqual([]);
}

describe('a shell after a failed run', () => {
  it("has all that the run had, starts the script again, and the status stays the run's", async () => {
    const world = await worldWith({ fails: FAILS });
    const running = simulate(world, 'fails', '--shell', 'on-failure');
    await running.says('the script once more: /script-repo/do_run');
    await running.says(/ # /);
    type(
      running,
      'TRIES=2 /script-repo/do_run; echo "it was $?"; cat /archive/left.txt /secrets/token; echo mine >/archive/mine\n',
    );
    await running.says(/it was 7\r/);
    await running.says(SECRET);
    type(running, 'exit 0\n');
    const { status, stdout } = await running.ended;
    expect(status).toBe(1);
    expect(rowsOf(stdout)).toContain('try 1 of 21');
    expect(rowsOf(stdout)).toContain('try 2 of 21');
    expect(stdout).toMatch(/FAILED.*manual\/fails/);
    expect(readFileSync(join(workspace(world), 'archive/mine'), 'utf8')).toBe('mine\n');
    expectNothingLeft(world);
  });

  it('gives Ctrl-C to what runs in it', async () => {
    const world = await worldWith({ fails: FAILS });
    const running = simulate(world, 'fails', '--shell', 'on-failure');
    await running.says(/ # /);
    // What says so is what gets the signal; the shell itself, before it has started a program, would not hand it on.
    type(running, `sh -c 'echo it $((1 + 1)) sleeps; exec sleep 600'\n`);
    await running.says(/it 2 sleeps\r/);
    type(running, '\x03');
    await running.says(/it 2 sleeps\r[^#]* # /);
    type(running, 'echo on $((1 + 1)) we go; exit\n');
    await running.says(/on 2 we go\r/);
    expect((await running.ended).status).toBe(1);
    expectNothingLeft(world);
  });

  it('goes with the terminal when that is closed', async () => {
    const world = await worldWith({ fails: FAILS });
    const running = simulate(world, 'fails', '--shell', 'on-failure');
    await running.says(/ # /);
    expect(containersOf(world.cache)).toHaveLength(1);
    running.process.kill('SIGKILL');
    await running.ended;
    await vi.waitFor(() => expectNothingLeft(world), { timeout: 30_000, interval: 200 });
  });
});

it('opens none after a run that passed, unless that is asked for', async () => {
  const world = await worldWith({ passes: '#!/bin/sh\necho fine\n' });
  const without = await simulate(world, 'passes', '--shell', 'on-failure').ended;
  expect({ status: without.status, shell: without.stdout.includes('once more') }).toEqual({ status: 0, shell: false });
  const running = simulate(world, 'passes', '--shell', 'always');
  await running.says(/ # /);
  type(running, 'exit 3\n');
  expect((await running.ended).status).toBe(0);
});

it('needs a terminal, and says so before anything runs', async () => {
  const world = await worldWith({ fails: FAILS });
  const { status, stdout, stderr } = await jobserv(['simulate', 'fails', '--shell', 'always'], world);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('--shell needs a terminal');
  expect(existsSync(world.cache)).toBe(false);
});

it.each(['--json', '--dry-run', '--jobs=2'])('does not go with %s', async (flag) => {
  const world = await worldWith({ fails: FAILS });
  const { status, stdout } = await simulate(world, 'fails', '--shell', 'always', flag).ended;
  expect(status).toBe(2);
  expect(stdout).toContain(`it cannot be used with ${flag.split('=')[0]}`);
});
