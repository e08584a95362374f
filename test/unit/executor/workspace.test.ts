import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorkspace, removeSecrets } from '../../../src/executor/index.js';
import { scratchFolder } from '../../support/fake-ports.js';

describe('the folder of a run', () => {
  it('is closed to other users, whatever mode it had', async () => {
    const root = join(await scratchFolder(), 'run');
    mkdirSync(root, { mode: 0o755 });
    await openWorkspace(root);
    expect((statSync(root).mode & 0o777).toString(8)).toBe('700');
  });

  it('ends at once, with the reason, where it cannot be made', async () => {
    await expect(openWorkspace('/proc/jobserv/run')).rejects.toThrow('no folder can be made there');
  });

  it('loses its secrets and nothing else, also where the container put links', async () => {
    const parent = await scratchFolder();
    const { root, secrets } = await openWorkspace(join(parent, 'run'));
    mkdirSync(join(parent, 'outside'));
    writeFileSync(join(parent, 'outside/kept'), '');
    mkdirSync(secrets);
    writeFileSync(join(secrets, 'token'), 'hunter2');
    symlinkSync('../../outside', join(secrets, 'link'));
    symlinkSync('../outside/kept', join(root, '.netrc'));
    mkdirSync(join(root, '.curlrc'));
    writeFileSync(join(root, 'console.log'), '');
    await removeSecrets(root);
    await removeSecrets(root);
    expect(readdirSync(root)).toEqual(['console.log']);
    expect(existsSync(join(parent, 'outside/kept'))).toBe(true);
  });
});
