/** Repositories that others made: nothing of theirs runs on the host, and no file of the host's gets into the run. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  gitSource,
  readGit,
  repositoryInfo,
  repositoryPaths,
  runEnvironment,
  userEnvironment,
  workingTreeSource,
} from '../../../src/git/index.js';
import {
  capture,
  checkout,
  commit,
  git,
  keptLog,
  program,
  repository,
  runOf,
  temporaryFolder,
  write,
} from './repository.js';

const signal = new AbortController().signal;

/** A program that leaves a mark when it runs. */
function trap(): { path: string; sprung: () => boolean } {
  const folder = temporaryFolder();
  const mark = join(folder, 'mark');
  const path = program(join(folder, 'trap'), `#!/bin/sh\ntouch '${mark}'\ncat\n`);
  return { path, sprung: () => existsSync(mark) };
}

describe('a tracked folder that looks like a bare repository', () => {
  it('is not taken for the repository, and its filter does not run', async () => {
    const { path, sprung } = trap();
    const folder = repository({
      'sub/HEAD': 'ref: refs/heads/main\n',
      'sub/config': `[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = ${path}\n[filter "x"]\n\tclean = ${path}\n\tprocess = ${path}\n`,
      'sub/.gitattributes': '* filter=x\n',
      'sub/refs/heads/main': '',
      'sub/.jobserv.yml': 'timeout: 5\n',
    });
    mkdirSync(join(folder, 'sub/objects'));
    symlinkSync('/etc', join(folder, 'sub/objects/00'));
    write(folder, { 'sub/new': 'n' });
    expect((await repositoryPaths(join(folder, 'sub'), signal))?.toplevel).toBe(folder);
    const repo = await runOf(join(folder, 'sub'));
    expect(readFileSync(join(repo, 'sub/new'), 'utf8')).toBe('n');
    expect(sprung()).toBe(false);
  });

  it('is refused by any git call in it', async () => {
    const bare = join(temporaryFolder(), 'bare');
    git(temporaryFolder(), 'init', '--quiet', '--bare', bare);
    const call = { args: ['status'], cwd: bare, env: userEnvironment(), signal };
    await expect(readGit(call)).rejects.toThrow("safe.bareRepository is 'explicit'");
    expect(await repositoryInfo(bare, signal)).toBeUndefined();
  });
});

describe('programs that the configuration of a repository names', () => {
  it('do not run, and a filter that would have changed files is reported', async () => {
    const { path, sprung } = trap();
    const folder = repository({ '.gitattributes': '* filter=x diff=x\n', code: '1' });
    const settings = ['core.fsmonitor', 'core.sshCommand', 'core.editor', 'core.pager', 'core.alternateRefsCommand']
      .concat(['filter.x.clean', 'filter.x.process', 'diff.x.command', 'diff.x.textconv', 'credential.helper'])
      .concat(['gpg.program', 'uploadpack.packObjectsHook']);
    for (const setting of settings) git(folder, 'config', setting, path);
    git(folder, 'config', 'core.hooksPath', 'hooks');
    git(folder, 'config', 'log.showSignature', 'true');
    for (const hook of ['post-index-change', 'post-checkout', 'reference-transaction', 'fsmonitor-watchman']) {
      program(join(folder, 'hooks', hook), `#!/bin/sh\nexec '${path}' </dev/null\n`);
    }
    write(folder, { code: '2' });
    const snapshot = await capture(folder);
    const repo = await checkout(workingTreeSource(snapshot));
    expect(readFileSync(join(repo, 'code'), 'utf8')).toBe('2');
    expect(snapshot.notes).toEqual([expect.stringContaining('The filter x was not run')]);
    expect(sprung()).toBe(false);
  });

  it('do not run for an object that is missing: nothing is fetched to read a repository', async () => {
    const { path, sprung } = trap();
    const folder = repository();
    for (const [setting, value] of [
      ['core.repositoryFormatVersion', '1'],
      ['extensions.partialClone', 'origin'],
      ['remote.origin.promisor', 'true'],
      ['remote.origin.url', 'ssh://host.invalid/x'],
      ['remote.origin.uploadpack', path],
      ['core.sshCommand', path],
    ] as const)
      git(folder, 'config', setting, value);
    const [commit = '', tree = ''] = ['HEAD', 'HEAD^{tree}'].map((name) => git(folder, 'rev-parse', name));
    // Without its tree, then without its commit.
    for (const sha of [tree, commit]) {
      rmSync(join(folder, '.git/objects', sha.slice(0, 2), sha.slice(2)));
      await expect(capture(folder)).rejects.toMatchObject({ name: 'RunFailure', reason: 'setup' });
    }
    expect(sprung()).toBe(false);
  });

  it("runs when it stands in the user's own configuration", async () => {
    const folder = repository({ '.gitattributes': '* filter=x\n', code: '1' });
    const settings = join(temporaryFolder(), 'config');
    writeFileSync(settings, '[filter "x"]\n\tclean = tr a-z A-Z\n');
    vi.stubEnv('GIT_CONFIG_GLOBAL', settings);
    onTestFinished(() => void vi.unstubAllEnvs());
    write(folder, { code: 'changed' });
    expect(readFileSync(join(await runOf(folder), 'code'), 'utf8')).toBe('CHANGED');
  });
});

