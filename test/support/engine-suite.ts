/** What every engine must do, whoever made it: the same tests for Docker and for Podman. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DockerEngine } from '../../src/docker/index.js';
import { awaitOutput, never, runToEnd, shell } from './containers.js';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';

const LINE = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde';

export function describeEngine(name: 'docker' | 'podman', connect: () => Promise<DockerEngine>): void {
  let engine: DockerEngine;
  let folder: string;
  beforeAll(async () => {
    [engine, folder] = await Promise.all([connect(), mkdtemp(join(tmpdir(), 'jobserv-engine-'))]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const script = async (text: string, mode = 0o755): Promise<string> => {
    const path = join(folder, createHash('sha256').update(`${text}${mode}`).digest('hex').slice(0, 8));
    await writeFile(path, text, { mode });
    return path;
  };
  /** Starts the script as a file that is mounted, as a run does. */
  const started = async (text: string, mode?: number) => {
    const source = await script(text, mode);
    const mounts = [{ source, target: '/do_run', readOnly: false }];
    return runToEnd(engine, await shell('', { entrypoint: '', command: ['/do_run'], mounts }));
  };

  describe(`on ${name}`, () => {
    it('says what it is', async () => {
      expect(await engine.version()).toMatchObject({ name, os: 'linux', version: expect.stringMatching(/^\d+\.\d+/) });
    });

    it('tells what it knows of an image', async () => {
      const spec = await shell('');
      expect(await engine.inspectImage(spec.image)).toMatchObject({
        id: expect.stringMatching(/^(sha256:)?[0-9a-f]{64}$/),
        os: 'linux',
      });
      expect(await engine.inspectImage('jobserv-test:not-there')).toBeUndefined();
    });

    it('gives stdout and stderr, all of them, and the exit code', async () => {
      const { exit, output } = await runToEnd(
        engine,
        await shell('echo out; echo err >&2; printf "no newline"; exit 3'),
      );
      expect(exit).toEqual({ exitCode: 3, oomKilled: false });
      // They are two pipes: only the order within each is certain.
      expect(output.toString()).toContain('err\n');
      expect(output.toString().replace('err\n', '')).toBe('out\nno newline');
    });

    it.each([
      ['0', 'exit 0', 0],
      ['255', 'exit 255', 255],
      ["a child's death by a signal", "sh -c 'kill -9 $$'; exit $?", 137],
      ['its own death by a signal', 'trap - SEGV; exec sh -c "exit 139"', 139],
    ])('ends with status %s', async (_, text, exitCode) => {
      expect((await runToEnd(engine, await shell(text))).exit.exitCode).toBe(exitCode);
    });

    it('keeps every byte: binary, NUL, split UTF-8, no newline at the end', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 * 40 }, (_, index) => (index * 7) % 256));
      const path = join(folder, 'bytes');
      await writeFile(path, bytes);
      const mounts = [{ source: path, target: '/bytes', readOnly: true }];
      const pieces = "printf '\\342'; dd if=/bytes bs=33 2>/dev/null; printf '\\202'; sleep 0.1; printf '\\254'";
      const { output } = await runToEnd(engine, await shell(pieces, { mounts }));
      expect(output.equals(Buffer.concat([Buffer.from([0xe2]), bytes, Buffer.from([0x82, 0xac])]))).toBe(true);
    });

    it('keeps every line of a noisy script, in order, for a sink that is slow', async () => {
      const container = await engine.create(await shell(`yes ${LINE} | head -n 100000 | cat -n`), never);
      const hash = createHash('sha256');
      const expected = createHash('sha256');
      for (let line = 1; line <= 100000; line++) expected.update(`${String(line).padStart(6)}\t${LINE}\n`);
      try {
        await container.start(async (chunk) => {
          await new Promise(setImmediate);
          hash.update(chunk);
        });
        expect((await container.wait()).exitCode).toBe(0);
      } finally {
        await container.dispose();
      }
      expect(hash.digest('hex')).toBe(expected.digest('hex'));
    });

    it('has the output of the shortest script, every time', async () => {
      const spec = await shell('echo x');
      for (let round = 0; round < 5; round++) {
        expect((await runToEnd(engine, spec)).output.toString()).toBe('x\n');
      }
    });

    it('runs as PID 1 with closed stdin, without a terminal', async () => {
      const { output } = await runToEnd(
        engine,
        await shell('echo $$; readlink /proc/self/fd/0; test -t 1 || echo no tty; read -r x || echo eof'),
      );
      expect(output.toString()).toBe('1\n/dev/null\nno tty\neof\n');
    });

    it('mounts files and folders, read-write and read-only, names with a colon too', async () => {
      const source = join(folder, 'a:b c');
      await mkdir(source, { recursive: true });
      const spec = await shell('echo in > /rw/file; (echo x > /ro/other) 2>/dev/null || echo read-only; cat /ro/file', {
        mounts: [
          { source, target: '/rw', readOnly: false },
          { source, target: '/ro', readOnly: true },
        ],
      });
      expect((await runToEnd(engine, spec)).output.toString()).toBe('read-only\nin\n');
      expect(await readdir(source)).toEqual(['file']);
    });

    it('takes user, folder and environment', async () => {
      const env = ['A=1', 'B=two words', 'A=2', 'C='];
      const spec = await shell('id -u; pwd; echo "$A|$B|$C"', { user: '1000:1000', workingDir: '/made/for/it', env });
      expect((await runToEnd(engine, spec)).output.toString()).toBe('1000\n/made/for/it\n2|two words|\n');
    });

    it("drops the image's command with an empty entrypoint", async () => {
      expect(await started('#!/bin/sh\necho "args: $# $0"\n')).toMatchObject({
        output: Buffer.from('args: 0 /do_run\n'),
      });
    });

    it.each([
      ['is not there', '/nowhere', 127],
      ['may not be executed', '/etc/passwd', 126],
    ])('ends like docker run when the script %s', async (_, command, exitCode) => {
      const { exit } = await runToEnd(engine, await shell('', { entrypoint: '', command: [command] }));
      expect(exit).toMatchObject({ exitCode, oomKilled: false, error: expect.stringMatching(/./) });
    });

    it('ends non-zero, and says why, when the interpreter is not there', async () => {
      const { exit, output } = await started('#!/no/such/interpreter\n');
      expect(exit.exitCode).toBeGreaterThan(0);
      expect(`${output}${exit.error ?? ''}`).toMatch(/no such file or directory/i);
    });

    it.each([
      ['an unknown user', { user: 'nosuchuser' }, /nosuchuser/],
      ['a relative target', { mounts: [{ source: tmpdir(), target: 'rel', readOnly: false }] }, /rel/],
      ['an unknown capability', { capAdd: ['NO_SUCH_CAP'] }, /NO_SUCH_CAP/],
      ['an image that is not there', { image: 'jobserv-test:not-there' }, /jobserv-test:not-there/],
    ])('is a failure of the set-up: %s', async (_, overrides, words) => {
      const failure = await runToEnd(engine, await shell('true', overrides)).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        name: 'RunFailure',
        reason: 'setup',
        environment: undefined,
        message: expect.stringMatching(words),
      });
    });

    it('kills a script that does not want to end', async () => {
      const container = await engine.create(
        await shell("trap '' TERM INT; echo ready; while :; do sleep 1; done"),
        never,
      );
      try {
        const { sink, seen } = awaitOutput('ready');
        await container.start(sink);
        await seen;
        await container.kill();
        expect(await container.wait()).toEqual({ exitCode: 137, oomKilled: false });
        await container.kill();
      } finally {
        await container.dispose();
      }
    });

    it('looks inside while the script runs', async () => {
      const container = await engine.create(await shell('echo ready; exec sleep 60'), never);
      try {
        const { sink, seen } = awaitOutput('ready');
        await container.start(sink);
        await seen;
        expect((await container.exec(['/bin/ps'], 20_000)).toString()).toMatch(/\b1\b.*sleep/);
        expect((await container.exec(['/bin/sh', '-c', 'echo some; exec sleep 60'], 10_000)).toString()).toBe('some\n');
        const much = await container.exec(['/bin/sh', '-c', 'yes | head -c 3000000'], 20_000);
        expect(much.length).toBe(1024 * 1024);
      } finally {
        await container.dispose();
      }
      await expect(container.exec(['/bin/ps'], 5_000)).rejects.toMatchObject({ name: 'RunFailure', reason: 'lost' });
    });

    it('lets somebody talk to a container, in a window of their size, and removes it when they leave', async () => {
      const terminal = fakeTerminal();
      const spec = await shell('', { labels: { 'io.jobserv.test': terminal.id } });
      const talk = engine.interact({ ...spec, entrypoint: '/bin/sh', command: ['-i'] }, terminal, never);
      await terminal.shows(/# /);
      terminal.resize({ columns: 91, rows: 37 });
      terminal.input.write('until [ "$(stty size)" = "37 91" ]; do sleep 0.1; done; echo size is $(stty size)\n');
      await terminal.shows(/size is 37 91\r/);
      // What says so is what gets the signal; the shell itself, before it has started a program, would not hand it on.
      terminal.input.write(`sh -c 'echo it $((1 + 1)) sleeps; exec sleep 600'\n`);
      await terminal.shows(/it 2 sleeps\r/);
      terminal.input.write('\x03');
      await terminal.shows(/it 2 sleeps\r[^#]*# /);
      terminal.input.write('test -t 0 && echo still $((40 + 2)); exit\n');
      await terminal.shows(/still 42\r/);
      await talk;
      expect((await engine.listOwned()).filter(({ labels }) => labels['io.jobserv.test'] === terminal.id)).toEqual([]);
    });

    it.each([
      ['the terminal is closed', (terminal: FakeTerminal) => terminal.input.destroy()],
      ['it is interrupted', (terminal: FakeTerminal) => terminal.stop.abort()],
    ])('ends such a talk when %s', async (_, end) => {
      const terminal = fakeTerminal();
      const labels = { 'io.jobserv.test': terminal.id };
      const spec = { ...(await shell('', { labels })), entrypoint: '/bin/sh', command: ['-i'] };
      const talk = engine.interact(spec, terminal, terminal.stop.signal);
      await terminal.shows(/# /);
      end(terminal);
      await talk;
      expect((await engine.listOwned()).filter((each) => each.labels['io.jobserv.test'] === terminal.id)).toEqual([]);
    });

    it('says that an image has no shell', async () => {
      const spec = { ...(await shell('')), entrypoint: '/bin/no-such-shell', command: [] };
      await expect(engine.interact(spec, fakeTerminal(), never)).rejects.toMatchObject({
        name: 'RunFailure',
        reason: 'setup',
        message: expect.stringMatching(/no-such-shell/),
      });
    });

    it('is gone after dispose, twice, before start and while it runs', async () => {
      const [fresh, running] = await Promise.all([
        engine.create(await shell('true'), never),
        engine.create(await shell('exec sleep 60'), never),
      ]);
      await running.start(() => {});
      await Promise.all([fresh.dispose(), fresh.dispose(), running.dispose(), running.dispose()]);
      await Promise.all([fresh.dispose(), running.dispose()]);
      const left = (await engine.listOwned()).map(({ id }) => id);
      expect(left).not.toContain(fresh.id);
      expect(left).not.toContain(running.id);
    });

    it('leaves nothing when creation was aborted', async () => {
      const controller = new AbortController();
      const labels = { 'io.jobserv.test': `abort-${name}-${process.pid}` };
      const creating = engine.create(await shell('true', { labels }), controller.signal);
      controller.abort(new Error('enough'));
      await expect(creating).rejects.toThrow('enough');
      const left = (await engine.listOwned()).filter(
        (each) => each.labels['io.jobserv.test'] === labels['io.jobserv.test'],
      );
      expect(left).toEqual([]);
    });

    it("removes what a container's root left", async () => {
      const tree = join(folder, 'tree');
      await mkdir(tree);
      const make =
        'mkdir -p /t/a/b && echo x > /t/a/b/c && chmod 0 /t/a/b/c /t/a/b /t/a && ln -s /etc /t/link && mkfifo /t/fifo';
      await runToEnd(engine, await shell(make, { mounts: [{ source: tree, target: '/t', readOnly: false }] }));
      expect((await readdir(tree)).length).toBe(3);
      await engine.removeTree(tree, (await shell('')).image);
      await expect(stat(tree)).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(stat('/etc/passwd')).resolves.toBeDefined();
    });
  });
}
