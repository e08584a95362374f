import { execFileSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunFailure } from '../../src/executor/index.js';
import { leave, scratchFolder } from '../support/fake-ports.js';
import { testImage } from '../support/image.js';
import { runForReal, sha256 } from '../support/real-world.js';

const sh = (text: string) => `#!/bin/sh\n${text}\n`;

describe('a script in a real container', () => {
  it('passes, and its artifacts are listed', async () => {
    const { outcome, output } = await runForReal(sh('echo hello; mkdir -p /archive/a; echo x > /archive/a/b'));
    expect(outcome).toMatchObject({ status: 'PASSED', exitCode: 0, artifacts: [{ path: 'a/b', sizeBytes: 2 }] });
    expect(output).toBe('hello\n');
  });

  it('is PID 1, without stdin, terminal or wrapper', async () => {
    const { output } = await runForReal(
      sh(
        'echo $$; tr "\\0" " " < /proc/1/cmdline; echo; readlink /proc/self/fd/0; readlink /proc/1/fd/1 | cut -c1-4; pwd',
      ),
    );
    expect(output).toBe('1\n/bin/sh /script-repo/do_run \n/dev/null\npipe\n/\n');
  });

  it.each([
    ['exit 3', 3, /exited with status 3/],
    // As PID 1 a shell is not killed by itself, but what it runs is.
    ["sh -c 'kill -9 $$'", 137, /signal 9/],
    ['kill -TERM $$; exit 7', 7, /exited with status 7/],
  ])('fails: %s', async (text, exitCode, message) => {
    const { outcome } = await runForReal(sh(text));
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'script', exitCode });
    expect(outcome).toHaveProperty('message', expect.stringMatching(message));
  });

  it.each([
    ['a missing interpreter', '#!/no/such/interpreter\n', /no such file or directory/, 'has to be in the image'],
    ['line ends as on Windows', '#!/bin/sh\r\nexit 0\r\n', /no such file or directory/, 'line feeds (LF)'],
    ['a text without #!', 'echo hello\n', /exec format error/, 'without an interpreter in its first line'],
    ['a command that is not there', '#!/bin/sh\nnothere\n', /not found/, 'is not in the image'],
    ['a file that is no program', '#!/bin/sh\n/etc/hostname\n', /ermission denied/, 'chmod +x'],
  ])('fails for %s, with the reason in the console and what to do', async (_, script, reason, advice) => {
    const { outcome, output } = await runForReal(script);
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'script', message: expect.stringContaining(advice) });
    expect(output).toMatch(reason);
  });

  it('fails as a set-up when a volume cannot be mounted', async () => {
    const { outcome } = await runForReal(sh('true'), { 'persistent-volumes': { a: '/secrets' } });
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'setup', message: expect.stringContaining('/secrets') });
  });

  it('writes bytes as they are: binary, NUL, split UTF-8', async () => {
    const text = sh(
      'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %o $i)"; i=$((i+1)); done; printf "\\303"; sleep 0.1; printf "\\244\\n"',
    );
    const chunks: Uint8Array[] = [];
    await runForReal(text, {}, { write: (bytes) => void chunks.push(Uint8Array.from(bytes)) });
    const all = Buffer.concat(chunks);
    const expected = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, i) => i)), Buffer.from('ä\n')]);
    expect(all.includes(expected)).toBe(true);
  });

  it('loses and repeats nothing of a long console', async () => {
    const { output } = await runForReal(sh('i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done'));
    const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('');
    expect(sha256(output)).toBe(sha256(expected));
  });

  it('keeps the memory flat behind a slow sink and one endless line', async () => {
    const before = process.memoryUsage.rss();
    let peak = 0;
    let bytes = 0;
    const { outcome } = await runForReal(
      sh('dd if=/dev/zero bs=1M count=200 2>/dev/null'),
      {},
      {
        write: async (chunk) => {
          bytes += chunk.length;
          peak = Math.max(peak, process.memoryUsage.rss());
          await new Promise((resolve) => setImmediate(resolve));
        },
        keepConsole: false,
      },
    );
    expect(outcome.status).toBe('PASSED');
    expect(bytes).toBeGreaterThan(200 * 1024 * 1024);
    expect(peak - before).toBeLessThan(150 * 1024 * 1024);
  });

  it('kills a script that ignores TERM when its time is up', async () => {
    const { outcome, ports } = await runForReal(
      sh('trap "" TERM INT; echo up; while true; do sleep 1; done'),
      { timeout: 1 },
      { limits: { minute: 8_000 } },
    );
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'timeout' });
    expect(ports.console()).toContain('up\n');
  });

  it('says out of memory', async () => {
    const { outcome } = await runForReal(sh('tail /dev/zero'), {}, { memoryBytes: 16 * 1024 * 1024 });
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'script', message: expect.stringContaining('OOM') });
  });

  it('stops at once when it is cancelled', async () => {
    const user = new AbortController();
    const { outcome } = await runForReal(
      sh('echo started; sleep 600'),
      {},
      {
        signal: user.signal,
        write: (bytes) => {
          if (Buffer.from(bytes).includes('started')) user.abort(new RunFailure('interrupted', 'Ctrl-C'));
        },
      },
    );
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'interrupted' });
  });

  it('looks into a silent container', async () => {
    const script = sh('until grep -q "# top" /archive/hung-*.txt 2>/dev/null; do sleep 0.1; done');
    const { outcome, workspace } = await runForReal(script, {}, { limits: { hungAfter: 500 } });
    expect(outcome.status).toBe('PASSED');
    // On a busy machine one that was cut short may come before it.
    const names = (await readdir(workspace.archive)).filter((file) => file.startsWith('hung-'));
    const found = await Promise.all(names.map((name) => readFile(join(workspace.archive, name), 'utf8')));
    expect(found).toContainEqual(expect.stringMatching(/# ps[\s\S]*do_run[\s\S]*# top/));
  });
});

