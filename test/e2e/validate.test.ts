import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, jobserv } from './jobserv.js';

const GOOD = `timeout: 5
triggers:
  - name: ci
    type: simple
    runs:
      - name: build
        container: alpine:3.20
        host-tag: amd64
        script: hello
scripts:
  hello: |
    #!/bin/sh -e
    echo hello
`;
/** Accepted, with one warning. */
const UNUSED = `${GOOD}  other: |
    #!/bin/sh -e
    echo other
`;
/** Rejected, and repaired by quotes. */
const MENDABLE = GOOD.replace('script: hello', 'script: hello\n        params: {PYTHON: 3.10} # why');
const MENDED = MENDABLE.replace('3.10', '"3.10"');
const REJECTED = GOOD.replace('script: hello', 'script: helo');

const validate = (files: Record<string, string>, ...args: string[]) =>
  jobserv(['validate', ...args], { cwd: folderWith(files) });

describe('the exit status', () => {
  it.each([
    ['0 when all is well', { a: GOOD }, [], 0],
    ['0 with a warning', { a: UNUSED }, [], 0],
    ['0 with as many warnings as may be', { a: UNUSED }, ['--max-warnings', '1'], 0],
    ['1 with more', { a: UNUSED }, ['--max-warnings', '0'], 1],
    [
      '1 with an error that the server accepts',
      { a: UNUSED, '.jobserv-lint.yml': 'rules: {unused-script: error}' },
      [],
      1,
    ],
    ['2 when the server would reject it', { a: REJECTED }, [], 2],
    ['2 when that is silenced', { a: REJECTED, '.jobserv-lint.yml': 'rules: {unknown-script: off}' }, [], 2],
    ['2 when the configuration is wrong', { a: GOOD, '.jobserv-lint.yml': 'rules: {x: off}' }, [], 2],
    ['2 for --dry-run without --fix', { a: GOOD }, ['--dry-run'], 2],
    ['0 when what is hidden would be too much', { a: UNUSED }, ['--max-warnings', '0', '--min-severity', 'error'], 0],
    ['2 for --unsafe without --fix', { a: GOOD }, ['--unsafe'], 2],
    ['2 for --token without --server', { a: GOOD }, ['--token', 'x'], 2],
  ] satisfies [string, Record<string, string>, string[], number][])('is %s', async (_, files, args, status) => {
    expect((await validate(files, 'a', ...args)).status).toBe(status);
  });
});

