import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings, SettingsError, writeNewSettings } from '../../../src/worker/index.js';
import { scratchFolder, workerFolder } from './folder.js';

/** As the reference worker writes it, with what its documentation lets people add. */
const REFERENCE = `[jobserv]
server_url = https://ci.example.org
version = 0cc175b9c0f1b6a831c399e269772661
log_level = WARNING
concurrent_runs = 3
host_tags = amd64, kvm
surges_only = 1
host_api_key = k#1;2!@$^&*~
hostname = big-box
container-max-memory-percent = 50
callback_script = /srv/cb
block-metadata-service = 1

[shared-volumes]
Downloads = /srv/downloads

[tools]
reboot = /srv/reboot
worker-wrapper = /srv/wrap

[mine]
note = 100%%
`;

describe('the settings of a reference worker', () => {
  test('are understood as they are', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'settings.conf'), REFERENCE);
    expect(await readSettings(folder)).toEqual({
      folder,
      serverUrl: 'https://ci.example.org',
      hostname: 'big-box',
      apiKey: 'k#1;2!@$^&*~',
      hostTags: 'amd64, kvm',
      concurrentRuns: 3,
      surgesOnly: true,
      logLevel: 'warning',
      memoryBytes: Math.round(totalmem() / 2),
      callbackScript: '/srv/cb',
      blockMetadataService: true,
      sharedVolumes: { downloads: '/srv/downloads' },
      tools: { reboot: '/srv/reboot', coldReboot: '/usr/bin/cold-reboot', workerWrapper: '/srv/wrap' },
    });
  });

  test('of one with a token hold no key, and when the token ends', async () => {
    const folder = scratchFolder();
    const text = REFERENCE.replace(/host_api_key.*/, 'host_api_key = \njwt = a.b.c\njwt-exp = 1700000000.5');
    writeFileSync(join(folder, 'settings.conf'), text);
    expect(await readSettings(folder)).toMatchObject({ apiKey: '', jwt: 'a.b.c', jwtExpires: 1700000000.5 });
  });

  test('defaults are those of the reference', async () => {
    const settings = await readSettings(workerFolder());
    expect(settings).toMatchObject({
      blockMetadataService: false,
      sharedVolumes: {},
      tools: { reboot: '/usr/bin/reboot', coldReboot: '/usr/bin/cold-reboot' },
    });
    expect(settings).not.toHaveProperty('memoryBytes');
  });
});

describe('settings that cannot be used', () => {
  test.each([
    ['a folder without them', undefined, /no settings\.conf.*register/],
    ['no section', 'x = 1', /line 1: it stands before/],
    ['no server', '[jobserv]\nhostname = a', /has no server_url/],
    [
      'a word for a number',
      REFERENCE.replace('concurrent_runs = 3', 'concurrent_runs = many'),
      /concurrent_runs .* is no number/,
    ],
    ['fewer than no runs', REFERENCE.replace('concurrent_runs = 3', 'concurrent_runs = -1'), /no whole number of runs/],
    [
      'a server without its scheme',
      REFERENCE.replace(/server_url = .*/, 'server_url = ci'),
      /server_url .* is no http/,
    ],
    ['an unknown level', REFERENCE.replace('WARNING', 'LOUD'), /log_level/],
    ['a single %', REFERENCE.replace('big-box', '50%'), /hostname .* %%/],
  ])('are told with what to do: %s', async (_, text, message) => {
    const folder = scratchFolder();
    if (text !== undefined) writeFileSync(join(folder, 'settings.conf'), text);
    const failing = readSettings(folder);
    await expect(failing).rejects.toThrow(SettingsError);
    await expect(failing).rejects.toThrow(message);
  });
});

const NEW = {
  serverUrl: 'https://ci.example.org/with%20path',
  hostname: 'w1',
  apiKey: 'key',
  hostTags: 'amd64',
  concurrentRuns: 1,
  surgesOnly: false,
  version: '0.1.0',
};

describe('new settings', () => {
  test('are for the worker alone, and read back as they were written', async () => {
    const folder = join(scratchFolder(), 'made/here');
    await writeNewSettings(folder, NEW);
    expect(statSync(join(folder, 'settings.conf')).mode & 0o777).toBe(0o600);
    expect(await readSettings(folder)).toMatchObject({ serverUrl: NEW.serverUrl, apiKey: 'key', surgesOnly: false });
  });

  test('leave the sections that were there', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'settings.conf');
    writeFileSync(path, '# tools\n[tools]\nreboot = /x\n');
    chmodSync(path, 0o644);
    const restore = await writeNewSettings(folder, NEW);
    expect(readFileSync(path, 'utf8')).toMatch(/^# tools\n\[tools\]\nreboot = \/x\n\n\[jobserv\]\nserver_url = /);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await restore();
    expect(readFileSync(path, 'utf8')).toBe('# tools\n[tools]\nreboot = /x\n');
  });

  test('do not replace the key of a worker that is there', async () => {
    const folder = workerFolder();
    const before = readFileSync(join(folder, 'settings.conf'), 'utf8');
    await expect(writeNewSettings(folder, NEW)).rejects.toThrow(/a worker in this folder already.*unregister/);
    expect(readFileSync(join(folder, 'settings.conf'), 'utf8')).toBe(before);
  });
});

describe('settings that others can change, or that never end', () => {
  const settings = () => join(workerFolder(), 'settings.conf');

  test.each([
    ['that others may write to', (path: string) => chmodSync(path, 0o666), /other users may write to .*chmod go-w/],
    ['of another user', (path: string) => chownSync(path, 4711, 4711), /belongs to another user \(uid 4711\)/],
    ['in a folder of all users', (path: string) => chmodSync(dirname(path), 0o777), /other users may write into/],
    [
      'that are a pipe',
      (path: string) => {
        rmSync(path);
        execFileSync('mkfifo', [path]);
      },
      /named pipe/,
    ],
    [
      'that have no end',
      (path: string) => {
        rmSync(path);
        symlinkSync('/dev/zero', path);
      },
      /a device/,
    ],
    ['of 2 MB', (path: string) => writeFileSync(path, '#'.repeat(2e6)), /larger than 1 MiB/],
  ])('%s are refused', async (_, change, message) => {
    const path = settings();
    change(path);
    const refused = readSettings(dirname(path));
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(SettingsError);
  });
});
