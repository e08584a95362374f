/** A simulation whose terminal cannot keep up (QUALITY row 45). */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { worldWith } from '../e2e/definition.js';
import { installedCommand } from '../e2e/jobserv.js';
import { containersOf } from '../support/containers-of.js';

const BYTES = 1_000_000_000;
const MOST_MEMORY_KB = 250_000;

it('1 GB on a terminal that reads 10 KB/s: the console is whole, memory stays flat, and two signals end it', async () => {
  // Then it hangs, so that the signals meet a script.
  const huge = `#!/bin/sh\nyes 0123456789abcde | head -c ${BYTES}\nsleep 1000\n`;
  const world = await worldWith({ huge });
  const reader = 'while [ "$(head -c 10240 | wc -c)" -gt 0 ]; do sleep 1; done';
  const command = `script --quiet --return --command '${installedCommand()} simulate huge' /dev/null | sh -c '${reader}'`;
  const env = { PATH: process.env['PATH'], TERM: 'xterm', ...world.env };
  const shell = spawn('sh', ['-c', command], {
    cwd: world.cwd,
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  onTestFinished(() => {
    process.kill(-(shell.pid ?? 0), 'SIGKILL');
    rmSync(world.cache, { recursive: true, force: true });
  });
  const file = join(world.cache, basename(world.cwd), 'manual/huge/console.log');
  const long = { timeout: 600_000, interval: 1_000 };
  await vi.waitFor(() => expect(statSync(file).size).toBeGreaterThan(BYTES), long);
  const processes = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  const pid = Number(/^ *(\d+) node .*simulate huge$/m.exec(processes)?.[1]);
  const [, peak] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  expect(Number(peak)).toBeLessThan(MOST_MEMORY_KB);
  const soon = { timeout: 30_000, interval: 100 };
  process.kill(pid, 'SIGINT');
  await vi.waitFor(() => expect(containersOf(world.cache)).toEqual([]), soon);
  if (existsSync(`/proc/${pid}/exe`)) process.kill(pid, 'SIGINT');
  await vi.waitFor(() => expect(existsSync(`/proc/${pid}/exe`)).toBe(false), soon);
  const lines = execFileSync('sh', ['-c', `grep -c '^0123456789abcde$' '${file}'`], { encoding: 'utf8' });
  expect(Number(lines)).toBe(BYTES / 16);
});
