/** A run of a live server, executed as its worker does, in this process. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { RunOutcome } from '../../src/executor/index.js';
import { executeRunFolder, makeRunFolder, type RunSettings, type RunTuning } from '../../src/worker/index.js';
import { containersOf } from './containers-of.js';
import type { LiveRun } from './live-server/live-run.js';
import type { LiveServer } from './live-server/live-server.js';

const SETTINGS = { hostname: 'lab-7', sharedVolumes: {}, tools: { reboot: '/bin/false', coldReboot: '/bin/false' } };

export interface StartedRun {
  run: LiveRun;
  /** The worker's. */
  folder: string;
  /** The run's own, while it is there. */
  runFolder: string;
  ended: Promise<RunOutcome | undefined>;
}

export interface StartOptions {
  tuning?: RunTuning;
  settings?: Partial<RunSettings>;
  /** The worker's folder; a new one when not given. */
  folder?: string;
}

/** Takes it, as a check-in does, and begins nothing. @param worker the worker's folder; a new one when not given */
export async function prepareOnServer(server: LiveServer, run: LiveRun, worker?: string) {
  const folder = worker ?? (await mkdtemp(join(tmpdir(), 'jobserv-worker-')));
  server.store.give(run, SETTINGS.hostname);
  const rundef = JSON.stringify(server.store.handedOut(run, server.url));
  const runFolder = await makeRunFolder(folder, run.url, rundef, new Date());
  if (runFolder === undefined) throw new Error('the run has a folder already');
  return { folder, runFolder };
}

/** Begins it, as a check-in does; does not wait for its end. */
export async function startOnServer(server: LiveServer, run: LiveRun, options: StartOptions = {}): Promise<StartedRun> {
  const { folder, runFolder } = await prepareOnServer(server, run, options.folder);
  const ended = executeRunFolder(runFolder, { ...SETTINGS, ...options.settings }, {}, options.tuning);
  ended.catch(() => {});
  return { run, folder, runFolder, ended };
}

/** Goes on with a run, as a process that a later check-in starts does. */
export const continueRun = (runFolder: string, tuning: RunTuning = {}): Promise<RunOutcome | undefined> =>
  executeRunFolder(runFolder, SETTINGS, {}, tuning);

/** As `startOnServer`, to its end; nothing is left. */
export async function executeOnServer(server: LiveServer, run: LiveRun, tuning: RunTuning = {}): Promise<LiveRun> {
  const { folder, ended } = await startOnServer(server, run, { tuning });
  await ended;
  await rm(folder, { recursive: true, force: true });
  return run;
}

/** Waits less than a worker does, so that a test does not. */
export const QUICK: RunTuning = {
  reporter: { interval: 50, gather: 10, poll: 200, firstWait: 20, longestWait: 200, settle: 50 },
  artifacts: { firstWait: 10, longestWait: 50 },
};

/** A script that writes numbered lines, some milliseconds apart, and leaves a file. */
export const numbered = (count: number): string =>
  `#!/bin/sh\ni=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo "line $i"; [ $((i % 10)) = 0 ] && sleep 0.02; done; echo x > /archive/kept.txt\n`;

/**
 * The oracle of QUALITY section 2: numbered lines without gap or repeat, exactly one final status; afterwards no
 * container that has anything of the run mounted, no run folder, and so no secret.
 */
export async function expectWhole(
  started: Pick<StartedRun, 'run' | 'folder'>,
  lines: number | undefined,
  status: 'PASSED' | 'FAILED' = 'PASSED',
): Promise<void> {
  const { run, folder } = started;
  await run.until(({ complete }) => complete);
  const found = [...run.console.toString().matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
  // A script that was cut off may have been in the middle of a number: `line 4` of `line 416`.
  if (lines === undefined && String(found.length).startsWith(String(found.at(-1))))
    found[found.length - 1] = found.length;
  expect(found).toEqual(Array.from({ length: lines ?? found.length }, (_, index) => index + 1));
  expect(run.statuses.filter((one) => one === 'PASSED' || one === 'FAILED')).toEqual([status]);
  const runs = join(folder, 'runs');
  expect(existsSync(runs) ? readdirSync(runs) : []).toEqual([]);
  expect(containersOf(folder)).toEqual([]);
}

/** Removes a worker's folder when the test has ended. */
export function removeLater(folder: string): void {
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
}