describe('the environment of git', () => {
  it('has no secret that stands in ours, and git is not one of the repository', async () => {
    const { path, sprung } = trap();
    const folder = repository();
    vi.stubEnv('DEPLOY_TOKEN', 'secret-value');
    vi.stubEnv('GIT_DIR', '/elsewhere');
    vi.stubEnv('PATH', `.::bin:${process.env['PATH']}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const env of [userEnvironment(), runEnvironment('/home/run')]) {
      expect(JSON.stringify(env)).not.toMatch(/secret-value|elsewhere/);
    }
    for (const name of ['git', 'bin/git']) program(join(folder, name), `#!/bin/sh\nexec '${path}' </dev/null\n`);
    await readGit({ args: ['--version'], cwd: folder, env: userEnvironment(), signal });
    expect(sprung()).toBe(false);
  });
});

/** `lib` as a submodule of a repository; both have a remote that has everything. */
function withSubmodule(): { folder: string; lib: string; remote: string } {
  const remote = repository({ code: 'lib\n' });
  git(remote, 'config', 'receive.denyCurrentBranch', 'ignore');
  const folder = repository();
  git(folder, 'submodule', '--quiet', 'add', remote, 'lib');
  // An address that a worker could clone, which the user's git reads from this disk.
  const url = 'https://git.example.org/lib.git';
  git(folder, 'config', '--file', '.gitmodules', 'submodule.lib.url', url);
  git(folder, 'config', 'submodule.lib.url', url);
  git(join(folder, 'lib'), 'remote', 'set-url', 'origin', url);
  commit(folder, {});
  return { folder, lib: join(folder, 'lib'), remote };
}

describe('submodules', () => {
  it('come from the disk, with the address of .gitmodules; a pushed commit is no difference', async () => {
    const { folder, lib } = withSubmodule();
    write(lib, { code: 'uncommitted' });
    const snapshot = await capture(folder);
    expect(snapshot.unpushed).toEqual([]);
    expect(snapshot.notes).toEqual(['The submodule lib has uncommitted changes: they are left out.']);
    const repo = await checkout(workingTreeSource(snapshot, { waits: [] }));
    expect(readFileSync(join(repo, 'lib/code'), 'utf8')).toBe('lib\n');
    expect(git(join(repo, 'lib'), 'config', 'remote.origin.url')).toBe('https://git.example.org/lib.git');
    expect(readFileSync(join(repo, 'lib/.git'), 'utf8')).toBe('gitdir: ../.git/modules/lib\n');
  });

  it('whose commit no remote branch has are reported, and so are addresses that nobody can check', async () => {
    const { folder, lib } = withSubmodule();
    const sha = commit(lib, { code: 'not pushed' });
    git(folder, 'add', 'lib');
    const commitOfLib = `The commit ${sha.slice(0, 12)} of the submodule lib`;
    expect((await capture(folder)).unpushed).toEqual([
      `${commitOfLib} is in no branch of its remote, so a worker cannot fetch it: push it.`,
    ]);
    git(lib, 'remote', 'set-url', 'origin', 'https://git.example.org/fork.git');
    expect((await capture(folder)).unpushed).toEqual([
      `${commitOfLib} could not be checked: https://git.example.org/lib.git is not the remote that it was cloned from here.`,
    ]);
    git(folder, 'config', '--file', '.gitmodules', 'submodule.lib.url', '/srv/lib');
    expect((await capture(folder)).unpushed).toEqual([
      'The submodule lib has the address /srv/lib, which no worker can clone.',
    ]);
    rmSync(join(folder, '.gitmodules'));
    expect((await capture(folder)).unpushed).toEqual([
      '.gitmodules names no address for the submodule lib: a worker cannot fetch it.',
    ]);
  });

  it('whose .git names a repository elsewhere are not taken', async () => {
    const { folder, lib } = withSubmodule();
    const secret = repository({ secret: 'of the host' });
    const sha = git(secret, 'rev-parse', 'HEAD');
    git(folder, 'update-index', '--cacheinfo', `160000,${sha},lib`);
    git(folder, 'commit', '--quiet', '-m', 'Point elsewhere');
    rmSync(join(lib, '.git'));
    writeFileSync(join(lib, '.git'), `gitdir: ${secret}/.git\n`);
    const byFile = await capture(folder);
    expect(byFile.submodules).toEqual([]);
    expect(byFile.notes).toEqual([expect.stringContaining('belongs to a repository elsewhere')]);
    rmSync(lib, { recursive: true });
    symlinkSync(secret, lib);
    git(folder, 'update-index', '--assume-unchanged', 'lib');
    expect((await capture(folder)).submodules).toEqual([]);
  });

  it.each([['ext::sh -c touch%20mark'], ['file:///etc'], ['/etc'], ['-x']])(
    'with the address %s are refused, and nothing runs',
    async (url) => {
      const folder = repository();
      const sha = git(folder, 'rev-parse', 'HEAD');
      write(folder, { '.gitmodules': `[submodule "lib"]\n\tpath = lib\n\turl = ${url}\n` });
      git(folder, 'add', '.');
      git(folder, 'update-index', '--add', '--cacheinfo', `160000,${sha},lib`);
      git(folder, 'commit', '--quiet', '-m', 'Hostile');
      mkdirSync(join(folder, 'lib'));
      await expect(runOf(folder)).rejects.toMatchObject({ name: 'RunFailure', reason: 'setup' });
    },
  );

  it.each([['../../outside'], ['-x']])('named %s write nothing outside', async (name) => {
    const folder = repository();
    const sha = git(folder, 'rev-parse', 'HEAD');
    write(folder, { '.gitmodules': `[submodule "${name}"]\n\tpath = lib\n\turl = https://127.0.0.1:1/x\n` });
    git(folder, 'add', '.');
    git(folder, 'update-index', '--add', '--cacheinfo', `160000,${sha},lib`);
    git(folder, 'commit', '--quiet', '-m', 'Hostile');
    mkdirSync(join(folder, 'lib'));
    const snapshot = await capture(folder);
    expect(snapshot.submodules).toEqual([]);
    await expect(checkout(workingTreeSource(snapshot, { waits: [] }))).rejects.toMatchObject({ reason: 'setup' });
  });
});

describe('an address of a rundef', () => {
  it.each([['ext::sh -c true'], ['-u'], ['https://h/a\nb'], ['']])('%j is refused', async (url) => {
    const source = gitSource({ waits: [] });
    await expect(checkout(source, { GIT_URL: url })).rejects.toMatchObject({ name: 'RunFailure', reason: 'setup' });
  });

  it('that is a folder of this host is refused, for a script-repo too', async () => {
    const folder = repository();
    const source = gitSource({ waits: [] });
    const refused = { name: 'RunFailure', reason: 'setup', message: expect.stringContaining('a folder of this host') };
    for (const url of [
      folder,
      `file://${folder}`,
      'FILE:///x',
      '../other/repo',
      './x',
      'x/y:z',
      '/proc/self/cwd/../x',
    ]) {
      await expect(checkout(source, { GIT_URL: url })).rejects.toMatchObject(refused);
      const scripts = { directory: temporaryFolder(), home: temporaryFolder(), secrets: {}, log: keptLog(), signal };
      await expect(source.checkoutScripts({ ...scripts, cloneUrl: url })).rejects.toMatchObject(refused);
    }
    // Git itself refuses it, too, whatever form the address has.
    const clone = {
      args: ['clone', '--', folder, join(temporaryFolder(), 'c')],
      cwd: '/',
      env: runEnvironment('/x'),
      signal,
    };
    await expect(readGit(clone)).rejects.toThrow(/transport 'file' not allowed/);
  });

  it('may be a repository below the folder of the definition, wherever links lead', async () => {
    const folder = temporaryFolder();
    const scripts = join(folder, 'scripts');
    const outside = repository();
    execFileSync('git', ['clone', '-q', outside, scripts]);
    symlinkSync(outside, join(folder, 'link'));
    const source = gitSource({ waits: [], repositories: { within: folder } });
    const clone = (cloneUrl: string) =>
      source.checkoutScripts({
        ...{ directory: join(temporaryFolder(), 'c'), home: temporaryFolder(), secrets: {}, log: keptLog(), signal },
        cloneUrl,
      });
    const sha = git(outside, 'rev-parse', 'HEAD');
    for (const url of [scripts, `file://${scripts}`]) await expect(clone(url)).resolves.toEqual({ sha });
    const refused = { reason: 'setup', message: expect.stringContaining('a folder of this host') };
    for (const url of [outside, join(folder, 'link'), `file://${folder}/link`, `${scripts}/../link`, 'scripts', folder])
      await expect(clone(url)).rejects.toMatchObject(refused);
  });

  it('of the user, of a repository on this disk, is cloned without hard links', async () => {
    const folder = repository();
    const repo = await checkout(gitSource({ waits: [], repositories: { given: [folder] } }), {
      GIT_URL: folder,
      GIT_SHA: git(folder, 'rev-parse', 'HEAD'),
    });
    expect(git(repo, 'status', '--porcelain', '--branch')).toBe('## jobserv-run');
    const links = execFileSync('find', [join(repo, '.git/objects'), '-type', 'f', '-links', '+1'], {
      encoding: 'utf8',
    });
    expect(links).toBe('');
  });
});

describe('LFS', () => {
  /** The three commands that the source uses, without a server. */
  function fakeLfs(): void {
    const folder = temporaryFolder();
    program(
      join(folder, 'git-lfs'),
      `#!/bin/sh
case "$1" in
install) git config --global filter.lfs.clean 'git-lfs clean -- %f'; git config --global filter.lfs.smudge 'git-lfs smudge -- %f'; git config --global filter.lfs.required true;;
ls-files) git grep -h -o 'oid sha256:[0-9a-f]*' "$3" | sed 's/.*sha256:\\(.*\\)/\\1 * file/';;
clean) cat;;
smudge) oid=$(sed -n 's/oid sha256://p'); store=$(git rev-parse --git-common-dir)/lfs/objects/$(echo $oid | cut -c1-2)/$(echo $oid | cut -c3-4)/$oid; cat "$store";;
esac
`,
    );
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
    onTestFinished(() => void vi.unstubAllEnvs());
  }

  function withLargeFile(content: string): { folder: string; object: string } {
    const oid = createHash('sha256').update('large').digest('hex');
    const folder = repository({ '.gitattributes': 'big filter=lfs\n', big: `version 1\noid sha256:${oid}\nsize 5\n` });
    const object = join(folder, '.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid);
    write(folder, { [object.slice(folder.length + 1)]: content });
    return { folder, object };
  }

  it('objects come from the disk, and one that a push would not take along is reported', async () => {
    fakeLfs();
    const { folder } = withLargeFile('large');
    const snapshot = await capture(folder);
    expect(snapshot.unpushed).toEqual([expect.stringContaining('one LFS file of this commit')]);
    const repo = await checkout(workingTreeSource(snapshot));
    const objects = readdirSync(join(repo, '.git/lfs/objects'), { recursive: true, withFileTypes: true });
    expect(objects.filter((entry) => entry.isFile())).toHaveLength(1);
    program(join(folder, '.git/hooks/pre-push'), '#!/bin/sh\ngit lfs pre-push "$@"\n');
    expect((await capture(folder)).unpushed).toEqual([]);
  });

  it('objects that are a link, or not what their name says, are not copied', async () => {
    fakeLfs();
    const { folder, object } = withLargeFile('something else');
    await expect(runOf(folder)).rejects.toThrow(/is damaged/);
    rmSync(object);
    symlinkSync('/etc/hostname', object);
    const snapshot = await capture(folder);
    await expect(checkout(workingTreeSource(snapshot, { waits: [] }))).rejects.toMatchObject({ name: 'RunFailure' });
  });
});
