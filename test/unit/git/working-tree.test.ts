import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { workingTreeSource } from '../../../src/git/index.js';
import { capture, checkout, commit, git, program, repository, runOf, temporaryFolder, write } from './repository.js';

const objectPath = (sha: string) => `.git/objects/${sha.slice(0, 2)}/${sha.slice(2)}`;

describe('the working tree at /repo', () => {
  it('has what is changed, staged, new and removed, and not what is ignored', async () => {
    const folder = repository({ '.gitignore': 'ignored\n', kept: '1', gone: '1', staged: '1', 'd/deep': '1' });
    write(folder, { kept: '2', 'new/file': 'n', ignored: 'i', staged: '2' });
    git(folder, 'add', 'staged');
    write(folder, { staged: '3' });
    rmSync(join(folder, 'gone'));
    const before = [git(folder, 'status', '--porcelain'), git(folder, 'stash', 'list'), git(folder, 'for-each-ref')];
    const repo = await runOf(folder);
    expect(readdirSync(repo).sort()).toEqual(['.git', '.gitignore', 'd', 'kept', 'new', 'staged']);
    expect(['kept', 'new/file', 'staged'].map((name) => readFileSync(join(repo, name), 'utf8'))).toEqual([
      '2',
      'n',
      '3',
    ]);
    expect(git(repo, 'status', '--porcelain', '--branch')).toBe('## jobserv-run');
    expect(git(repo, 'log', '--format=%an', '-2')).toBe('jobserv\nT');
    expect([git(folder, 'status', '--porcelain'), git(folder, 'stash', 'list'), git(folder, 'for-each-ref')]).toEqual(
      before,
    );
  });

  it('is HEAD itself when nothing differs, also after a change that was taken back', async () => {
    const folder = repository();
    const head = git(folder, 'rev-parse', 'HEAD');
    write(folder, { code: 'two\n' });
    git(folder, 'add', 'code');
    write(folder, { code: 'one\n' });
    const snapshot = await capture(folder);
    expect(snapshot).toMatchObject({ sha: head, dirty: 0, branch: 'main', notes: [], unpushed: [] });
  });

  it('is taken before the first commit', async () => {
    const folder = temporaryFolder();
    git(folder, 'init', '--quiet', '--initial-branch=main');
    write(folder, { code: 'one' });
    expect(readFileSync(join(await runOf(folder), 'code'), 'utf8')).toBe('one');
  });

  it('has the references that origin would have, and its address', async () => {
    const origin = repository();
    git(origin, 'branch', 'other');
    git(origin, 'tag', 'v1');
    const folder = join(temporaryFolder(), 'clone');
    git(origin, 'clone', '--quiet', origin, folder);
    git(folder, 'checkout', '--quiet', '-b', 'mine');
    const sha = commit(folder, { more: '1' });
    const repo = await runOf(folder, { GIT_URL: 'https://example.org/acme/code.git' });
    expect(git(repo, 'for-each-ref', '--format=%(refname)')).toBe(
      ['refs/heads/jobserv-run', 'refs/heads/main', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main']
        .concat(['refs/remotes/origin/mine', 'refs/remotes/origin/other', 'refs/tags/v1'])
        .join('\n'),
    );
    expect(git(repo, 'rev-parse', 'origin/mine')).toBe(sha);
    expect(git(repo, 'config', 'remote.origin.url')).toBe('https://example.org/acme/code.git');
    expect(git(repo, 'config', 'branch.main.remote')).toBe('origin');
    expect(readFileSync(join(repo, '.git/config'), 'utf8')).not.toContain('pushed.git');
  });

  it('keeps an address that is a path of another machine', async () => {
    const repo = await runOf(repository(), { GIT_URL: '/srv/git/code' });
    expect(git(repo, 'config', 'remote.origin.url')).toBe('/srv/git/code');
  });

  it('has no object that no commit reaches, nor a link to where they come from', async () => {
    const folder = repository();
    write(folder, { secret: 'never committed' });
    const object = git(folder, 'hash-object', '-w', 'secret');
    rmSync(join(folder, 'secret'));
    const borrower = join(temporaryFolder(), 'borrower');
    git(folder, 'clone', '--quiet', '--shared', folder, borrower);
    const repo = await runOf(borrower);
    expect(() => git(repo, 'cat-file', '-e', object)).toThrow();
    expect(existsSync(join(repo, '.git/objects/info/alternates'))).toBe(false);
    expect(git(repo, 'fsck', '--full')).toBe('');
  });

  it('copies no file that a link below objects names', async () => {
    const folder = repository();
    symlinkSync('/etc/passwd', join(folder, '.git/objects/00'));
    mkdirSync(join(folder, '.git/objects/ff'), { recursive: true });
    symlinkSync('/etc/passwd', join(folder, '.git/objects/ff', 'f'.repeat(38)));
    const repo = await runOf(folder);
    const files = readdirSync(join(repo, '.git'), { recursive: true, withFileTypes: true });
    expect(files.filter((file) => file.isSymbolicLink())).toEqual([]);
    expect(() => git(repo, 'cat-file', '-e', 'f'.repeat(40))).toThrow();
  });

  it('leaves out the files that secrets were read from, tracked or not, and names them', async () => {
    const folder = repository({ tracked: 'a=b', code: '1' });
    write(folder, { '.jobserv.secrets': 'x=y' });
    symlinkSync('.jobserv.secrets', join(folder, 'link'));
    const excluded = ['tracked', 'link', '.jobserv.secrets', 'absent'].map((name) => join(folder, name));
    const snapshot = await capture(folder, [...excluded, '/etc/hostname']);
    expect(snapshot.leftOut.sort()).toEqual(['.jobserv.secrets', 'link', 'tracked']);
    const repo = await checkout(workingTreeSource(snapshot));
    expect(readdirSync(repo).sort()).toEqual(['.git', 'code']);
  });

  it('takes changes beside a secret file that git ignores, tracked or not', async () => {
    const folder = repository({ '.gitignore': '.jobserv.secrets\ntracked\n', code: '1' });
    write(folder, { '.jobserv.secrets': 'x=y', tracked: 'a=b', code: '2' });
    git(folder, 'add', '--force', 'tracked');
    git(folder, 'commit', '--quiet', '--message', 'a secret', 'tracked');
    write(folder, { tracked: 'a=c' });
    const snapshot = await capture(
      folder,
      ['.jobserv.secrets', 'tracked'].map((name) => join(folder, name)),
    );
    expect(snapshot.leftOut).toEqual(['tracked']);
    const repo = await checkout(workingTreeSource(snapshot));
    expect(readdirSync(repo).sort()).toEqual(['.git', '.gitignore', 'code']);
    expect(readFileSync(join(repo, 'code'), 'utf8')).toBe('2');
  });

  it('has a change outside the cone of a sparse checkout', async () => {
    const folder = repository({ 'in/file': '1', 'out/file': '1', 'out/other': '1' });
    git(folder, 'sparse-checkout', 'set', 'in');
    write(folder, { 'out/file': '2', 'far/new': 'n', 'in/file': '2' });
    const repo = await runOf(folder);
    const read = (name: string) => readFileSync(join(repo, name), 'utf8');
    expect(['in/file', 'out/file', 'out/other', 'far/new'].map(read)).toEqual(['2', '2', '1', 'n']);
  });

  it('says which nested repository is left out', async () => {
    const folder = repository();
    repository({ inner: '1' }, join(folder, 'vendored'));
    const snapshot = await capture(folder);
    expect(snapshot).toMatchObject({
      dirty: 0,
      notes: ['vendored/ is a repository of its own, not a submodule: it is left out.'],
    });
  });

  it('refuses unmerged files', async () => {
    const folder = repository();
    git(folder, 'checkout', '--quiet', '-b', 'other');
    commit(folder, { code: 'two\n' });
    git(folder, 'checkout', '--quiet', 'main');
    commit(folder, { code: 'three\n' });
    expect(() => git(folder, 'merge', 'other')).toThrow();
    await expect(capture(folder)).rejects.toMatchObject({
      environment: 'git',
      message: expect.stringContaining('has unmerged files (code)'),
    });
  });

  it.each([
    ['index', () => '.git/index'],
    ['tree', (folder: string) => objectPath(git(folder, 'rev-parse', 'HEAD^{tree}'))],
  ] as const)('with a damaged %s is a fault of this machine, in the words of git', async (_, fileIn) => {
    const folder = repository();
    const file = join(folder, fileIn(folder));
    rmSync(file);
    writeFileSync(file, 'damaged');
    const message = expect.stringMatching(
      /^Could not take the working tree at \S+: \S.*\. Run `git fsck` and `git status` in \//s,
    );
    await expect(capture(folder)).rejects.toMatchObject({ reason: 'setup', environment: 'git', message });
  });

  it('of a repository with large files: their pointers are noted without git-lfs, and one that fails is a fault of this machine', async () => {
    const folder = repository({ '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' });
    const bin = temporaryFolder();
    const [path] = (process.env['PATH'] ?? '').split(':').filter((each) => existsSync(join(each, 'git')));
    symlinkSync(join(path ?? '', 'git'), join(bin, 'git'));
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('PATH', bin);
    expect((await capture(folder)).notes).toEqual([expect.stringContaining('git-lfs is not installed here')]);
    program(join(bin, 'git-lfs'), '#!/bin/sh\necho "lfs refuses" >&2\nexit 2\n');
    await expect(runOf(folder)).rejects.toMatchObject({
      environment: 'git',
      message: expect.stringMatching(/^Could not set up Git LFS: lfs refuses\. Run `git lfs install`/),
    });
  });

  it.each([['tab\there'], ['new\nline'], ['del\x7f'], ['a=b:c "d" %41']])(
    'is taken from a folder named %j',
    async (name) => {
      const folder = repository({ code: '1' }, join(temporaryFolder(), name));
      write(folder, { new: 'n' });
      const repo = await runOf(folder);
      expect(readFileSync(join(repo, 'new'), 'utf8')).toBe('n');
    },
  );

  it('of a shallow clone, a linked worktree and a SHA-256 repository is whole', async () => {
    const origin = repository();
    commit(origin, { code: 'two\n' });
    const shallow = join(temporaryFolder(), 'shallow');
    git(origin, 'clone', '--quiet', '--depth=1', `file://${origin}`, shallow);
    const shallowRun = await runOf(shallow);
    expect(git(shallowRun, 'log', '--format=%s')).toBe('Change');
    expect(git(shallowRun, 'fsck')).toBe('');
    const linked = join(temporaryFolder(), 'linked');
    git(origin, 'worktree', 'add', '--quiet', '-b', 'linked', linked);
    write(linked, { new: 'n' });
    expect(existsSync(join(await runOf(linked), 'new'))).toBe(true);
    const sha256 = temporaryFolder();
    git(sha256, 'init', '--quiet', '--object-format=sha256');
    commit(sha256, { code: '1' });
    write(sha256, { new: 'n' });
    expect(git(await runOf(sha256), 'rev-parse', 'HEAD')).toHaveLength(64);
  });

  it('of a partial clone has what is there, and where the rest is', async () => {
    const origin = repository();
    commit(origin, { code: 'two\n' });
    git(origin, 'config', 'uploadpack.allowFilter', 'true');
    const folder = join(temporaryFolder(), 'partial');
    git(origin, 'clone', '--quiet', '--filter=blob:none', `file://${origin}`, folder);
    write(folder, { new: 'n' });
    const repo = await runOf(folder);
    expect(git(repo, 'config', 'remote.origin.partialclonefilter')).toBe('blob:none');
    expect(git(repo, 'show', 'HEAD:code')).toBe('two');
    expect(git(repo, 'status', '--porcelain')).toBe('');
  });

  it('survives a gc that prunes while it is taken', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`d${index % 7}/f${index}`, `${index}\n`]),
    );
    const folder = repository(files);
    write(folder, { new: 'n' });
    const [repo] = await Promise.all([
      runOf(folder),
      new Promise((done) => setImmediate(done)).then(() => git(folder, 'gc', '--quiet', '--prune=now')),
    ]);
    expect(git(repo, 'ls-files').split('\n')).toHaveLength(301);
    expect(git(repo, 'fsck', '--full')).toBe('');
  });
});

