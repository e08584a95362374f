import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { GitError, gitFailure, gitSource, gitTools, repositoryFolder, repositoryInfo } from '../../../src/git/index.js';
import { commit, git, keptLog, program, repository, temporaryFolder, write } from './repository.js';

const signal = new AbortController().signal;

function stub(name: string, value: string): void {
  vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

function globalConfig(text: string): void {
  const file = join(temporaryFolder(), 'config');
  writeFileSync(file, text);
  stub('GIT_CONFIG_GLOBAL', file);
}

describe('a repository that git does not open', () => {
  it.each<[string, (folder: string) => void, RegExp]>([
    ['a bad ~/.gitconfig', () => globalConfig('[user\n'), /bad config line 1 .*Correct that configuration file/],
    [
      'an extension that this git does not have',
      (folder) => {
        git(folder, 'config', 'extensions.future', 'true');
        git(folder, 'config', 'core.repositoryFormatVersion', '1');
      },
      /unknown repository extension.*update git/,
    ],
    [
      'a HEAD that names nothing',
      (folder) => write(folder, { '.git/HEAD': 'nonsense\n' }),
      /not a git repository.*\.git\/HEAD/,
    ],
    ['a GIT_CONFIG_COUNT that is no number', () => stub('GIT_CONFIG_COUNT', 'many'), /bogus count.*GIT_CONFIG_COUNT/],
    [
      'a HEAD whose commit is gone',
      (folder) => rmSync(join(folder, '.git/objects'), { recursive: true }) ?? mkdirSync(join(folder, '.git/objects')),
      /names the commit [0-9a-f]{40}, which is not in it.*git fsck/,
    ],
    [
      'a working tree elsewhere',
      (folder) => git(folder, 'config', 'core.worktree', '/tmp'),
      /no working tree|puts the working tree at/,
    ],
  ])('with %s is reported in the words of git, with what to do', async (_, damage, message) => {
    const folder = repository();
    damage(folder);
    await expect(repositoryInfo(folder, signal)).rejects.toMatchObject({
      name: 'RunFailure',
      environment: 'git',
      message: expect.stringMatching(message),
    });
  });

  it('because it belongs to another user is named with the command that helps', async () => {
    const folder = repository();
    const words = `fatal: detected dubious ownership in repository at '${folder}'`;
    const bin = temporaryFolder();
    program(join(bin, 'git'), `#!/bin/sh\necho "${words}" >&2\nexit 128\n`);
    stub('PATH', `${bin}:${process.env['PATH']}`);
    await expect(repositoryInfo(folder, signal)).rejects.toMatchObject({
      environment: 'git',
      message: expect.stringContaining(`git config --global --add safe.directory '${folder}'`),
    });
  });

  it('because the name of its folder is not UTF-8 is refused, with what to do', () => {
    expect(() => repositoryFolder('/tmp/lat\ufffd')).toThrow(
      'is not UTF-8, so nothing in it can be opened. Rename it.',
    );
  });

  it('is passed over where its .git is an empty folder', async () => {
    const folder = repository();
    mkdirSync(join(folder, 'sub/.git'), { recursive: true });
    expect((await repositoryInfo(join(folder, 'sub'), signal))?.toplevel).toBe(folder);
    expect(await repositoryInfo(temporaryFolder(), signal)).toBeUndefined();
  });
});

describe('the git of this host', () => {
  it('is reported with its version', async () => {
    expect((await gitTools(signal)).version).toMatch(/^\d+\.\d+/);
  });

  it('that cannot read its configuration is reported, and so is one that is not there', async () => {
    globalConfig('[user\n');
    await expect(gitTools(signal)).rejects.toMatchObject({
      environment: 'git',
      message: expect.stringMatching(/bad config/),
    });
    stub('PATH', temporaryFolder());
    await expect(gitTools(signal)).rejects.toMatchObject({
      environment: 'git',
      message: expect.stringMatching(/not installed/),
    });
  });
});

describe('what git printed', () => {
  it.each([
    ['fatal: write error: No space left on device', 'disk', 'the disk is full'],
    ['error: unable to write file x\nfatal: unable to checkout working tree', 'disk', 'git cannot write its files'],
    ['error: failed to write new configuration file x.lock', 'disk', 'git cannot write its files'],
    ["fatal: could not create work tree dir 'x': Read-only file system", 'disk', 'git cannot write its files'],
    [
      'error: open("x"): Permission denied\nerror: unable to index file \'x\'\nfatal: adding files failed',
      'git',
      'Make the file readable',
    ],
    ['error: index-pack died of signal 9\nfatal: index-pack failed', 'git', 'was killed'],
    ["fatal: unable to access 'https://h/': Could not resolve host: h", 'git', 'could not be reached'],
    [
      "fatal: unable to access 'https://h/': server certificate verification failed. CAfile: none CRLfile: none",
      'git',
      'GIT_SSL_CAINFO=ca.pem',
    ],
    ["fatal: repository 'https://h/x' not found", 'git', 'there is no such repository'],
    ["fatal: Authentication failed for 'https://h/x'", 'git', 'refused the credentials'],
    ['fatal: reference is not a tree: 0123abc', undefined, 'not in the repository'],
  ])('%j gives the environment %s', (output, environment, message) => {
    const failure = gitFailure('Could not do it', new GitError(['x'], 128, output));
    expect(failure).toMatchObject({ environment, message: expect.stringContaining(message) });
  });

  it('is not needed where a signal killed git', () => {
    const failure = gitFailure('Could not do it', new GitError(['x'], undefined, ''));
    expect(failure).toMatchObject({ environment: 'git', message: expect.stringContaining('was killed') });
  });

  it('is not needed for a disk that is full under our own hands', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    expect(gitFailure('Could not do it', full)).toMatchObject({ environment: 'disk' });
  });
});

