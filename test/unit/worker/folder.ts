/** What the tests of the worker share: a folder of one, and a log that is kept. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type WorkerLog, workerLog } from '../../../src/worker/index.js';

/** An empty one, gone with the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-worker-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** One with settings. */
export function workerFolder(serverUrl = 'http://127.0.0.1:9', more = ''): string {
  const folder = scratchFolder();
  const settings = `[jobserv]
server_url = ${serverUrl}
version = 8f14e45f
log_level = INFO
concurrent_runs = 2
host_tags = amd64,kvm
surges_only = 0
host_api_key = a#b;c!@$^&*~
hostname = w1
${more}`;
  writeFileSync(join(folder, 'settings.conf'), settings, { mode: 0o600 });
  return folder;
}

export function keptLog(): { log: WorkerLog; lines: string[] } {
  const lines: string[] = [];
  return { log: workerLog({ format: 'text', level: 'debug', write: (line) => lines.push(line) }), lines };
}

export const runUrl = (name: string, server = 'http://127.0.0.1:9'): string =>
  `${server}/projects/acme/blinky/builds/7/runs/${name}/`;

export const rundefText = (url: string): string =>
  JSON.stringify({
    project: 'acme/blinky',
    run_url: url,
    api_key: 'k',
    env: { H_PROJECT: 'acme/blinky', H_BUILD: '7', H_RUN: 'r' },
  });
