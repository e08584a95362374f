import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, jobserv } from './jobserv.js';

const GOOD = `timeout: 5
params: {LEVEL: project, ONLY: project}
triggers:
  - name: ci
    type: simple
    params: {LEVEL: trigger}
    runs:
      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        script: hello
        loop-on:
          - {param: BOARD, values: [arm, x86]}
      - name: private
        container: registry.example.org/sdk:1
        container-auth: sdk
        host-tag: amd64
        script: hello
scripts:
  hello: |
    #!/bin/sh
    echo hello
`;
const BAD = GOOD.replace('script: hello', 'script: helo');

describe('validate', () => {
  it('accepts the definition of the folder it is started in', async () => {
    const cwd = folderWith({ '.jobserv.yml': GOOD });
    expect(await jobserv(['validate'], { cwd })).toEqual({
      status: 0,
      stdout: '1 definition: the server would accept it.\n',
      stderr: '',
    });
  });

  it('marks the words that the server would reject, status 2', async () => {
    const cwd = folderWith({ 'a.yml': BAD });
    const { status, stdout } = await jobserv(['validate', 'a.yml'], { cwd });
    expect(status).toBe(2);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^a\.yml:11:17: error: .*helo/);
    expect(lines.slice(1, 4)).toEqual(['   |', '11 |         script: helo', '   |                 ^^^^']);
    expect(stdout).toContain('the server would reject it');
  });

  it('reads stdin, and writes one line a finding for editors', async () => {
    const { status, stdout } = await jobserv(['validate', '--format', 'unix', '-'], { input: BAD });
    expect(status).toBe(2);
    expect(stdout).toMatch(/^<stdin>:11:17: error: .+ \[[a-z-]+\]\n$/);
  });

  it('searches folders, by name and by what definitions have in common', async () => {
    const cwd = folderWith({
      'ci/.jobserv.yml': GOOD,
      'ci/deep/board.jobserv.yaml': BAD,
      'ci/other.yml': GOOD,
      'ci/compose.yml': 'services: {}\n',
      'ci/node_modules/x/.jobserv.yml': BAD,
    });
    const { status, stdout } = await jobserv(['validate', '--json', 'ci'], { cwd });
    expect(status).toBe(2);
    const { version, files, summary } = JSON.parse(stdout);
    expect(version).toBe(1);
    expect(files.map(({ path, accepted }: { path: string; accepted: boolean }) => [path, accepted])).toEqual([
      ['ci/.jobserv.yml', true],
      ['ci/deep/board.jobserv.yaml', false],
      ['ci/other.yml', true],
    ]);
    expect(summary).toEqual({ files: 3, rejected: 1, errors: 1, warnings: 0, infos: 0 });
    expect(files[1].diagnostics[0]).toMatchObject({
      rule: expect.stringMatching(/^[a-z-]+$/),
      severity: 'error',
      server: 'rejects',
      path: '/triggers/0/runs/0/script',
      line: 11,
      column: 17,
      endLine: 11,
      endColumn: 21,
    });
  });

  it('says which name it cannot read, status 2', async () => {
    const cwd = folderWith({ 'empty/readme': '' });
    expect((await jobserv(['validate', 'nope.yml'], { cwd })).stderr).toContain(
      'nope.yml cannot be read: there is no such file',
    );
    expect(await jobserv(['validate'], { cwd })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('There is no .jobserv.yml'),
    });
    expect(await jobserv(['validate', 'empty'], { cwd })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no definition below empty'),
    });
  });

  it('agrees with the live server on every conformance case', async () => {
    const cases = ['definitions', 'yaml11'].flatMap((name) => conformance(name));
    const cwd = folderWith(Object.fromEntries(cases.map(({ yaml }, index) => [`${index}.yml`, yaml as string])));
    const { stdout } = await jobserv(['validate', '--json', ...cases.map((_, index) => `${index}.yml`)], { cwd });
    const verdicts = JSON.parse(stdout).files.map(({ accepted }: { accepted: boolean }) => accepted);
    expect(verdicts).toEqual(cases.map(({ ok }) => ok));
  });
});

function conformance(name: string): Record<string, unknown>[] {
  const text = readFileSync(new URL(`../../fixtures/conformance/${name}.jsonl`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('list', () => {
  it('shows expanded runs as a table', async () => {
    const cwd = folderWith({ '.jobserv.yml': GOOD });
    const { status, stdout } = await jobserv(['list'], { cwd });
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['RUN', 'TRIGGER TYPE', 'CONTAINER', 'HOST TAG', 'PARAMS'],
      ['ci/build-arm', 'simple', 'alpine:3.20', 'amd64', 'BOARD=arm'],
      ['ci/build-x86', 'simple', 'alpine:3.20', 'amd64', 'BOARD=x86'],
      ['ci/private', 'simple', 'registry.example.org/sdk:1', 'amd64'],
      [''],
    ]);
  });

  it('is JSON for a machine', async () => {
    const { stdout } = await jobserv(['list', '--json', '-'], { input: GOOD });
    const run = {
      name: 'build-arm',
      container: 'alpine:3.20',
      hostTag: 'amd64',
      params: { BOARD: 'arm' },
      triggers: [],
    };
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      triggers: [{ name: 'ci', type: 'simple', runs: [run, {}, {}] }],
    });
  });

  it('shows why there is nothing to list, status 2', async () => {
    const { status, stdout, stderr } = await jobserv(['list', '-'], { input: BAD });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('11 |         script: helo');
    expect(stderr).toContain('Error: The server would reject <stdin>');
  });

  it('shows in JSON what is wrong in which file', async () => {
    const { status, stdout } = await jobserv(['list', '-', '--json'], { input: BAD });
    expect(status).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({
      reason: 'rejected',
      path: '<stdin>',
      diagnostics: [{ line: 11, message: expect.stringContaining('helo') }],
    });
  });
});