describe('a script-repo', () => {
  async function clone(cloneUrl: string, gitRef?: string): Promise<{ sha: string }> {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'home'));
    const request = {
      directory: join(folder, 'scripts'),
      home: join(folder, 'home'),
      secrets: {},
      log: keptLog(),
      signal,
    };
    return gitSource({ waits: [], repositories: { given: [cloneUrl] } }).checkoutScripts({
      ...request,
      cloneUrl,
      ...(gitRef === undefined ? {} : { gitRef }),
    });
  }

  it('is checked out at its git-ref, or at its HEAD', async () => {
    const folder = repository();
    const first = git(folder, 'rev-parse', 'HEAD');
    const second = commit(folder, { code: 'two\n' });
    expect(await clone(folder)).toEqual({ sha: second });
    expect(await clone(folder, first)).toEqual({ sha: first });
  });

  it('whose HEAD names no branch is not empty: git-ref helps', async () => {
    const folder = repository();
    git(folder, 'symbolic-ref', 'HEAD', 'refs/heads/gone');
    await expect(clone(folder)).rejects.toThrow(
      'names no branch, so nothing was checked out. Name a branch, tag or commit with git-ref.',
    );
    const empty = temporaryFolder();
    git(empty, 'init', '--quiet', '--bare');
    await expect(clone(empty)).rejects.toThrow('is empty: it has no commit');
  });
});

describe('a clone for which the disk is too small', () => {
  it('ends the run with the disk as the reason', async () => {
    const folder = temporaryFolder();
    program(join(folder, 'git'), '#!/bin/sh\necho "fatal: write error: No space left on device" >&2\nexit 128\n');
    stub('PATH', `${folder}:${process.env['PATH']}`);
    const request = { directory: join(folder, 'repo'), home: folder, secrets: {}, log: keptLog(), signal };
    const checkout = gitSource({ waits: [] }).checkout({ ...request, env: { GIT_URL: 'https://h/x' } });
    await expect(checkout).rejects.toMatchObject({ reason: 'setup', environment: 'disk' });
  });
});

describe('the reason of a git that failed', () => {
  const reasonOf = (output: string) =>
    (gitFailure('Could not clone x', new GitError(['clone'], 128, output)) as Error).message;

  it('has the words of the credential helper, which know why', () => {
    const message = reasonOf(
      "Cloning into '/x/repo'...\ngh: your token has expired, run gh auth login\nfatal: could not read Username for 'https://github.com': terminal prompts disabled\n",
    );
    expect(message).toContain("(gh: your token has expired, run gh auth login; could not read Username for 'https://");
  });

  it('has the words of the server', () => {
    const output = "remote: The project is archived.\nfatal: repository 'https://x/' not found\n";
    expect(reasonOf(output)).toContain("(remote: The project is archived; repository 'https://x/' not found)");
  });

  it('has what the next line names, where its own announces it', () => {
    expect(reasonOf('fatal: unknown repository extension found:\n\tnewer\n')).toContain('extension found: newer.');
  });

  it.each([
    ['Failed to connect to 127.0.0.1 port 9 after 0 ms: refused', true],
    ['Could not resolve proxy: p', true],
    ['Received HTTP code 407 from proxy after CONNECT', true],
    ['Failed to connect to h port 443 after 0 ms: refused', false],
  ])('is the proxy of the environment for %j: %s', (words, proxy) => {
    stub('https_proxy', 'http://127.0.0.1:9');
    const message = reasonOf(`fatal: unable to access 'https://h/x.git/': ${words}`);
    const named = 'the proxy 127.0.0.1:9, set by https_proxy, cannot be reached or refuses the connection';
    expect(message.includes(named)).toBe(proxy);
    expect(message.includes('Correct https_proxy, or add h to NO_PROXY.')).toBe(proxy);
  });

  it("has none of git's progress and hints", () => {
    const output =
      'Cloning into x...\nhint: use main\nReceiving objects:  50% (1/2)\nwarning: slow\nfatal: early EOF\n';
    expect(reasonOf(output)).toContain('could not be reached (early EOF).');
  });
});