describe('what a hostile script leaves', () => {
  it('is skipped and told: links, a FIFO, a loop; and no byte of the host is listed', async () => {
    const { outcome, ports } = await runForReal(
      sh(
        'cd /archive; ln -s /etc/passwd p; ln -s /nowhere d; mkfifo f; ln -s . loop; mkdir -p a; ln -s .. a/up; ln -s /etc e; echo > ok',
      ),
    );
    expect(outcome).toMatchObject({ status: 'PASSED', artifacts: [{ path: 'ok' }] });
    for (const name of ['p', 'd', 'f', 'loop', 'a/up', 'e']) expect(ports.console()).toContain(`Skipping "${name}"`);
  });

  it.each(['mkfifo /archive/junit.xml', 'ln -s /etc/passwd /archive/junit.xml', 'mkdir /archive/junit.xml'])(
    'is not read as test results: %s',
    async (text) => {
      const { outcome } = await runForReal(sh(text));
      expect(outcome).toMatchObject({ status: 'FAILED', cause: 'tests' });
    },
  );

  it('does not reach a file of the host through do_run and a reboot', async () => {
    const folder = await scratchFolder();
    await leave(folder, { precious: 'host' });
    const { outcome } = await runForReal(
      sh(
        `rm -f /script-repo/do_run; ln -s ${folder}/precious /script-repo/do_run; printf '#!/bin/sh\\necho again\\n' > /archive/execute-on-reboot`,
      ),
    );
    expect(outcome.status).toBe('PASSED');
    expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('host');
  });

  it('goes on after a reboot in a fresh container with the same archive, secrets and repository', async () => {
    const { outcome, output } = await runForReal(
      sh(`echo a > /tmp/gone; echo b > /archive/kept; echo c > /repo/kept; cat /secrets/s; echo
printf '#!/bin/sh\\nls /tmp; cat /archive/kept /repo/kept /secrets/s\\n' > /archive/execute-on-reboot`),
      { trigger_type: 'git_poller', secrets: { s: 'secret' } },
    );
    expect(outcome.status).toBe('PASSED');
    expect(output).toBe('secret\nb\nc\nsecret\n');
  });
});

it('warns of an entrypoint in shell form, which runs in place of the script', async () => {
  const container = 'jobserv-test:shell-form';
  const input = `FROM ${await testImage()}\nENTRYPOINT echo instead\n`;
  execFileSync('docker', ['build', '--quiet', '--tag', container, '-'], { input, stdio: 'pipe' });
  const instead = await runForReal(sh('echo the script'), { container });
  expect(instead).toMatchObject({ outcome: { status: 'PASSED' }, output: 'instead\n' });
  const warning = `WARN  The image's entrypoint is a shell command ("echo instead")`;
  expect(instead.ports.console()).toContain(warning);
  const cleared = await runForReal(sh('echo the script'), { container, 'container-entrypoint': '' });
  expect(cleared.output).toBe('the script\n');
  expect(cleared.ports.console()).not.toContain(warning);
});

it('reads junit results that the script wrote', async () => {
  const { outcome } = await runForReal(
    sh(
      'echo \'<testsuite name="s"><testcase name="a"/><testcase name="b"><failure>no</failure></testcase></testsuite>\' > /archive/junit.xml',
    ),
  );
  expect(outcome).toMatchObject({
    status: 'FAILED',
    cause: 'tests',
    exitCode: 0,
    tests: [{ name: 's', status: 'FAILED', results: [{ status: 'PASSED' }, { status: 'FAILED' }] }],
  });
});

it('shows secrets to any user of the container, and the folder of the run to no other user of the host', async () => {
  const { output, workspace } = await runForReal(sh('cat /secrets/s; id -u'), {
    'container-user': '12345',
    secrets: { s: 'secret\n' },
  });
  expect(output).toBe('secret\n12345\n');
  expect((await stat(workspace.root)).mode & 0o777).toBe(0o700);
});
