import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkSharedVolumes,
  parseAssignments,
  readGivenValues,
  readImages,
  readRundefFile,
  readSharedVolumes,
} from '../../../src/simulator/index.js';

function fileOf(text: string | Buffer): string {
  const path = join(mkdtempSync(join(tmpdir(), 'jobserv-test-')), 'values');
  writeFileSync(path, text);
  return path;
}

const parse = (text: string | Buffer) => ({ ...parseAssignments(Buffer.from(text), 'F') });
const params = async (given: { flags?: string[]; file?: string }) => ({
  ...(await readGivenValues({ param: given.flags, 'param-file': given.file, env: {} })).params,
});
const secrets = async (given: { flags?: string[]; file?: string; env?: NodeJS.ProcessEnv }) => ({
  ...(await readGivenValues({ secret: given.flags, 'secret-file': given.file, env: given.env ?? {} })).secrets,
});

describe('a file of values', () => {
  it.each([
    ['', {}],
    ['\n  \n# A=1\n \t# B\n', {}],
    ['A=1', { A: '1' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['\ufeffA=1\n', { A: '1' }],
    ['export A=1\n  export\tB = 2 \n', { A: '1', B: '2' }],
    ['A=pa#ss12word\n', { A: 'pa#ss12word' }],
    ['A=#begins\n', { A: '#begins' }],
    ['A=x #comment\nB=x\t# y\nC= # all comment', { A: 'x', B: 'x', C: '' }],
    ['A=\nB=""\nC=\'\'\n', { A: '', B: '', C: '' }],
    ['A=b=c==\n', { A: 'b=c==' }],
    [`A=it's "so"\n`, { A: `it's "so"` }],
    [`A='$x "y" \\n # z' # comment\nB=2`, { A: '$x "y" \\n # z', B: '2' }],
    [`A="two\\nlines\\rend \\t 'q' # z"\n`, { A: "two\nlines\rend \\t 'q' # z" }],
    ["A='-----BEGIN\nabc=\n-----END'\nB=2\n", { A: '-----BEGIN\nabc=\n-----END', B: '2' }],
    ['A=1\nA=2\n', { A: '2' }],
    ['tok-en.x=1\n__proto__=2\n', { 'tok-en.x': '1', ['__proto__']: '2' }],
    ['A=a`b\n', { A: 'a`b' }],
    ['A=Grüße 🔑\n', { A: 'Grüße 🔑' }],
  ])('%j is taken exactly', (text, values) => {
    expect(Object.entries(parse(text))).toEqual(Object.entries(values));
  });

  it.each([
    ['tok2\n', 1, 'no NAME=VALUE'],
    ['A=1\nbad name=1\n', 2, 'no NAME=VALUE'],
    ['A=1\n\n=x\n', 3, 'no NAME=VALUE'],
    ['A: 1\n', 1, 'no NAME=VALUE'],
    ["A='x\nB=2\n", 1, 'never closed'],
    ['A=1\nB="x\n', 2, 'never closed'],
    ['A="x\\"y"\n', 1, 'put the value in'],
    ["A='x'y\n", 1, 'after the closing quote'],
    ["A='x'#y\n", 1, 'after the closing quote'],
    ["A='x\n'y\n", 2, 'after the closing quote'],
    ['A=1\nB=`tick`\n', 2, 'backtick'],
    ['A=1\nB=\0\n', 2, '0x00'],
    ['A=1\rB=2\n', 1, '0x0d'],
    [Buffer.from('A=1\nB=\xe9\n', 'latin1'), 2, 'no UTF-8'],
  ])('%j is refused in its line', (text, line, why) => {
    expect(() => parse(text)).toThrow(new RegExp(`in line ${line}[.:]? `));
    expect(() => parse(text)).toThrow(why);
  });

  it.each(['utf16le', 'utf16be'])('of %s is refused', (kind) => {
    const bytes = Buffer.from('A=1\n', 'utf16le');
    expect(() => parse(kind === 'utf16le' ? bytes : bytes.swap16())).toThrow('F is UTF-16 text. Save it as UTF-8.');
    expect(() => parse(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('A=1', 'utf16le')]))).toThrow('UTF-16');
  });

  it('shows no value in a message', () => {
    expect(() => parse('A=1\nhunter22\n')).not.toThrow('hunter22');
  });
});

describe('params', () => {
  it('come from flags, the later one winning, values with = whole', async () => {
    expect(await params({ flags: ['A=1', 'B=x=y', 'A=2', 'C='] })).toEqual({ A: '2', B: 'x=y', C: '' });
  });

  it('come from a file, and a flag wins over it', async () => {
    expect(await params({ file: fileOf('A=file\nB=kept\n'), flags: ['A=flag'] })).toEqual({ A: 'flag', B: 'kept' });
  });

  it('keep __proto__ as a name like any other', async () => {
    expect(Object.keys(await params({ flags: ['__proto__=x'] }))).toEqual(['__proto__']);
  });

  it.each(['', 'A B', '#A', 'A\0'])('refuse the name %j', async (name) => {
    await expect(params({ flags: [`${name}=1`] })).rejects.toThrow('cannot be the name of a param');
  });

  it('refuse a flag without a value, and a file that is not there', async () => {
    await expect(params({ flags: ['A'] })).rejects.toThrow('-p A has no value');
    await expect(params({ file: '/nowhere/params' })).rejects.toThrow('/nowhere/params');
  });
});

