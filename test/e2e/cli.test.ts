import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, cpSync, mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, inject, it } from 'vitest';
import { folderWith, jobserv } from './jobserv.js';

describe('the package', () => {
  it('installs nothing beside itself', () => {
    expect(readdirSync(join(inject('installation'), 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'jobserv',
    ]);
  });

  it('carries its licence and those of what it bundles', () => {
    const folder = join(inject('installation'), 'node_modules/jobserv');
    expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toContain('Apache License');
    expect(readFileSync(join(folder, 'dist/THIRD-PARTY-LICENCES'), 'utf8')).toContain('@oclif/core');
  });
});

describe('version and help', () => {
  it.runIf(process.getuid?.() === 0)('work for a user who is in no user database', async () => {
    chmodSync(inject('installation'), 0o755);
    const { status, stderr } = await jobserv(['--version'], { uid: 4711, gid: 4711 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('says its version', async () => {
    const { status, stdout } = await jobserv(['--version']);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^jobserv\/\d+\.\d+\.\d+ .* node-v\d+/),
    });
    expect((await jobserv(['version', '--json'])).stdout).toContain('"cliVersion"');
  });

  it('lists every command and topic, and says what each is for', async () => {
    const { status, stdout } = await jobserv(['--help']);
    expect(status).toBe(0);
    for (const command of ['validate', 'list', 'schema', 'rundef', 'autocomplete', 'version'])
      expect(stdout).toMatch(new RegExp(`^  ${command} +\\S`, 'm'));
    expect(await jobserv([])).toMatchObject({ status: 0, stdout });
  });

  it('shows examples, the same by --help and by help', async () => {
    const { stdout } = await jobserv(['validate', '--help']);
    expect(stdout).toContain('$ jobserv validate ci/ examples/');
    expect((await jobserv(['help', 'validate'])).stdout).toBe(stdout);
  });

  it('lists the commands of a topic', async () => {
    const { status, stdout } = await jobserv(['rundef']);
    expect(status).toBe(0);
    expect(stdout).toContain('rundef create');
  });
});

describe('a command line that cannot be read', () => {
  it.each([
    [['--params', 'A=b'], 'There is no flag --params. Did you mean --param? --help lists the flags and arguments.'],
    [['--frobnicate'], 'There is no flag --frobnicate. --help lists the flags and arguments.'],
    [
      ['--jobs', '0'],
      '--jobs: Expected an integer greater than or equal to 1 but received: 0. --help lists the flags and arguments.',
    ],
    [
      ['--pull', 'often'],
      'Expected --pull=often to be one of: always, missing, never. --help lists the flags and arguments.',
    ],
    [
      ['--shared-volume', 'x=/nowhere'],
      '--shared-volume x=/nowhere: /nowhere does not exist. Name a folder that does.',
    ],
  ])('%j is one paragraph, status 2', async (args, message) => {
    const { status, stdout, stderr } = await jobserv(['simulate', 'run', ...args]);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: `Error: ${message}\n` });
  });
});

it('does not take what stands on stdin for a name', async () => {
  const { status, stderr } = await jobserv(['validate'], { input: '/etc/hostname' });
  expect(status).toBe(2);
  expect(stderr).toContain('There is no .jobserv.yml in this folder');
});

describe('wrong usage', () => {
  it('names the nearest command, status 2', async () => {
    expect(await jobserv(['validat'])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'Error: `validat` is not a command. Did you mean `validate`? `jobserv help` lists the commands.\n',
    });
  });

  it.each([
    [['simulat', 'unit-test'], '`simulat` is not a command. Did you mean `simulate`?'],
    [['rundef', 'gett'], '`rundef gett` is not a command. Did you mean `rundef get`?'],
    [['help', 'rundef', 'creat'], '`rundef creat` is not a command. Did you mean `rundef create`?'],
    [['frobnicate', '--help'], '`frobnicate` is not a command.'],
  ])('%j is an unknown command too', async (args, message) => {
    expect(await jobserv(args)).toEqual({
      status: 2,
      stdout: '',
      stderr: `Error: ${message} \`jobserv help\` lists the commands.\n`,
    });
  });

  it.each([
    [['doctor', 'x', 'y'], '`doctor` takes no arguments, and was given "x", "y".'],
    [['language-server', 'x'], '`language-server` takes no arguments, and was given "x".'],
  ])('%j has arguments that the command does not take', async (args, message) => {
    expect(await jobserv(args)).toMatchObject({ status: 2, stderr: `Error: ${message} --help lists its flags.\n` });
  });

  it.each([
    [['version', '--nope'], 'There is no flag --nope.'],
    [['reproduce', '--keep'], 'URL (the run) is missing.'],
    [['autocomplete', 'nosh'], 'Expected nosh to be one of: bash, zsh, fish.'],
  ])('%j, an error that oclif found, is one paragraph', async (args, message) => {
    expect(await jobserv(args)).toEqual({
      status: 2,
      stdout: '',
      stderr: `Error: ${message} --help lists the flags and arguments.\n`,
    });
  });

  it('names an unknown flag, status 2, without a stack', async () => {
    const { status, stderr } = await jobserv(['list', '--nope']);
    expect(status).toBe(2);
    expect(stderr).toContain('There is no flag --nope');
    expect(stderr).not.toContain('    at ');
  });

  it('is JSON on stdout too, under --json', async () => {
    const { status, stdout, stderr } = await jobserv(['list', '--json', '/nowhere.yml']);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      error: { message: '/nowhere.yml cannot be read: there is no such file.', status: 2, reason: 'usage' },
    });
    expect(stderr).toBe('Error: /nowhere.yml cannot be read: there is no such file.\n');
  });

  it('shows the stack under DEBUG=jobserv', async () => {
    const { stderr } = await jobserv(['list', '/nowhere.yml'], { env: { DEBUG: 'jobserv*' } });
    expect(stderr).toMatch(/UsageError: .*\n\s+at /);
  });
});

