import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { currentBoot } from '../../../src/docker/index.js';
import {
  type Claim,
  executeRunProcess,
  exists,
  listRuns,
  makeRunFolder,
  type RunOneOptions,
  type RunState,
  readRunState,
  rebootedRun,
  recoverRuns,
  runsInProgress,
  takeRunLock,
  writeRunState,
} from '../../../src/worker/index.js';
import { keptLog, rundefText, runUrl, scratchFolder, workerFolder } from './folder.js';

interface World {
  folder: string;
  run: string;
  recover(options?: { claim?: Claim; started?: string[]; boot?: string }): Promise<{
    inProgress: number;
    rebooting: boolean;
    started: [folder: string, why: RunOneOptions][];
    lines: string[];
  }>;
}

/** A worker's folder with one run, whose state is as a test says. */
async function worldWith(state: Partial<RunState>): Promise<World> {
  const folder = scratchFolder();
  const url = runUrl('unit');
  const run = (await makeRunFolder(folder, url, rundefText(url), new Date())) ?? '';
  await writeRunState(run, { ...(await readRunState(run)), ...state });
  return {
    folder,
    run,
    recover: async ({ claim = 'start', started = [], boot } = {}) => {
      const begun: [string, RunOneOptions][] = [];
      const { log, lines } = keptLog();
      const recovery = await recoverRuns({
        folder,
        log,
        start: (at, why) => begun.push([at, why]),
        claim: async () => claim,
        started: new Set(started),
        ...(boot === undefined ? {} : { boot }),
      });
      return { ...recovery, started: begun, lines };
    },
  };
}

const begun: Partial<RunState> = { phase: 'script', starts: 1, known: { container: 'abc' } };

describe('a run whose process died', () => {
  test('gets another one', async () => {
    const { run, recover } = await worldWith(begun);
    expect(await recover()).toMatchObject({ inProgress: 1, rebooting: false, started: [[run, {}]] });
  });

  test('gets none while the other lives', async () => {
    const { run, recover } = await worldWith(begun);
    const lock = await takeRunLock(run);
    expect(await recover()).toMatchObject({ inProgress: 1, started: [] });
    await lock?.release();
  });

  test('gets none while one that was started here has not yet taken its lock', async () => {
    const { run, recover } = await worldWith(begun);
    expect(await recover({ started: [run] })).toMatchObject({ inProgress: 1, started: [] });
  });

  test('again and again is given up, so that it ends', async () => {
    const { run, recover } = await worldWith({ ...begun, starts: 10 });
    const { started, lines } = await recover();
    expect(started).toEqual([[run, { givenUp: true }]]);
    expect(lines.join('')).toMatch(/ERROR .*died too often/);
  });

  test('after its verdict only has it told', async () => {
    const { run, recover } = await worldWith({ ...begun, starts: 30, known: { verdict: {} } });
    expect((await recover({ boot: 'another' })).started).toEqual([[run, {}]]);
  });
});

describe('after a reboot of the host', () => {
  test('that nobody asked for, a run in progress is reported', async () => {
    const { run, recover } = await worldWith(begun);
    expect((await recover({ boot: 'another' })).started).toEqual([[run, { afterReboot: true }]]);
  });

  test('a run that had not begun is begun', async () => {
    const { run, recover } = await worldWith({});
    expect((await recover({ boot: 'another' })).started).toEqual([[run, {}]]);
  });

  test('that the run asked for, it goes on from where it waited', async () => {
    const world = await worldWith({ ...begun, phase: 'reboot', known: { reboot: { cold: false, script: 'x' } } });
    renameSync(world.run, rebootedRun(world.folder));
    expect(await world.recover({ boot: 'another' })).toMatchObject({
      rebooting: false,
      inProgress: 1,
      started: [[world.run, {}]],
    });
    expect(await exists(rebootedRun(world.folder))).toBe(false);
  });

  test('that is still to come, nothing else begins', async () => {
    const world = await worldWith({ ...begun, phase: 'reboot', known: { reboot: { cold: false, script: 'x' } } });
    renameSync(world.run, rebootedRun(world.folder));
    const lock = await takeRunLock(rebootedRun(world.folder));
    expect(await world.recover()).toMatchObject({ rebooting: true, inProgress: 1, started: [] });
    await lock?.release();
  });

  test('the run of a reference worker goes on, which keeps no state', async () => {
    const world = await worldWith({});
    renameSync(world.run, rebootedRun(world.folder));
    rmSync(join(rebootedRun(world.folder), 'state.json'));
    expect((await world.recover()).started).toEqual([[world.run, {}]]);
    expect(await readRunState(world.run)).toMatchObject({ runUrl: runUrl('unit'), boot: currentBoot() });
  });

  test('a folder that waits and holds no run stops nobody', async () => {
    const world = await worldWith(begun);
    mkdirSync(rebootedRun(world.folder));
    const { started, lines } = await world.recover();
    expect(started).toEqual([[world.run, {}]]);
    expect(lines.join('')).toMatch(/ERROR .*rebooted-run/);
  });
});