describe('rundef create', () => {
  it('writes one run as the server would, flags over the definition', async () => {
    const cwd = folderWith({ 'my-project/.jobserv.yml': GOOD, 'my-project/.jobserv.secrets': 'sdk=from-file\n' });
    const args = ['rundef', 'create', 'build-arm', '-p', 'LEVEL=flag', '-s', 'TOKEN', '--build', '7'];
    const { status, stdout } = await jobserv(args, { cwd: join(cwd, 'my-project'), env: { TOKEN: 'from-env' } });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      project: 'my-project',
      env: { LEVEL: 'flag', ONLY: 'project', BOARD: 'arm', H_PROJECT: 'my-project', H_BUILD: '7', H_RUN: 'build-arm' },
      secrets: { sdk: 'from-file', TOKEN: 'from-env' },
      script: '#!/bin/sh\necho hello\n',
      simulator: true,
    });
  });

  it.each([
    ['a folder of the repository', 'top/sub/deep', [], 'top'],
    ['a folder elsewhere', 'elsewhere', ['-f', '../top/.jobserv.yml'], 'top'],
  ])('builds what simulate would, with the same project, from %s', async (_, from, file, project) => {
    const root = folderWith({ 'top/.jobserv.yml': GOOD, 'top/sub/deep/x': '', 'elsewhere/x': '' });
    execFileSync('git', ['init', '--quiet', join(root, 'top')]);
    const place = { cwd: join(root, from) };
    const created = await jobserv(['rundef', 'create', 'build-arm', ...file], place);
    const simulated = await jobserv(['simulate', 'build-arm', '--dry-run', '--json', ...file], place);
    const [{ runDefinition }] = JSON.parse(simulated.stdout).runs;
    for (const rundef of [JSON.parse(created.stdout), runDefinition]) {
      expect(rundef).toMatchObject({ project, env: { H_PROJECT: project, BOARD: 'arm' } });
    }
    const notice = 'Using ../../.jobserv.yml; this folder has no .jobserv.yml.\n';
    for (const { stderr } of [created, simulated]) expect(stderr).toBe(file.length === 0 ? notice : '');
  });

  it('names the missing secret, status 2', async () => {
    const cwd = folderWith({ '.jobserv.yml': GOOD });
    const { status, stdout, stderr } = await jobserv(['rundef', 'create', 'ci/private'], { cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('sdk');
  });

  it('keeps what can be built, with an error for what cannot, under --all', async () => {
    const { status, stdout } = await jobserv(['rundef', 'create', '--all', '--json', '-f', '-', '--project', 'p'], {
      input: GOOD,
    });
    expect(status).toBe(2);
    const { version, runs } = JSON.parse(stdout);
    expect(version).toBe(1);
    expect(
      runs.map((entry: Record<string, unknown>) => [entry['trigger'], entry['run'], Object.keys(entry)[2]]),
    ).toEqual([
      ['ci', 'build-arm', 'runDefinition'],
      ['ci', 'build-x86', 'runDefinition'],
      ['ci', 'private', 'error'],
    ]);
  });

  it('writes a file a run, for its owner only', async () => {
    const cwd = folderWith({ '.jobserv.yml': GOOD });
    const { status } = await jobserv(['rundef', 'create', '--all', '-s', 'sdk=x', '-o', 'out'], { cwd });
    expect(status).toBe(0);
    expect(readdirSync(join(cwd, 'out/ci')).sort()).toEqual(['build-arm.json', 'build-x86.json', 'private.json']);
    expect(statSync(join(cwd, 'out/ci/private.json')).mode & 0o777).toBe(0o600);
    await jobserv(['rundef', 'create', 'ci/build-arm', '-o', 'one.json'], { cwd });
    expect(JSON.parse(readFileSync(join(cwd, 'one.json'), 'utf8'))).toMatchObject({ container: 'alpine:3.20' });
  });

  it('writes no file that a link of the repository leads to', async () => {
    const cwd = join(folderWith({ 'clone/.jobserv.yml': GOOD, profile: 'of the user\n' }), 'clone');
    mkdirSync(join(cwd, 'out/ci'), { recursive: true });
    symlinkSync(join(cwd, '../profile'), join(cwd, 'out/ci/private.json'));
    const create = ['rundef', 'create', '--all', '-s', 'sdk=x', '-o', 'out'];
    expect((await jobserv(create, { cwd })).status).toBe(0);
    expect(lstatSync(join(cwd, 'out/ci/private.json')).isFile()).toBe(true);
    rmSync(join(cwd, 'out/ci'), { recursive: true });
    symlinkSync('..', join(cwd, 'out/ci'));
    expect(await jobserv(create, { cwd })).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('is no folder'),
    });
    expect(readdirSync(cwd).sort()).toEqual(['.jobserv.yml', 'out']);
    expect(readFileSync(join(cwd, '../profile'), 'utf8')).toBe('of the user\n');
  });

  it('lists the runs that exist, for a name that does not', async () => {
    const { status, stderr } = await jobserv(['rundef', 'create', 'ci/biuld-arm', '-f', '-'], { input: GOOD });
    expect(status).toBe(2);
    expect(stderr).toContain('Did you mean "ci/build-arm"? The definition has ci/build-arm, ci/build-x86, ci/private.');
  });

  it('wants names or --all, not both and not neither', async () => {
    const cwd = folderWith({ '.jobserv.yml': GOOD });
    expect((await jobserv(['rundef', 'create'], { cwd })).status).toBe(2);
    expect((await jobserv(['rundef', 'create', '--all', 'x'], { cwd })).status).toBe(2);
  });
});