it('is silent and keeps its status when the reader of its output goes away', async () => {
  const child = spawn(join(inject('installation'), 'node_modules/.bin/jobserv'), ['schema'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const ended = once(child, 'close');
  const stderr = await text(child.stderr);
  expect({ status: (await ended)[0], stderr }).toEqual({ status: 0, stderr: '' });
});

const NOT_WRITTEN =
  'Error: Standard output cannot be written: no space is left on its device. The output is not complete. Free some space or send the output elsewhere, then run the command again.\n';

it.each([
  ['a list', ['explain']],
  ['JSON', ['schema']],
  ['help', ['--help']],
  ['help of a command', ['help', 'simulate']],
  ['the version', ['--version']],
])('%s that cannot be written: status 3, and one paragraph', async (_, args) => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = await jobserv(args, { stdout: full });
  closeSync(full);
  expect({ status, stderr }).toEqual({ status: 3, stderr: NOT_WRITTEN });
});

it('an entry script without its build says what to do, status 3', async () => {
  const folder = mkdtempSync(join(inject('installation'), 'checkout-'));
  for (const part of ['bin', 'package.json']) {
    cpSync(join(inject('installation'), 'node_modules/jobserv', part), join(folder, part), { recursive: true });
  }
  const child = spawn(process.execPath, [join(folder, 'bin/run.js'), 'list'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  const stderr = await text(child.stderr);
  expect({ status: (await ended)[0], stderr }).toEqual({
    status: 3,
    stderr: `Error: jobserv is not built: run \`npm install && npm run build\` in ${folder}/ first.\n`,
  });
});

it('a list of plugins that cannot be read costs no warning: there are no plugins', async () => {
  const folder = folderWith({ 'jobserv/package.json/x': '' });
  expect(await jobserv(['schema'], { env: { XDG_DATA_HOME: folder } })).toMatchObject({ status: 0, stderr: '' });
});

it.each(['test', 'development'])('NODE_ENV=%s changes nothing', async (NODE_ENV) => {
  const { status, stderr } = await jobserv(['schema'], { env: { NODE_ENV } });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

it.each(['definition', 'rundef'])('prints the JSON Schema of a %s', async (document) => {
  const { status, stdout } = await jobserv(['schema', document]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    $schema: expect.stringContaining('json-schema.org'),
    properties: expect.anything(),
  });
});

it('doctor gives the same advice once', async () => {
  const run = (name: string) => ({ name, container: `127.0.0.1:1/${name}:1`, 'host-tag': 'any', script: 'one' });
  const triggers = [{ name: 'manual', type: 'simple', runs: [run('first'), run('second')] }];
  const cwd = folderWith({ '.jobserv.yml': JSON.stringify({ timeout: 5, scripts: { one: 'true' }, triggers }) });
  const host = process.env['DOCKER_HOST'];
  const { status, stdout } = await jobserv(['doctor'], { cwd, env: host ? { DOCKER_HOST: host } : {} });
  expect(status).toBe(3);
  expect(stdout.match(/^broken +image 127/gm)).toHaveLength(2);
  expect(stdout.match(/Check that 127\.0\.0\.1:1 can be reached/g)).toHaveLength(1);
});

it('the language server without an editor says who starts it', async () => {
  const { status, stderr } = await jobserv(['language-server'], { cwd: folderWith({}) });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^Error: The language server ended: .* Editors start this command [^\n]+\n$/),
  });
});
