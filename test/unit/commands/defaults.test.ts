import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  chooseDefaults,
  defaultsCheck,
  describeDefaults,
  SETTINGS,
} from '../../../src/commands/shared/choose-defaults.js';
import { defaultsFiles, LintConfigFiles } from '../../../src/commands/shared/config-files.js';
import { type DefaultsOwner, parseDefaults } from '../../../src/commands/shared/defaults.js';
import { place } from '../lint/rules/findings.js';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'jobserv-defaults-')));
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
const USER = 'config/jobserv/config.yml';
const faults = (text: string, owner: DefaultsOwner = 'repository') =>
  parseDefaults(text, owner).faults.map((fault) => `${place(text, fault)}: ${fault.message}`);
const chosen = (definition: string | undefined, env: NodeJS.ProcessEnv = {}) =>
  chooseDefaults(definition && join(folder, definition), SETTINGS, env);

describe('.jobservrc.yml', () => {
  it('has defaults of flags and of the linter', () => {
    const text = `image: {"sdk:12": "sdk:13"}
jobs: 2
memory: 2g
output: grouped
pull: always
lint: {rules: {unused-script: off}, secrets: [githubtok]}
`;
    expect(parseDefaults(text, 'repository')).toMatchObject({
      faults: [],
      defaults: {
        image: { 'sdk:12': 'sdk:13' },
        jobs: 2,
        memory: '2g',
        output: 'grouped',
        pull: 'always',
        lint: { rules: new Map([['unused-script', 'off']]), secrets: ['githubtok'] },
      },
    });
  });

  it('may say nothing', () => {
    for (const text of ['', '# none\n', '{}', 'jobs:\n'])
      expect(parseDefaults(text, 'repository')).toMatchObject({ faults: [], defaults: {} });
  });

  it('tells all that is wrong with it at once, each at its place, with the nearest key', () => {
    const text = `imgae: {}
jobs: 0
memory: 5k
output: groupd
pull: [always]
lint: {rule: {}}
jobs: "2"
image: {"sdk:12": 3.10}
`;
    expect(faults(text)).toEqual([
      '1:1 imgae: There is no key `imgae` here.',
      '3:9 5k: This is not an amount of memory of at least 6m.',
      '4:9 groupd: This is none of live, grouped, interleaved, quiet.',
      '5:7 [always]: This is none of always, missing, never.',
      '6:8 rule: There is no key `rule` here.',
      '7:1 jobs: `jobs` is here a second time.',
      '7:7 "2": This is not a number of runs.',
      '8:19 3.10: This is not a text in YAML 1.1.',
    ]);
    const [first] = parseDefaults(text, 'repository').faults;
    expect(first?.help).toContain('Did you mean `image`?');
    expect(parseDefaults('- jobs', 'user').faults).toMatchObject([{ message: expect.stringContaining('mapping') }]);
    expect(parseDefaults('a: [', 'user').faults).toHaveLength(1);
  });

  it.each(['secret', 'secret-file', 'token', 'header'])('never holds a %s, not even the one of the user', (key) => {
    for (const owner of ['repository', 'user'] as const)
      expect(faults(`${key}: x`, owner)).toEqual([
        `1:1 ${key}: \`${key}\` cannot have a default: secrets never stand in this file.`,
      ]);
  });

  it.each(['docker-config', 'workspace', 'report', 'upstream', 'server', 'api-url', 'shell', 'param-file'])(
    'cannot set %s, which would write, send or read elsewhere',
    (key) => {
      expect(faults(`${key}: x`)).toEqual([expect.stringMatching(`^1:1 ${key}: \`${key}\` cannot have a default: .+`)]);
    },
  );

  it('of a repository gives no folder of this machine to containers; the one of the user does', () => {
    const text = 'shared-volume: {sdk: /home/me/.ssh}';
    const [fault] = parseDefaults(text, 'repository').faults;
    expect(fault).toMatchObject({
      line: 1,
      message:
        'A file of a repository may not set `shared-volume`: it would give containers folders of this machine, and the file comes with the repository.',
      help: 'Set it in your own config.yml, or give --shared-volume.',
    });
    expect(faults(text, 'user')).toEqual([]);
    expect(faults('shared-volume: {sdk: sdk}', 'user')).toEqual(['1:22 sdk: This is not an absolute path.']);
  });
});

