import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  findDefinition,
  readDefinition,
  readDefinitions,
  readFound,
} from '../../../src/commands/shared/definitions.js';

const STRANGER = 12_345;
const isRoot = process.getuid?.() === 0;
let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'jobserv-definition-files-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text = 'timeout: 1\ntriggers: []\n'): string {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  return join(folder, path);
}

async function all(...names: string[]): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of readDefinitions(names)) paths.push(path);
  return paths;
}

/** What a stranger can put into a repository in place of a definition. */
const ATTACKS: [string, (path: string) => void, RegExp][] = [
  ['a link to a file of this machine', (path) => symlinkSync(write('outside/secret', 'top: secret'), path), /link/],
  ['a link to a device', (path) => symlinkSync('/dev/zero', path), /link|device/],
  [
    'a link to a link out of the repository',
    (path) => {
      symlinkSync(write('outside/secret', 'top: secret'), `${path}.2`);
      symlinkSync(`${path}.2`, path);
    },
    /link/,
  ],
  [
    'a link to a file that git ignores',
    (path) => {
      write('repo/.env', 'top: secret');
      symlinkSync('.env', path);
    },
    /link to \.env/,
  ],
  [
    'a link to a YAML file with secrets',
    (path) => {
      write('repo/secrets.yml', 'top: secret');
      symlinkSync('secrets.yml', path);
    },
    /link to secrets\.yml/,
  ],
  [
    'a link into .git',
    (path) => {
      write('repo/.git/config.jobserv.yml', 'timeout: 1\ntriggers:\ntop: secret\n');
      symlinkSync('.git/config.jobserv.yml', path);
    },
    /link to \.git/,
  ],
  ['a link that leads to itself', (path) => symlinkSync(path, path), /link|ELOOP|circle/],
  ['a named pipe that nobody writes to', (path) => execFileSync('mkfifo', [path]), /named pipe/],
  [
    '60 MB',
    (path) => {
      writeFileSync(path, '');
      truncateSync(path, 60_000_000);
    },
    /more than|larger|too large/,
  ],
];

describe.each(ATTACKS)('a definition that is %s', (_, make, message) => {
  beforeEach(() => {
    write('repo/.git/HEAD', '');
    make(join(folder, 'repo/.jobserv.yml'));
  });

  it.each([
    ['when it is named', () => readDefinition(join(folder, 'repo/.jobserv.yml'))],
    ['when it is found', () => readFound(join(folder, 'repo/.jobserv.yml'))],
    ['when its folder is searched', () => all(join(folder, 'repo'))],
  ])('is refused without a word of its content %s', async (_when, read) => {
    const error = await read().then(
      () => new Error('it was read'),
      (refused: Error) => refused,
    );
    expect(error).toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) });
    expect(error.message).not.toContain('top: secret');
  });
});

describe('what a person names', () => {
  it('may be a link within the repository', async () => {
    write('repo/.git/HEAD', '');
    symlinkSync(write('repo/ci/real.yml'), join(folder, 'repo/.jobserv.yml'));
    expect((await readDefinition(join(folder, 'repo'))).bytes.toString()).toContain('timeout');
  });

  it('may outside of a repository be a pipe', () => {
    const code = `import('${new URL('../../../src/commands/shared/definitions.ts', import.meta.url).pathname}').then(({ readDefinition }) => readDefinition(process.argv[1])).then(({ bytes }) => process.stdout.write(bytes))`;
    const script = `exec ${process.execPath} --import tsx --input-type=module --eval "$1" <(echo from a pipe)`;
    expect(execFileSync('bash', ['-c', script, 'bash', code], { encoding: 'utf8' })).toBe('from a pipe\n');
  });

  it('is refused where it is a device', async () => {
    await expect(readDefinition('/dev/zero')).rejects.toThrow(/device/);
  });
});

describe('the definition that nobody names', () => {
  it('is that of the folder, or of the nearest above it in the repository', () => {
    write('repo/.git/HEAD', '');
    write('repo/.jobserv.yml');
    write('repo/a/b/c');
    expect(findDefinition(join(folder, 'repo'))).toBe('.jobserv.yml');
    expect(findDefinition(join(folder, 'repo/a/b'))).toBe('../../.jobserv.yml');
    write('repo/a/.jobserv.yml');
    expect(findDefinition(join(folder, 'repo/a/b'))).toBe('../.jobserv.yml');
  });

  it('is never one from outside of the repository, nor without one from above', () => {
    write('.jobserv.yml');
    write('repo/.git/HEAD', '');
    write('plain/file');
    expect(findDefinition(join(folder, 'repo'))).toBeUndefined();
    expect(findDefinition(join(folder, 'plain'))).toBeUndefined();
  });

  it.runIf(isRoot)('is none of another user above the folder, nor one in a repository of theirs', () => {
    const mine = join(folder, 'open/mine');
    write('open/mine/file');
    chmodSync(join(folder, 'open'), 0o1777);
    write('open/.git/HEAD', '');
    const theirs = write('open/.jobserv.yml');
    expect(findDefinition(mine)).toBe('../.jobserv.yml');
    chownSync(theirs, STRANGER, STRANGER);
    expect(() => findDefinition(mine)).toThrow(`it belongs to another user (uid ${STRANGER})`);
    expect(findDefinition(join(folder, 'open'))).toBe('.jobserv.yml');
    chownSync(join(folder, 'open/.git'), STRANGER, STRANGER);
    expect(findDefinition(mine)).toBeUndefined();
    vi.stubEnv('SUDO_UID', String(STRANGER));
    expect(findDefinition(mine)).toBe('../.jobserv.yml');
    vi.unstubAllEnvs();
    // As root in a CI container: the whole working tree is of another user.
    chownSync(mine, STRANGER, STRANGER);
    expect(findDefinition(mine)).toBe('../.jobserv.yml');
  });
});