describe('formats', () => {
  it('pretty: place, line, caret, help, and what the server does', async () => {
    expect(
      (await validate({ a: REJECTED }, 'a')).stdout,
    ).toBe(`a:9:17: error: There is no script \`helo\`. [unknown-script]
  |
9 |         script: helo
  |                 ^^^^
  = help: Did you mean \`hello\`? Scripts: hello.

line 9: the server rejects the definition.

1 definition: 1 error; the server would reject it. --fix --unsafe replaces 1 name by what was probably meant.
`);
  });

  it('github by itself on GitHub Actions, unless another is asked for', async () => {
    const options = { cwd: folderWith({ a: REJECTED }), env: { GITHUB_ACTIONS: 'true' } };
    expect((await jobserv(['validate', 'a'], options)).stdout).toMatch(/^::error file=a,line=9,col=17,endColumn=21,/);
    expect((await jobserv(['validate', 'a', '--format', 'unix'], options)).stdout).toMatch(/^a:9:17: error: /);
    expect(JSON.parse((await jobserv(['validate', 'a', '--json'], options)).stdout).version).toBe(1);
  });

  it('github names files as the repository does, wherever it is started', async () => {
    const cwd = folderWith({ 'ci/a.yml': REJECTED });
    const env = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: cwd };
    expect((await jobserv(['validate', 'a.yml'], { cwd: join(cwd, 'ci'), env })).stdout).toMatch(
      /^::error file=ci\/a\.yml,/,
    );
  });

  it('sarif and junit are whole documents, of any number of files', async () => {
    const files = { a: REJECTED, b: GOOD, c: MENDABLE };
    const sarif = await validate(files, 'a', 'b', 'c', '--format', 'sarif');
    expect(sarif.status).toBe(2);
    const [run] = JSON.parse(sarif.stdout).runs;
    expect(run.results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual(['unknown-script', 'yaml11-type']);
    expect(run.tool.driver.semanticVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect((await validate(files, 'a', 'b', 'c', '--format', 'junit')).stdout).toMatch(
      /^<\?xml[\s\S]*<\/testsuites>\n$/,
    );
  });
});

describe('--fix', () => {
  it('repairs a file in place, its mode kept, and says what remains', async () => {
    const cwd = folderWith({ a: MENDABLE.replace('script: hello', 'script: helo') });
    chmodSync(join(cwd, 'a'), 0o640);
    const { status, stdout } = await jobserv(['validate', '--fix', 'a'], { cwd });
    expect(status).toBe(2);
    expect(stdout).toContain('There is no script `helo`');
    expect(stdout).toMatch(/1 definition: 1 error; the server would reject it\. 1 repair made\. --fix --unsafe /);
    expect(readFileSync(join(cwd, 'a'), 'utf8')).toBe(MENDED.replace('script: hello', 'script: helo'));
    expect(statSync(join(cwd, 'a')).mode & 0o777).toBe(0o640);
    expect(readdirSync(cwd)).toEqual(['a']);
  });

  it('repairs what a link leads to, and leaves the link', async () => {
    const cwd = folderWith({ 'real/a.yml': MENDABLE });
    symlinkSync('real/a.yml', join(cwd, 'link.yml'));
    expect((await jobserv(['validate', '--fix', 'link.yml'], { cwd })).status).toBe(0);
    expect(lstatSync(join(cwd, 'link.yml')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(cwd, 'real/a.yml'), 'utf8')).toBe(MENDED);
  });

  it('keeps line ends and the byte order mark', async () => {
    const asOnWindows = (text: string) => `\ufeff${text.replaceAll('\n', '\r\n')}`;
    const cwd = folderWith({ a: asOnWindows(MENDABLE) });
    await jobserv(['validate', '--fix', 'a'], { cwd });
    expect(readFileSync(join(cwd, 'a'), 'utf8')).toBe(asOnWindows(MENDED));
  });

  it('does not touch a file that needs no repair', async () => {
    const cwd = folderWith({ a: REJECTED });
    utimesSync(join(cwd, 'a'), 1_000_000_000, 1_000_000_000);
    const { ino, mtimeMs } = statSync(join(cwd, 'a'));
    await jobserv(['validate', '--fix', 'a'], { cwd });
    expect(statSync(join(cwd, 'a'))).toMatchObject({ ino, mtimeMs });
  });

  it('with --dry-run shows a diff that patch takes, and writes nothing', async () => {
    const cwd = folderWith({ 'ci/a.yml': MENDABLE });
    const { status, stdout, stderr } = await jobserv(['validate', '--fix', '--dry-run', 'ci/a.yml'], { cwd });
    expect(status).toBe(0);
    expect(stderr).toContain('1 repair to be made with --fix.');
    expect(readFileSync(join(cwd, 'ci/a.yml'), 'utf8')).toBe(MENDABLE);
    execFileSync('git', ['apply', '-'], { cwd, input: stdout });
    expect(readFileSync(join(cwd, 'ci/a.yml'), 'utf8')).toBe(MENDED);
  });

  it('writes stdin, repaired, to stdout; also when there is nothing to repair', async () => {
    const first = await jobserv(['validate', '--fix', '-'], { input: MENDABLE });
    expect(first).toMatchObject({ status: 0, stdout: MENDED, stderr: expect.stringContaining('1 repair made.') });
    expect((await jobserv(['validate', '--fix', '-'], { input: REJECTED })).stdout).toBe(REJECTED);
    expect((await jobserv(['validate', '--fix', '--dry-run', '-'], { input: REJECTED })).stdout).toBe('');
  });

  it('with --unsafe puts the name in place that was probably meant, and --dry-run shows it', async () => {
    const cwd = folderWith({ a: REJECTED });
    const tried = await jobserv(['validate', '--fix', '--unsafe', '--dry-run', 'a'], { cwd });
    expect(tried).toMatchObject({ status: 0, stdout: expect.stringContaining('+        script: hello\n') });
    expect(tried.stderr).toContain('1 repair to be made with --fix --unsafe.');
    expect(readFileSync(join(cwd, 'a'), 'utf8')).toBe(REJECTED);
    expect((await jobserv(['validate', '--fix', '--unsafe', 'a'], { cwd })).stdout).toContain('1 repair made.');
    expect(readFileSync(join(cwd, 'a'), 'utf8')).toBe(GOOD);
  });

  it('is in JSON all of it', async () => {
    const { stdout } = await jobserv(['validate', '--fix', '--dry-run', '--json', '-'], { input: MENDABLE });
    expect(JSON.parse(stdout).files[0]).toMatchObject({
      accepted: true,
      diagnostics: [],
      fixed: { repairs: 1, diff: expect.stringContaining('+        params: {PYTHON: "3.10"} # why') },
    });
  });
});

describe('what a program needs to know', () => {
  const json = async (files: Record<string, string>, ...args: string[]) =>
    JSON.parse((await validate(files, '--json', ...args)).stdout);

  it('status 2 of a rejected definition and of wrong usage are told apart', async () => {
    const rejected = await json({ a: REJECTED, b: UNUSED }, 'a', 'b');
    expect(rejected.summary).toMatchObject({ files: 2, rejected: 1, errors: 1, warnings: 1 });
    expect(rejected).not.toHaveProperty('error');
    expect((await json({}, 'a')).error).toMatchObject({ status: 2, reason: 'usage' });
    expect((await json({ a: REJECTED }, 'a', 'b')).error).toMatchObject({ status: 2, reason: 'usage' });
    const listed = await jobserv(['list', '--json', 'a'], { cwd: folderWith({ a: REJECTED }) });
    expect(JSON.parse(listed.stdout).error).toMatchObject({ status: 2, reason: 'rejected' });
  });

  it('--min-severity leaves out what weighs less, and nothing that the server rejects', async () => {
    const rules = ({ files }: { files: { diagnostics: { rule: string }[] }[] }) =>
      files.map(({ diagnostics }) => diagnostics.map(({ rule }) => rule));
    const files = { a: UNUSED, b: REJECTED, '.jobserv-lint.yml': 'rules: {unused-script: info}' };
    expect(rules(await json(files, 'a', 'b'))).toEqual([['unused-script'], ['unknown-script']]);
    expect(rules(await json(files, 'a', 'b', '--min-severity', 'info'))).toEqual([
      ['unused-script'],
      ['unknown-script'],
    ]);
    expect(rules(await json(files, 'a', 'b', '--min-severity', 'warning'))).toEqual([[], ['unknown-script']]);
    expect((await json(files, 'a', '--min-severity', 'warning')).summary).toMatchObject({ infos: 0 });
  });
});

describe('--server', () => {
  async function answering<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
  const rejecting: RequestListener = (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: 'error', message: 'no such thing here' }));
    });
  };

  it('posts the definition as JSON, and is content when the server is', async () => {
    let posted = '';
    const accepting: RequestListener = (request, response) => {
      posted += `${request.method} ${request.url} `;
      request.on('data', (chunk) => {
        posted += chunk;
      });
      request.on('end', () =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"success"}'),
      );
    };
    const { status, stdout } = await answering(accepting, (url) =>
      validate({ a: GOOD }, 'a', '--server', `${url}/ci/`),
    );
    expect(posted.startsWith('POST /ci/simulator-validate {"timeout":5,"triggers":[{"name":"ci"')).toBe(true);
    expect(stdout).toMatch(/^1 definition: the server would accept it\. http:\/\/127\.0\.0\.1:\d+\/ci agrees\.\n$/);
    expect(status).toBe(0);
  });

  it('tells where the server disagrees, status 2 when it rejects', async () => {
    const { status, stdout } = await answering(rejecting, (url) => validate({ a: GOOD }, 'a', '--server', url));
    expect(stdout).toContain('[server-disagrees]');
    expect(stdout).toContain('no such thing here');
    expect(status).toBe(2);
    const json = await answering(rejecting, (url) => validate({ a: GOOD }, 'a', '--json', '--server', url));
    expect(JSON.parse(json.stdout).files[0]).toMatchObject({
      accepted: true,
      asked: { accepted: false, message: 'no such thing here' },
    });
  });

  it('of an address where no such server is: status 2', async () => {
    const nothing: RequestListener = (request, response) =>
      void request.resume().on('end', () => response.writeHead(404).end());
    const { status, stderr } = await answering(nothing, (url) => validate({ a: GOOD }, 'a', '--server', url));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^Error: Could not ask the server about the definition [^\n]+\n$/);
  });

  it('says that the server cannot be asked, status 3', async () => {
    const url = await answering(rejecting, async (address) => address);
    const { status, stderr } = await validate({ a: GOOD }, 'a', '--server', url);
    expect(status).toBe(3);
    expect(stderr).toContain('Could not ask the server about the definition');
  });
});

