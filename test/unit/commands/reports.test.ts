import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Reports } from '../../../src/commands/shared/reports.js';
import { EnvironmentError, UsageError } from '../../../src/lib/index.js';

const folder = mkdtempSync(join(tmpdir(), 'jobserv-reports-'));
const to = (...paths: string[]) => Reports.to(paths, 'simulate', '1.2.3');

it('a name that says no format is wrong usage', async () => {
  for (const name of ['report', 'report.txt', 'report.HTM', '.html']) {
    await expect(to(join(folder, 'ok.json'), join(folder, name))).rejects.toThrow(UsageError);
  }
});

it('a file that cannot be written is a fault of the environment, and found beforehand', async () => {
  mkdirSync(join(folder, 'folder.html'));
  writeFileSync(join(folder, 'file'), '');
  await expect(to(join(folder, 'no/such/x.html'))).rejects.toThrow(/the folder .*no\/such does not exist/);
  await expect(to(join(folder, 'folder.html'))).rejects.toThrow(/it is a folder/);
  await expect(to(join(folder, 'file/x.xml'))).rejects.toThrow(
    /cannot be written to .*x.xml: .*file is no folder. Name/,
  );
  await expect(to('/proc/x.json')).rejects.toThrow(
    new EnvironmentError(
      'The report cannot be written to /proc/x.json: no file can be made in /proc. Name a file in a folder that can be written.',
    ),
  );
});

it('each format is written, once, and no other file', async () => {
  const paths = ['a.html', 'a.xml', 'a.json'].map((name) => join(folder, 'all', name));
  mkdirSync(join(folder, 'all'));
  const reports = await to(...paths);
  expect(reports.page).toBe(true);
  expect((await to('x.xml', 'x.json')).page).toBe(false);
  expect(readdirSync(join(folder, 'all'))).toEqual([]);
  await reports.write({ title: 't', status: 'PASSED', summary: '', runs: [] }, { version: 1 });
  await reports.writeFailure('too late', 3);
  expect(readdirSync(join(folder, 'all')).sort()).toEqual(['a.html', 'a.json', 'a.xml']);
  expect(readFileSync(join(folder, 'all/a.json'), 'utf8')).toBe('{\n  "version": 1\n}\n');
  expect(readFileSync(join(folder, 'all/a.html'), 'utf8')).toContain('jobserv 1.2.3, ');
  expect(readFileSync(join(folder, 'all/a.xml'), 'utf8')).not.toContain('too late');
});

it('an error that left no result replaces an earlier report', async () => {
  const path = join(folder, 'failure.json');
  writeFileSync(path, 'of yesterday');
  const reports = await to(path);
  // Gone from the start: this command may be killed.
  expect(existsSync(path)).toBe(false);
  await reports.writeFailure('', 2);
  expect(existsSync(path)).toBe(false);
  await reports.writeFailure('No engine.', 3);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ version: 1, error: { message: 'No engine.', status: 3 } });
  expect(existsSync(`${path}.${process.pid}`)).toBe(false);
});