describe('where defaults come from', () => {
  it('is the nearest file that has one, up to the repository, then the user', async () => {
    write('.jobservrc.yml', 'jobs: 9');
    write('repo/.git/HEAD', '');
    write('repo/.jobservrc.yml', 'jobs: 2\npull: always\nimage: {a: root, b: root}');
    write('repo/ci/.jobservrc.yml', 'pull: never\nimage: {a: ci}');
    write(USER, 'memory: 2g\npull: missing\nimage: {b: mine, c: mine}\nshared-volume: {sdk: ~/sdk}');
    const { values, images, sharedVolumes, origins } = await chosen('repo/ci/.jobserv.yml');
    expect(values).toEqual({ jobs: 2, pull: 'never', memory: '2g' });
    expect({ ...images }).toEqual({ a: 'ci', b: 'root', c: 'mine' });
    expect({ ...sharedVolumes }).toEqual({ sdk: join(homedir(), 'sdk') });
    expect(origins.get('image c')).toBe(join(folder, USER));
    expect(origins.get('jobs')).toMatch(/repo\/\.jobservrc\.yml$/);
  });

  it('is the environment first', async () => {
    write('repo/.git/HEAD', '');
    write('repo/.jobservrc.yml', 'jobs: 2\nimage: {a: root}');
    const env = { JOBSERV_JOBS: '3', JOBSERV_IMAGE: 'a=env,b=env', JOBSERV_SHARED_VOLUME: 'sdk=/opt/sdk' };
    const found = await chosen('repo/.jobserv.yml', { ...env, JOBSERV_PULL: '' });
    expect(describeDefaults(found)).toBe(
      'image a=env (JOBSERV_IMAGE), image b=env (JOBSERV_IMAGE), jobs 3 (JOBSERV_JOBS), shared-volume sdk=/opt/sdk (JOBSERV_SHARED_VOLUME)',
    );
  });

  it.each([
    ['JOBSERV_JOBS', 'many'],
    ['JOBSERV_PULL', 'often'],
    ['JOBSERV_OUTPUT', 'loud'],
    ['JOBSERV_MEMORY', '1k'],
    ['JOBSERV_IMAGE', 'alpine'],
    ['JOBSERV_SHARED_VOLUME', 'sdk'],
  ])('a variable that cannot be understood is named: %s=%s', async (name, value) => {
    await expect(chosen(undefined, { [name]: value })).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(`^${name}=${value} [^-]*$`),
    });
  });

  it('is only the own file of the user where runs come from no definition', async () => {
    write('.jobservrc.yml', 'jobs: 2');
    write(USER, 'memory: 2g');
    expect((await chosen(undefined)).values).toEqual({ memory: '2g' });
  });

  it('is no file behind a link that leads out of the repository', async () => {
    write('repo/.git/HEAD', '');
    const elsewhere = write('elsewhere.yml', 'jobs: 2');
    symlinkSync(elsewhere, join(folder, 'repo/.jobservrc.yml'));
    await expect(chosen('repo/.jobserv.yml')).rejects.toThrow('it is a link that leads out of');
  });

  it.each(['.jobservrc.yml', 'nowhere'])('is not lost in silence behind a link to %s', async (target) => {
    symlinkSync(target, join(folder, '.jobservrc.yml'));
    await expect(chosen('.jobserv.yml')).rejects.toThrow('.jobservrc.yml cannot be read: ');
  });

  it('is no file behind a link to another file of the repository, unless it has the same name', async () => {
    write('repo/.git/HEAD', '');
    write('repo/private.yml', 'jobs: 2');
    symlinkSync('private.yml', join(folder, 'repo/.jobservrc.yml'));
    await expect(chosen('repo/.jobserv.yml')).rejects.toThrow('it is a link to private.yml');
    rmSync(join(folder, 'repo/.jobservrc.yml'));
    write('repo/ci/.jobservrc.yml', 'jobs: 3');
    symlinkSync('ci/.jobservrc.yml', join(folder, 'repo/.jobservrc.yml'));
    expect((await chosen('repo/.jobserv.yml')).values).toEqual({ jobs: 3 });
  });

  it.runIf(process.getuid?.() === 0)('is no file of another user above the folder of the definition', async () => {
    const stranger = 12_345;
    write('open/mine/.jobserv.yml', '');
    write('open/.git/HEAD', '');
    const theirs = write('open/.jobservrc.yml', 'image: {"sdk:12": evil}');
    chmodSync(join(folder, 'open'), 0o1777);
    chownSync(theirs, stranger, stranger);
    await expect(chosen('open/mine/.jobserv.yml')).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(`${theirs} would apply here, since it lies above, but it belongs to another`),
    });
    await expect(new LintConfigFiles(folder).of('open/mine/.jobserv.yml')).rejects.toThrow(`(uid ${stranger})`);
    const inFolder = await chosen('open/.jobserv.yml');
    expect({ ...inFolder.images }).toEqual({ 'sdk:12': 'evil' });
    // Where the repository is of that user too, it is none.
    chownSync(join(folder, 'open/.git'), stranger, stranger);
    expect((await chosen('open/mine/.jobserv.yml')).images).toEqual(Object.create(null));
    chownSync(join(folder, 'open/mine'), stranger, stranger);
    expect({ ...(await chosen('open/mine/.jobserv.yml')).images }).toEqual({ 'sdk:12': 'evil' });
  });

  it('is named with the line when it cannot be understood', async () => {
    write('repo/.git/HEAD', '');
    write('repo/.jobservrc.yml', '# ours\nshared-volume: {x: /etc}');
    await expect(defaultsFiles(join(folder, 'repo/.jobserv.yml'), folder)).rejects.toMatchObject({
      name: 'UnfitFile',
      path: 'repo/.jobservrc.yml',
      diagnostics: [expect.objectContaining({ line: 2 })],
    });
    expect((await defaultsCheck(join(folder, 'repo/.jobserv.yml'))).check).toMatchObject({
      state: 'broken',
      repair: expect.stringContaining('Line 2: A file of a repository may not set `shared-volume`'),
    });
  });
});

describe('the linter', () => {
  const secretsOf = async (path: string) => (await new LintConfigFiles(folder).of(path)).secrets;

  it('takes `lint` of the nearest file that has it, at last that of the user', async () => {
    write('repo/.git/HEAD', '');
    write('repo/.jobservrc.yml', 'lint: {secrets: [root]}');
    write('repo/ci/.jobservrc.yml', 'jobs: 2');
    write('repo/deep/.jobserv-lint.yml', 'secrets: [old]');
    write(USER, 'lint: {secrets: [mine]}');
    expect(await secretsOf('repo/ci/a.yml')).toEqual(['root']);
    expect(await secretsOf('repo/deep/a.yml')).toEqual(['old']);
    expect(await secretsOf('a.yml')).toEqual(['mine']);
  });

  it('does not choose between two files of one folder', async () => {
    write('.jobservrc.yml', 'lint: {secrets: [new]}');
    write('.jobserv-lint.yml', 'secrets: [old]');
    await expect(secretsOf('a.yml')).rejects.toThrow('Keep one of the two.');
  });
});
