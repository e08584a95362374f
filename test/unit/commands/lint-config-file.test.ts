import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LintConfigFiles } from '../../../src/commands/shared/config-files.js';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'jobserv-lint-config-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
const secretsOf = async (cwd: string, path: string) => (await new LintConfigFiles(join(folder, cwd)).of(path)).secrets;

describe('the configuration of a definition', () => {
  it('is in its folder, or the nearest above up to the root of the repository', async () => {
    write('.jobserv-lint.yml', 'secrets: [outside]');
    write('repo/.git/HEAD', '');
    write('repo/.jobserv-lint.yml', 'secrets: [root]');
    write('repo/ci/deep/.jobserv-lint.yml', 'secrets: [deep]');
    expect(await secretsOf('', 'repo/ci/deep/a.yml')).toEqual(['deep']);
    expect(await secretsOf('', 'repo/ci/a.yml')).toEqual(['root']);
    expect(await secretsOf('repo/ci', 'a.yml')).toEqual(['root']);
    expect(await secretsOf('repo/ci', '<stdin>')).toEqual(['root']);
  });

  it('is not one from outside of the repository', async () => {
    write('.jobserv-lint.yml', 'secrets: [outside]');
    write('repo/.git/HEAD', '');
    expect(await secretsOf('', 'repo/a.yml')).toBeUndefined();
    expect(await secretsOf('', 'a.yml')).toEqual(['outside']);
  });

  it('is without a repository no further up than the current folder', async () => {
    write('.jobserv-lint.yml', 'secrets: [outside]');
    write('here/.jobserv-lint.yml', 'secrets: [here]');
    write('other/deep/a.yml', '');
    expect(await secretsOf('here', 'deep/a.yml')).toEqual(['here']);
    expect(await secretsOf('here', join(folder, 'other/deep/a.yml'))).toBeUndefined();
  });

  it('ends the work when there is something wrong with it', async () => {
    write('.jobserv-lint.yml', 'rules: {unused-scirpt: off}');
    await expect(secretsOf('', 'a.yml')).rejects.toMatchObject({
      name: 'UnfitFile',
      message: expect.stringContaining('.jobserv-lint.yml cannot be understood'),
      diagnostics: [expect.objectContaining({ line: 1, column: 9 })],
    });
  });
});
