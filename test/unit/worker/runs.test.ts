import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { takeFileLock, writeAtomically } from '../../../src/lib/index.js';
import {
  finishUnfinished,
  listRuns,
  makeRunFolder,
  ownerOf,
  readRunState,
  referenceRuns,
  runFolderName,
  takeRunLock,
} from '../../../src/worker/index.js';
import { rundefText, runUrl, scratchFolder } from './folder.js';

const TAKEN = new Date('2026-01-02T03:04:05Z');
const sourceOf = (name: string): string => new URL(`../../../src/${name}.ts`, import.meta.url).href;

/** A process of its own, to be killed. */
const startModule = (script: string) =>
  spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

const make = (folder: string, url: string) => makeRunFolder(folder, url, rundefText(url), TAKEN);

describe('the folder of a run', () => {
  test('holds the run definition as it came, and a state, for nobody else to read', async () => {
    const folder = scratchFolder();
    const url = runUrl('unit');
    const run = (await make(folder, url)) ?? '';
    expect(readFileSync(join(run, 'rundef.json'), 'utf8')).toBe(rundefText(url));
    expect(await readRunState(run)).toMatchObject({
      runUrl: url,
      phase: 'queued',
      starts: 0,
      takenAt: TAKEN.toISOString(),
    });
    expect(statSync(run).mode & 0o777).toBe(0o700);
    for (const name of ['rundef.json', 'state.json']) expect(statSync(join(run, name)).mode & 0o777).toBe(0o600);
    expect(await listRuns(folder)).toEqual([run]);
  });

  test('is made once, however often the run is handed out at the same time', async () => {
    const folder = scratchFolder();
    const made = await Promise.all(Array.from({ length: 8 }, () => make(folder, runUrl('unit'))));
    expect(made.filter((run) => run !== undefined)).toHaveLength(1);
    expect(readdirSync(join(folder, 'runs'))).toHaveLength(1);
  });

  test('has a name of its own for each address, and none that leads elsewhere', () => {
    const urls = ['a', 'b', '../../x', '..', 'a%2Fb', '-x', 'é', 'x'.repeat(500)].map((name) => runUrl(name));
    const names = [...urls, runUrl('a', 'http://other:9'), 'https://elsewhere/'].map(runFolderName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*-[0-9a-f]{12}$/);
      expect(name.length).toBeLessThan(100);
    }
    expect(names[0]).toMatch(/^acme-blinky-7-a-/);
  });

  test('that was whole when the worker died is put in its place; half of one goes', async () => {
    const folder = scratchFolder();
    const run = (await make(folder, runUrl('whole'))) ?? '';
    renameSync(run, join(folder, 'runs/.new-0123456789ab'));
    mkdirSync(join(folder, 'runs/.new-ba9876543210'));
    writeFileSync(join(folder, 'runs/.new-ba9876543210/rundef.json'), rundefText(runUrl('half')));
    await finishUnfinished(folder);
    expect(readdirSync(join(folder, 'runs'))).toEqual([basename(run)]);
  });

  test('of the reference worker, and other things, are not ours', async () => {
    const folder = scratchFolder();
    for (const name of ['tmpab12cd34', 'rebooted-run1700000000.1', '.new-0123456789ab']) {
      mkdirSync(join(folder, 'runs', name), { recursive: true });
    }
    expect(await listRuns(folder)).toEqual([]);
    await expect(listRuns(scratchFolder())).resolves.toEqual([]);
  });
});

describe('a lock', () => {
  test('is had by one, and by the next when it is released', async () => {
    const path = join(scratchFolder(), 'lock');
    const lock = await takeFileLock(path);
    expect(lock).toBeDefined();
    expect(await takeFileLock(path)).toBeUndefined();
    await lock?.release();
    await lock?.release();
    const next = await takeFileLock(path);
    expect(next).toBeDefined();
    await next?.release();
  });

  test('is free when the process that had it is killed', async () => {
    const path = join(scratchFolder(), 'lock');
    const holder = startModule(`
      const { takeFileLock } = await import(${JSON.stringify(sourceOf('lib/file-lock'))});
      await takeFileLock(${JSON.stringify(path)});
      console.log('has it');
      setInterval(() => {}, 60_000);`);
    await once(holder.stdout, 'data');
    expect(await takeFileLock(path)).toBeUndefined();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = await takeFileLock(path);
    expect(lock).toBeDefined();
    await lock?.release();
  });

  test('is not taken through a link', async () => {
    const folder = scratchFolder();
    symlinkSync('/etc/hostname', join(folder, 'lock'));
    await expect(takeFileLock(join(folder, 'lock'))).rejects.toThrow(/cannot be opened/);
  });

  test('of a run says whose it is', async () => {
    const run = scratchFolder();
    expect(await ownerOf(run)).toEqual({ alive: false });
    const lock = await takeRunLock(run);
    expect(await ownerOf(run)).toEqual({ alive: true, pid: process.pid });
    await lock?.release();
  });

  test('of a run counts also when its process cannot be seen from here', async () => {
    const run = scratchFolder();
    const lock = await takeRunLock(run);
    await lock?.write(`${process.pid}:1:another-boot:another-host`);
    expect(await ownerOf(run)).toEqual({ alive: true, pid: process.pid });
    await lock?.release();
    expect(await ownerOf(run)).toEqual({ alive: false, pid: process.pid });
  });

  test('of the reference worker takes a slot while one of its runs has it', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, '.run-lock-0'), 'free');
    writeFileSync(join(folder, '.run-lock-1'), 'http://ci/run');
    expect(await referenceRuns(folder)).toBe(0);
    const lock = await takeFileLock(join(folder, '.run-lock-1'));
    expect(await referenceRuns(folder)).toBe(1);
    await lock?.release();
    expect(readFileSync(join(folder, '.run-lock-1'), 'utf8')).toBe('http://ci/run');
  });
});

describe('a file that is written atomically', () => {
  test('is old or new, whenever its writer is killed', async () => {
    const path = join(scratchFolder(), 'state.json');
    await writeAtomically(path, JSON.stringify({ round: 0, filling: '' }));
    const script = `
      const { writeAtomically } = await import(${JSON.stringify(sourceOf('lib/private-file'))});
      for (let round = 1; ; round++) {
        await writeAtomically(${JSON.stringify(path)}, JSON.stringify({ round, filling: 'x'.repeat(round * 1000) }));
        console.log(round);
      }`;
    for (const rounds of [1, 2, 5, 9]) {
      const writer = startModule(script);
      for await (const line of createInterface(writer.stdout)) if (Number(line) >= rounds) writer.kill('SIGKILL');
      const { round, filling } = JSON.parse(readFileSync(path, 'utf8'));
      expect(round).toBeGreaterThanOrEqual(rounds);
      expect(filling).toHaveLength(round * 1000);
    }
  });

  test('stays as it was when it cannot be written, and nothing is left beside it', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'state.json');
    await writeAtomically(path, 'old');
    const unreadable = {
      get length() {
        throw new Error('no bytes');
      },
    } as unknown as Uint8Array;
    await expect(writeAtomically(path, unreadable)).rejects.toThrow();
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  test('replaces a link, and does not follow it', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'target'), 'untouched');
    symlinkSync('target', join(folder, 'state.json'));
    await writeAtomically(join(folder, 'state.json'), 'new');
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('untouched');
    expect(statSync(join(folder, 'state.json')).mode & 0o777).toBe(0o600);
  });
});
