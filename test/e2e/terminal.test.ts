/** With a real terminal: prompts, Ctrl-C, and a console that would like to do more than be read. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it, vi } from 'vitest';
import { containersOf } from '../support/containers-of.js';
import { filesBelow, type World, worldWith } from './definition.js';
import { installedCommand, inTerminal, type Running, rowsOf, shellInTerminal } from './jobserv.js';

const WAITS = '#!/bin/sh\necho it begins\nwhile :; do sleep 1; done\n';
const SECRET = 'correct-horse-battery';
const CTRL_C = '\x03';
const ENTER = '\r';
const DOWN = '\x1b[B';

const simulate = (world: World, ...args: string[]) => inTerminal(['simulate', ...args], world);
const type = ({ process }: Running, keys: string) => process.stdin?.write(keys);

function consoleOf(world: World, run: string): string {
  const files = filesBelow(world.cache);
  const [path] = [...files.keys()].filter((name) => name.endsWith(`manual/${run}/console.log`));
  return files.get(path ?? '')?.toString() ?? '';
}

describe('prompts', () => {
  it('ask for a missing secret, and show nothing of what is typed', async () => {
    const script = '#!/bin/sh\n[ "$(cat /secrets/registry_auth)" = "$WANTED" ] && echo it is the one\n';
    const world = await worldWith({ asks: script }, { 'container-auth': 'registry_auth' });
    const login = Buffer.from(`me:${SECRET}`).toString('base64');
    const running = simulate(world, 'asks', '-p', `WANTED=${login}`, '--pull', 'never');
    await running.says('registry_auth');
    type(running, login + ENTER);
    const { status, stdout } = await running.ended;
    expect(rowsOf(stdout)).toContain('it is the one');
    expect(status).toBe(0);
    expect(stdout).not.toContain(login);
  });

  it('let choose from the runs when none is named', async () => {
    const world = await worldWith({ first: '#!/bin/sh\necho one\n', second: '#!/bin/sh\necho two\n' });
    const running = simulate(world);
    await running.says('manual/second');
    type(running, DOWN);
    type(running, ' ');
    type(running, ENTER);
    const { status, stdout } = await running.ended;
    expect(status).toBe(0);
    expect(rowsOf(stdout)).toContain('two');
    expect(rowsOf(stdout)).not.toContain('one');
  });

  it('end with status 130 on Ctrl-C, with nothing run', async () => {
    const world = await worldWith({ first: WAITS });
    const running = simulate(world);
    await running.says('manual/first');
    type(running, CTRL_C);
    expect((await running.ended).status).toBe(130);
    expect(existsSync(world.cache)).toBe(false);
  });
});

describe('Ctrl-C', () => {
  it('stops the run: container gone, workspace kept, status 130', async () => {
    const world = await worldWith({ waits: WAITS });
    const running = simulate(world, 'waits');
    await running.says('it begins');
    type(running, CTRL_C);
    const { status, stdout } = await running.ended;
    expect(status).toBe(130);
    expect(stdout).toContain('Stopping: the container is removed and the workspace is kept.');
    expect(containersOf(world.cache)).toEqual([]);
    expect(consoleOf(world, 'waits')).toContain('The run has FAILED');
  });
});

it('ends a run in good order when its terminal is closed, in the middle of what it prints', async () => {
  const world = await worldWith({ noisy: '#!/bin/sh\nwhile :; do echo it goes on; done\n' });
  const running = simulate(world, 'noisy', '-s', `token=${SECRET}`, '--pull', 'never');
  await running.says('it goes on');
  running.process.kill('SIGKILL');
  await running.ended;
  await vi.waitFor(
    () => {
      expect(containersOf(world.cache)).toEqual([]);
      expect([...filesBelow(world.cache).values()].filter((bytes) => bytes.includes(SECRET))).toEqual([]);
    },
    { timeout: 30_000, interval: 200 },
  );
  expect(consoleOf(world, 'noisy')).toContain('The run was interrupted (SIGHUP)');
});

it('ends with status 129 when its terminal is closed, and leaves no core dump', async () => {
  const world = await worldWith({ noisy: '#!/bin/sh\nwhile :; do echo it goes on; done\n' });
  // The shell leads the session: it alone gets the signal, and passes it on.
  const run = `${installedCommand()} simulate noisy & run=$!; trap 'kill -HUP $run' HUP; wait $run; wait $run`;
  const command = `ulimit -c unlimited; ${run}; echo $? >status`;
  const terminal = shellInTerminal(command, world);
  await terminal.says('it goes on');
  terminal.process.kill('SIGKILL');
  const status = () => readFileSync(join(world.cwd, 'status'), 'utf8').trim();
  await vi.waitFor(() => expect(status()).toBe('129'), { timeout: 60_000, interval: 200 });
  expect(readdirSync(world.cwd).filter((name) => name.startsWith('core'))).toEqual([]);
  expect(containersOf(world.cache)).toEqual([]);
});

it('is ended by a signal though its terminal has stopped reading', async () => {
  const world = await worldWith({ noisy: '#!/bin/sh\nwhile :; do echo it goes on; done\n' });
  const running = simulate(world, 'noisy');
  await running.says('it goes on');
  running.process.kill('SIGSTOP');
  const [pid] = await vi.waitFor(() => {
    const line = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
      .split('\n')
      .filter((one) => /^ *\d+ node .*jobserv simulate noisy/.test(one) && one.includes(inject('installation')));
    expect(line).toHaveLength(1);
    return line.map((one) => Number.parseInt(one, 10));
  });
  // Until the terminal's buffer is full, and long after.
  const size = () => consoleOf(world, 'noisy').length;
  await vi.waitFor(() => expect(size()).toBeGreaterThan(1_000_000), { timeout: 60_000, interval: 200 });
  process.kill(pid as number, 'SIGTERM');
  await vi.waitFor(() => expect(existsSync(`/proc/${pid}/exe`)).toBe(false), { timeout: 30_000, interval: 100 });
  expect(containersOf(world.cache)).toEqual([]);
  running.process.kill('SIGCONT');
  expect((await running.ended).status).toBe(143);
});

it('shows a hostile console harmlessly, and keeps its bytes in the log', async () => {
  // Title, clipboard (OSC 52), alternate screen, cursor away, a colour, and a device status request.
  const hostile = '\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[?1049h\x1b[2J\x1b[31mred\x1b[0m\x1b[6n\x1bc';
  const printed = Buffer.from(hostile).toString('base64');
  const world = await worldWith({ hostile: `#!/bin/sh\necho ${printed} | base64 -d\necho\n` });
  const { stdout, status } = await simulate(world, 'hostile').ended;
  expect(status).toBe(0);
  for (const part of ['\x1b]0;', '\x1b]52;', '\x1b[?1049h', '\x1b[2J', '\x1b[6n', '\x1bc'])
    expect(stdout).not.toContain(part);
  expect(stdout).toContain('red');
  expect(consoleOf(world, 'hostile')).toContain(hostile);
});