describe('secrets', () => {
  it('come from flags, from the environment and from a file, in that order of weight', async () => {
    const file = fileOf('token=file\nother=kept\n');
    const given = await secrets({ file, flags: ['token=flag', 'FROM_ENV'], env: { FROM_ENV: 'env' } });
    expect(given).toEqual({ token: 'flag', other: 'kept', FROM_ENV: 'env' });
  });

  it('refuse a name that the environment does not have', async () => {
    await expect(secrets({ flags: ['TOKEN'] })).rejects.toThrow('TOKEN is not set there');
  });

  it.each(['../x', '/x', '.', '..', '', 'A B', 'A\t', 'A\x01', 'y'.repeat(300)])('refuse the name %j', async (name) => {
    await expect(secrets({ flags: [`${name}=1`] })).rejects.toThrow('cannot be the name of a secret');
  });

  it('stand in files that are named, a param file only where it repeats one', async () => {
    const [secret, other] = [fileOf('token=hunter22\n'), fileOf('A=1\n')];
    const files = async (param: string) =>
      (await readGivenValues({ 'secret-file': secret, 'param-file': param, env: {} })).secretFiles;
    expect(await files(other)).toEqual([secret]);
    const repeats = fileOf('A=hunter22\n');
    expect(await files(repeats)).toEqual([secret, repeats]);
  });
});

describe('what is no file of values', () => {
  const folder = () => mkdtempSync(join(tmpdir(), 'jobserv-test-'));

  it.each(['/dev/zero', '/dev/random', '/', '/proc/self/mem'])('%s is refused at once', async (file) => {
    await expect(secrets({ file })).rejects.toThrow(/^\S+, the secret file, cannot be read: /);
    await expect(params({ file })).rejects.toThrow(/^\S+, the param file, cannot be read: /);
  });

  it('a named pipe is read to its end, and no longer than the user wants', async () => {
    const pipe = join(folder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const interrupted = new AbortController();
    const reading = readGivenValues({ 'secret-file': pipe, env: {}, signal: interrupted.signal });
    interrupted.abort();
    await expect(reading).rejects.toThrow('cannot be read');
    const read = secrets({ file: pipe });
    const writer = spawn('sh', ['-c', `echo token=1 > '${pipe}'`]);
    expect(await read).toEqual({ token: '1' });
    writer.kill();
  });

  it('the default secret file does not hand what lies outside of the repository to its scripts', async () => {
    const repository = folder();
    mkdirSync(join(repository, '.git/objects'), { recursive: true });
    symlinkSync(fileOf('token=of another project\n'), join(repository, '.jobserv.secrets'));
    const before = process.cwd();
    process.chdir(repository);
    try {
      await expect(secrets({})).rejects.toThrow('it is a link that leads out of');
      expect(await secrets({ file: '.jobserv.secrets' })).toEqual({ token: 'of another project' });
      rmSync('.jobserv.secrets');
      writeFileSync('.env', 'token=not for the scripts\n');
      symlinkSync('.env', '.jobserv.secrets');
      await expect(secrets({})).rejects.toThrow('it is a link to .env');
    } finally {
      process.chdir(before);
    }
  });
});

describe('--shared-volume', () => {
  it('takes a folder from where the user is', () => {
    expect(readSharedVolumes(['tools=src', 'etc=/etc'])).toEqual({ tools: `${process.cwd()}/src`, etc: '/etc' });
  });

  it('is refused where nothing is, and where no run has the volume', () => {
    expect(() => readSharedVolumes(['tools=/no/such/folder'])).toThrow('/no/such/folder does not exist');
    expect(() => readSharedVolumes(['tools'])).toThrow('--shared-volume tools is not of the form NAME=PATH.');
    const runs = [null, undefined, { tools: '/opt/tools' }];
    expect(() => checkSharedVolumes({ sharedVolumes: { tool: '/etc' } }, runs)).toThrow(
      'no run here has such a volume. They have tools.',
    );
    expect(() => checkSharedVolumes({ sharedVolumes: { tool: '/etc' } }, [null])).toThrow('They have none at all.');
    expect(() => checkSharedVolumes({ sharedVolumes: { tools: '/etc' } }, runs)).not.toThrow();
  });

  it('of a default may be of no use, but has to exist where a run needs it', () => {
    const origins = { images: {}, sharedVolumes: { tools: 'config.yml', other: 'config.yml' } };
    const runs = [{ tools: '/opt/tools' }];
    const check = (tools: string) => checkSharedVolumes({ sharedVolumes: { tools, other: '/nowhere' }, origins }, runs);
    expect(() => check('/etc')).not.toThrow();
    expect(() => check('/nowhere')).toThrow('config.yml has the folder /nowhere for the shared volume tools');
  });
});

it('--image says what it lacks', () => {
  expect(() => readImages(['nope'])).toThrow('Write --image FROM=nope');
  expect(() => readImages(['a='])).toThrow('--image a= is not of the form FROM=TO.');
  expect({ ...readImages(['a:1=b:2', 'c=d=e']) }).toEqual({ 'a:1': 'b:2', c: 'd=e' });
});

describe('a rundef in a file that is no JSON', () => {
  it.each([
    ['', 1],
    ['{', 1],
    ['{"a": 1,\n"token": hunter22}\n', 2],
    ['{"a":\n[1,\n2,\n]}', 4],
    ['{"a": 1,\n\n', 3],
    ['{"a": "hunter22\n"}', 2],
    ['{}\n{}', 2],
  ])('is refused with its line: %j', async (text, line) => {
    const refused = readRundefFile(fileOf(text));
    await expect(refused).rejects.toThrow(`is no JSON: line ${line} cannot be understood.`);
    await expect(refused).rejects.not.toThrow('hunter22');
  });
});