describe('shellcheck, where it is on PATH', () => {
  const NOTE = { line: 2, column: 6, endLine: 2, endColumn: 11, level: 'warning', code: 2086, message: 'Quote it.' };
  async function withShellcheck(script: string) {
    const cwd = folderWith({ a: GOOD, 'bin/shellcheck': `#!/bin/sh\n${script}\n` });
    chmodSync(join(cwd, 'bin/shellcheck'), 0o755);
    return jobserv(['validate', 'a'], { cwd, env: { PATH: `${join(cwd, 'bin')}:${process.env['PATH']}` } });
  }

  it('adds what it finds, under the words in the definition', async () => {
    const { status, stdout } = await withShellcheck(
      `cat > /dev/null; echo '${JSON.stringify({ comments: [NOTE] })}'; exit 1`,
    );
    expect(stdout).toContain('a:13:10: warning: shellcheck: Quote it. (SC2086) [shell-syntax]');
    expect(stdout).toContain('13 |     echo hello\n   |          ^^^^^\n');
    expect(status).toBe(0);
  });

  it('is told of when it does not work, and done without', async () => {
    const { status, stdout, stderr } = await withShellcheck('exit 4');
    expect(stderr).toMatch(/^Warning: .*bin\/shellcheck gives no answer/);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '1 definition: the server would accept it.\n' });
  });
});

