import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { userEnvironment } from '../../../src/git/index.js';
import {
  findProgram,
  hideFromPrograms,
  runProcess,
  runProcessSync,
  runWithOutput,
  startIndependent,
  startProcess,
} from '../../../src/lib/index.js';
import { readGivenValues } from '../../../src/simulator/index.js';

const sh = (script: string) => ['/bin/sh', '-c', script] as const;
const isAlive = (pid: number) => {
  try {
    // A zombie has ended too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobserv-process-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('a program that is started', () => {
  it('gets its input, and gives its output and status', async () => {
    const { stdout, stderr, status, failure } = await runProcess(sh('cat; echo err >&2'), { input: 'text' });
    expect({ out: stdout.toString(), stderr, status, failure }).toEqual({
      out: 'text',
      stderr: 'err\n',
      status: 0,
      failure: undefined,
    });
  });

  it('says in its own words why it failed', async () => {
    expect(await runProcess(sh('echo no such thing >&2; exit 3'))).toMatchObject({
      status: 3,
      failure: 'status 3: no such thing',
    });
    expect(await runProcess(sh('kill -9 $$'))).toMatchObject({ signal: 'SIGKILL', failure: 'SIGKILL' });
  });

  it('that is not there, or whose folder is not there, is named as such', async () => {
    await expect(runProcess(['no-such-program'])).rejects.toMatchObject({
      reason: 'not-found',
      message: 'is not installed, or not on PATH',
    });
    await expect(runProcess(sh(':'), { cwd: join(folder, 'x') })).rejects.toMatchObject({ reason: 'not-started' });
  });

  it('is never one of the folder that it is started in, nor are its children', async () => {
    const mark = join(folder, 'mark');
    mkdirSync(join(folder, 'bin'));
    for (const name of ['cat', 'no-such-program', 'bin/no-such-program'])
      writeFileSync(join(folder, name), `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
    const where = { cwd: folder };
    for (const PATH of [`.::bin:${process.env['PATH']}`, '.', '', undefined]) {
      vi.stubEnv('PATH', PATH);
      expect(findProgram('no-such-program')).toBeUndefined();
      await expect(runProcess(['no-such-program'], where)).rejects.toMatchObject({ reason: 'not-found' });
      await expect(runWithOutput(['no-such-program'], 1, where)).rejects.toMatchObject({ reason: 'not-found' });
      expect((await runProcess(['cat'], { ...where, input: 'x' })).stdout.toString()).toBe('x');
      expect((await runProcess(sh('cat </dev/null'), where)).status).toBe(0);
      expect(runProcessSync(['/bin/sh', '-c', 'echo $PATH'], '', 10_000).stdout).toMatch(/^(\/[^:]*:)*\/[^:]*$/);
    }
    expect(existsSync(mark)).toBe(false);
  });

  it('is killed with its children when its time is over', async () => {
    const pids = join(folder, 'pids');
    const running = runProcess(sh(`sleep 100 & echo $! > ${pids}; echo $$ >> ${pids}; wait`), { timeoutMs: 300 });
    await expect(running).rejects.toMatchObject({ reason: 'timeout', message: 'did not end within 0.3 s' });
    const started = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    expect(started).toHaveLength(2);
    await expect.poll(() => started.some(isAlive)).toBe(false);
  });

  it('is killed when the signal aborts, whose reason is thrown, also when a helper keeps the pipes open', async () => {
    const reason = new Error('stop');
    const abort = new AbortController();
    const child = startProcess(sh(`setsid sleep 100 & echo $!; wait`), { signal: abort.signal });
    const [first] = (await child.stdout.take(1).toArray()) as Buffer[];
    abort.abort(reason);
    await expect(child.ended).rejects.toBe(reason);
    process.kill(Number(first?.toString()), 'SIGKILL');
  });

  it('may not write more than its bound', async () => {
    await expect(runProcess(sh('yes'), { maxBytes: 1000 })).rejects.toMatchObject({ reason: 'too-much-output' });
  });

  it('does not inherit a variable that a secret was read from', async () => {
    process.env['TEST_OF_A_SECRET'] = 'hunter2';
    try {
      await readGivenValues({ secret: ['TEST_OF_A_SECRET'] });
      hideFromPrograms(['PATH']);
      expect(Object.values(userEnvironment())).not.toContain('hunter2');
      const { stdout } = await runProcess(sh('env'));
      expect(stdout.toString()).not.toContain('hunter2');
      expect(stdout.toString()).toMatch(/^PATH=/m);
    } finally {
      delete process.env['TEST_OF_A_SECRET'];
    }
  });

  it('has the mask that is given, and leaves ours as it was', async () => {
    const before = process.umask();
    const { stdout } = await runProcess(sh('umask'), { umask: 0o027 });
    expect(stdout.toString().trim()).toBe('0027');
    expect(process.umask()).toBe(before);
  });

  it('goes on by itself when it is independent, with its output in a file', async () => {
    const file = await open(join(folder, 'out'), 'w');
    const { pid, ended } = startIndependent(sh('ps -o sid= -p $$; exit 7'), file.fd, { cwd: '/' });
    expect(await ended).toEqual({ status: 7 });
    await file.close();
    expect(Number(readFileSync(join(folder, 'out'), 'utf8'))).toBe(pid);
    await expect(startIndependent(['/no/such'], 2, { cwd: '/' }).ended).rejects.toThrow('is not there');
  });
});

/** Takes every free descriptor, starts a program in each way, and again with descriptors free. */
const FULL_TABLE = `
import { closeSync, openSync } from 'node:fs';
import { runProcess, runProcessSync, runWithOutput, startIndependent, startProcess } from './src/lib/index.js';
const streamed = async () => {
  const child = startProcess(['true']);
  for await (const _ of child.all);
  return child.ended;
};
const ways = [
  () => runProcess(['true'], { input: 'text', umask: 0o022 }),
  streamed,
  () => runWithOutput(['true'], 2),
  () => startIndependent(['true'], 2, {}).ended,
  async () => runProcessSync(['true'], '', 10_000),
];
const tryAll = async () => {
  for (const way of ways) await way().then(({ status }) => console.log(status), ({ reason, message }) => console.log(reason, message));
};
const alive = setInterval(() => {}, 60_000);
await tryAll();
const taken = [];
try { for (;;) taken.push(openSync('/dev/null')); } catch {}
await tryAll();
taken.forEach((fd) => closeSync(fd));
await tryAll();
clearInterval(alive);
`;

it('a program that cannot be started since too many files are open fails by itself', async () => {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', FULL_TABLE] as const;
  const limited = ['/bin/sh', '-c', 'ulimit -n 400; exec "$@"', 'sh', ...node] as const;
  const { stdout, failure } = await runProcess(limited);
  expect(failure).toBeUndefined();
  const lines = stdout.toString().trim().split('\n');
  expect(lines).toHaveLength(15);
  expect([...lines.slice(0, 5), ...lines.slice(10)]).toEqual(Array(10).fill('0'));
  expect(lines.slice(5, 9)).toEqual(Array(4).fill('not-started could not be started: too many files are open'));
  expect(lines[9]).toBe('not-started could not be started: too many files are open');
});

it('a program is not looked for in relative folders of PATH', () => {
  expect(findProgram('sh', { PATH: `.:${folder}:/bin` })).toBe('/bin/sh');
  expect(findProgram('package.json', { PATH: '.' })).toBeUndefined();
});
