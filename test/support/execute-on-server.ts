/** A run of a live server, executed as its worker does, in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executeRunFolder, type RunTuning } from '../../src/worker/run/run-one.js';
import { makeRunFolder } from '../../src/worker/runs.js';
import type { LiveRun } from './live-server/live-run.js';
import type { LiveServer } from './live-server/live-server.js';

const SETTINGS = { hostname: 'lab-7', sharedVolumes: {}, tools: { reboot: '/bin/false', coldReboot: '/bin/false' } };

export async function executeOnServer(server: LiveServer, run: LiveRun, tuning: RunTuning = {}): Promise<LiveRun> {
  const folder = await mkdtemp(join(tmpdir(), 'jobserv-worker-'));
  server.store.give(run, SETTINGS.hostname);
  const rundef = JSON.stringify(server.store.handedOut(run, server.url));
  const made = await makeRunFolder(folder, run.url, rundef, new Date());
  if (made === undefined) throw new Error('the run has a folder already');
  await executeRunFolder(made, SETTINGS, {}, tuning);
  await rm(folder, { recursive: true, force: true });
  return run;
}