describe('explain', () => {
  it('lists the rules, and tells of one, with an example and its repair', async () => {
    expect((await jobserv(['explain'])).stdout).toMatch(/^yaml11-type +error +rejects /m);
    const { status, stdout } = await jobserv(['explain', 'yaml11-type']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^yaml11-type: error\n[\s\S]*Fails:\n[\s\S]*\^\^\^\^[\s\S]*Repaired:\n/);
  });

  it('is JSON for a program, and knows what was meant', async () => {
    const { version, rules } = JSON.parse((await jobserv(['explain', '--json', 'unknown-key'])).stdout);
    expect(version).toBe(1);
    expect(rules).toEqual([
      expect.objectContaining({ id: 'unknown-key', severity: 'error', server: 'rejects', bad: expect.any(String) }),
    ]);
    expect(await jobserv(['explain', 'unknwon-key'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Did you mean "unknown-key"?'),
    });
  });
});

describe('init', () => {
  it('writes a definition at the top of the repository that validates without a finding', async () => {
    const cwd = folderWith({ 'go.mod': 'module x\n\ngo 1.22\n', 'deep/x.go': '' });
    execFileSync('git', ['init', '--quiet', '--initial-branch', 'trunk'], { cwd });
    execFileSync('git', ['remote', 'add', 'origin', 'git@git.example.org:acme/blinky.git'], { cwd });
    const { status, stdout } = await jobserv(['init'], { cwd: join(cwd, 'deep') });
    expect(status).toBe(0);
    expect(stdout).toContain('Found a Go module. Wrote ../.jobserv.yml with the runs lint, test');
    const text = readFileSync(join(cwd, '.jobserv.yml'), 'utf8');
    expect(text).toContain('GIT_URL: https://git.example.org/acme/blinky.git\n');
    expect(text).toContain('GIT_POLL_REFS: refs/heads/trunk\n');
    expect((await jobserv(['validate', '--max-warnings', '0'], { cwd })).stdout).toBe(
      '1 definition: the server would accept it.\n',
    );
  });

  it('replaces nothing without --force', async () => {
    const cwd = folderWith({ '.jobserv.yml': 'mine' });
    execFileSync('git', ['init', '--quiet'], { cwd });
    expect(await jobserv(['init'], { cwd })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('.jobserv.yml exists already'),
    });
    expect(readFileSync(join(cwd, '.jobserv.yml'), 'utf8')).toBe('mine');
    expect((await jobserv(['init', '--force', '--json'], { cwd })).status).toBe(0);
    expect(readFileSync(join(cwd, '.jobserv.yml'), 'utf8')).toMatch(/^# What CI does/);
  });

  it('replaces a link, never the file that it leads to', async () => {
    const cwd = folderWith({ elsewhere: 'mine' });
    execFileSync('git', ['init', '--quiet'], { cwd });
    symlinkSync('elsewhere', join(cwd, '.jobserv.yml'));
    expect((await jobserv(['init', '--force'], { cwd })).status).toBe(0);
    expect(readFileSync(join(cwd, 'elsewhere'), 'utf8')).toBe('mine');
  });

  it('writes nothing outside of a repository', async () => {
    const cwd = folderWith({ Makefile: 'all:\n' });
    expect(await jobserv(['init'], { cwd })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('is in no git repository'),
    });
    expect(readdirSync(cwd)).toEqual(['Makefile']);
  });

  it('has git ignore the file that secrets are read from, once', async () => {
    const cwd = folderWith({ '.gitignore': 'dist' });
    execFileSync('git', ['init', '--quiet'], { cwd });
    expect((await jobserv(['init'], { cwd })).stdout).toContain('Added .jobserv.secrets to .gitignore.');
    await jobserv(['init', '--force'], { cwd });
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('dist\n.jobserv.secrets\n');
  });
});

describe('what is hostile', () => {
  const bomb = (levels: number) =>
    `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: levels }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]\n`).join('')}`;

  it.each([
    ['a bomb of aliases', bomb(30), /multiply this to more than a million values/],
    ['ten thousand levels', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, /nested|deep/],
    ['a megabyte of one line', `a: "${'x'.repeat(1_000_000)}`, /error/],
  ])('%s is told in a few lines, status 2', async (_, text, words) => {
    const { status, stdout, stderr } = await jobserv(['validate', '-'], { input: text });
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
    expect(stdout).toMatch(words);
    expect(stdout.length).toBeLessThan(10_000);
  });
});