describe('line endings', () => {
  it('that git normalises do not make a checkout incomplete', async () => {
    const folder = repository({ text: 'a\r\nb\r\n' });
    commit(folder, { '.gitattributes': 'text text eol=lf\n' });
    git(folder, 'rm', '--quiet', '--cached', 'text');
    const object = git(folder, 'hash-object', '-w', '--no-filters', 'text');
    git(folder, 'update-index', '--add', '--cacheinfo', `100644,${object},text`);
    // On a slow machine git has not looked at the file again, and it is committed so already.
    git(folder, 'commit', '--quiet', '--allow-empty', '-m', 'CRLF in the repository');
    expect(git(folder, 'rev-parse', 'HEAD:text')).toBe(object);
    expect(existsSync(join(await runOf(folder), 'text'))).toBe(true);
  });
});

describe('a checkout that git reports as done', () => {
  /** What git does at a checkout, and in a second try of single files. */
  function lyingGit(damage: string, again = ''): void {
    const folder = temporaryFolder();
    program(
      join(folder, 'git'),
      `#!/bin/sh
PATH=\${PATH#*:}
case " $* " in *" checkout-index "*) ${again || ':'};; esac
git "$@"; status=$?
case " $* " in *" checkout jobserv-run "*) ${damage};; esac
exit $status
`,
    );
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
    onTestFinished(() => void vi.unstubAllEnvs());
  }

  it('is written again where a file is short or missing', async () => {
    const folder = repository({ one: 'whole', two: 'whole' });
    lyingGit(': > one; rm two');
    const repo = await runOf(folder);
    expect(['one', 'two'].map((name) => readFileSync(join(repo, name), 'utf8'))).toEqual(['whole', 'whole']);
  });

  it('fails the run where the file cannot be written, and the fault is the disk', async () => {
    const folder = repository({ 'one/file': 'whole' });
    lyingGit('rm -r one', 'echo "error: unable to write file one/file: No space left on device" >&2; exit 1');
    await expect(runOf(folder)).rejects.toMatchObject({ reason: 'setup', environment: 'disk' });
  });

  it('fails the run where the index does not have the whole commit', async () => {
    const folder = repository({ one: 'whole', two: 'whole' });
    lyingGit('git rm --quiet --cached two');
    await expect(runOf(folder)).rejects.toMatchObject({
      environment: 'disk',
      message: expect.stringContaining('differs from its commit: two'),
    });
  });
});

describe('a moved worktree', () => {
  it('is reported in the words of git', async () => {
    const folder = repository();
    const linked = join(temporaryFolder(), 'linked');
    git(folder, 'worktree', 'add', '--quiet', '-b', 'linked', linked);
    renameSync(folder, `${folder}-moved`);
    writeFileSync(join(linked, 'new'), '');
    await expect(capture(linked)).rejects.toMatchObject({
      environment: 'git',
      message: expect.stringMatching(/not a git repository: .*git worktree repair/),
    });
    renameSync(`${folder}-moved`, folder);
  });
});
