import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { localCheckout, remoteCheckout } from '../../../src/simulator/index.js';
import { repository, temporaryFolder, write } from '../git/repository.js';

const signal = new AbortController().signal;
const local = (folder: string, exclude: string[] = []) =>
  localCheckout(folder, join(temporaryFolder(), 'scratch'), signal, exclude);

function runAs(uid: number): void {
  vi.spyOn(process, 'getuid').mockReturnValue(uid);
  onTestFinished(() => void vi.restoreAllMocks());
}

describe('what differs because of where the code comes from', () => {
  it('is nothing for a tree without changes, and the changes otherwise', async () => {
    const folder = repository();
    expect((await local(folder)).differences).toEqual([]);
    write(folder, { new: 'n' });
    expect((await local(folder)).differences).toEqual([
      { kind: 'working-tree', message: `The run got ${folder} with an uncommitted file, which nobody has pushed.` },
    ]);
  });

  it('names the files that secrets were read from, which are left out', async () => {
    const folder = repository();
    write(folder, { '.jobserv.secrets': 'a=b' });
    expect((await local(folder, [join(folder, '.jobserv.secrets')])).differences).toEqual([
      { kind: 'working-tree', message: 'Secrets were read from .jobserv.secrets: it is not part of /repo.' },
    ]);
  });

  it('says outside of a repository that local files are not in the run', async () => {
    const folder = temporaryFolder();
    expect((await remoteCheckout(folder, signal)).differences).toEqual([
      {
        kind: 'working-tree',
        message: `The definition lies in no git repository: GIT_URL was cloned, and the files in ${folder} are not in /repo.`,
      },
    ]);
    expect((await remoteCheckout(repository(), signal)).differences).toEqual([]);
  });
});

describe('what differs because of what the script does', () => {
  it('is a file that it names, the tree has and git ignores', async () => {
    const folder = repository({ '.gitignore': 'local.conf\nbuild/\n', kept: '1' });
    write(folder, { 'local.conf': 'x', 'build/out/tool': 'x', untracked: 'x' });
    runAs(1000);
    const { scriptDifferences } = await local(folder);
    const script =
      '#!/bin/sh\n. ./local.conf; "/repo/build/out/tool" kept untracked --opt=build/absent ../x /etc/passwd\n';
    expect(await scriptDifferences?.(script)).toEqual([
      {
        kind: 'unpushed',
        message: 'The script names local.conf, which git ignores: it is in the working tree, and not in /repo.',
      },
      {
        kind: 'unpushed',
        message: 'The script names build/out/tool, which git ignores: it is in the working tree, and not in /repo.',
      },
    ]);
  });

  it('is the owner of /repo, when root simulates and the script uses git without safe.directory', async () => {
    const { scriptDifferences } = await remoteCheckout(repository(), signal);
    const kinds = async (script: string) => (await scriptDifferences?.(script))?.map(({ kind }) => kind);
    runAs(0);
    expect(await kinds('#!/bin/sh\nv=$(git describe)\n')).toEqual(['repo-owner']);
    expect(await kinds('#!/bin/sh\ngit config --global --add safe.directory /repo\ngit log\n')).toEqual([]);
    expect(await kinds('#!/bin/sh\necho legit; ls .git\n')).toEqual([]);
    runAs(1000);
    expect(await kinds('#!/bin/sh\ngit log\n')).toEqual([]);
  });
});