describe('a run that was taken and not begun', () => {
  test('is dropped when the server has given it to somebody else', async () => {
    const { run, folder, recover } = await worldWith({});
    expect(await recover({ claim: 'drop' })).toMatchObject({ inProgress: 0, started: [] });
    expect(await exists(run)).toBe(false);
    expect(await listRuns(folder)).toEqual([]);
  });

  test('keeps its slot while the server cannot be asked', async () => {
    const { recover } = await worldWith({});
    expect(await recover({ claim: 'wait' })).toMatchObject({ inProgress: 1, started: [] });
  });
});

describe('a run whose end the server does not accept', () => {
  const unreported = (next: number): Partial<RunState> => ({
    ...begun,
    known: { verdict: {} },
    unreported: { since: new Date().toISOString(), tries: 1, next: new Date(next).toISOString(), answer: 'no' },
  });

  test('takes no slot, and waits for its next try', async () => {
    const { folder, recover } = await worldWith(unreported(Date.now() + 60_000));
    expect(await recover()).toMatchObject({ inProgress: 0, started: [] });
    expect(await runsInProgress(folder)).toEqual([]);
    expect(await listRuns(folder)).toHaveLength(1);
  });

  test.each([
    ['is due', -1_000],
    ['was put off by a clock that has been set back since', 3 * 3_600_000],
  ])('gets a process when its next try %s', async (_, ms) => {
    const { run, recover } = await worldWith(unreported(Date.now() + ms));
    expect(await recover()).toMatchObject({ inProgress: 0, started: [[run, {}]] });
  });
});

describe('a folder that was damaged', () => {
  test('without a state is reported to the server', async () => {
    const { run, recover } = await worldWith(begun);
    writeFileSync(join(run, 'state.json'), '{"version": 1, "run');
    expect((await recover()).started).toEqual([[run, { givenUp: true }]]);
  });

  test('without a run definition is removed by its process: the run had ended', async () => {
    const { folder, run, recover } = await worldWith(begun);
    rmSync(join(run, 'rundef.json'));
    expect(await recover()).toMatchObject({ inProgress: 0, started: [[run, {}]] });
    writeFileSync(join(folder, 'settings.conf'), readFileSync(join(workerFolder(), 'settings.conf')));
    await executeRunProcess(run, {}, keptLog().log);
    expect(await listRuns(folder)).toEqual([]);
  });

  test('whose process died over its removal, is removed by the next one', async () => {
    const { folder, run } = await worldWith({ ...begun, phase: 'done' });
    for (const name of ['rundef.json', 'state.json']) rmSync(join(run, name));
    writeFileSync(join(folder, 'settings.conf'), readFileSync(join(workerFolder(), 'settings.conf')));
    await executeRunProcess(run, {}, keptLog().log);
    expect(await listRuns(folder)).toEqual([]);
  });

  test('beyond all use is told, and stops no other', async () => {
    const { folder, run, recover } = await worldWith(begun);
    const other = runUrl('other');
    const second = (await makeRunFolder(folder, other, rundefText(other), new Date())) ?? '';
    writeFileSync(join(run, 'state.json'), '');
    writeFileSync(join(run, 'rundef.json'), '{');
    const { started, lines } = await recover();
    expect(started).toEqual([[second, {}]]);
    expect(lines.join('')).toMatch(/ERROR .*rundef\.json/);
  });
});
