/** The host's properties, sent to the server once and after each change. */
import { readFile, statfs } from 'node:fs/promises';
import { cpus, loadavg, machine, totalmem } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeAtomically } from '../lib/index.js';
import type { CheckIn, WorkerProperties } from '../server/index.js';
import type { WorkerSettings } from './settings.js';

export async function hostProperties(settings: WorkerSettings): Promise<WorkerProperties> {
  return {
    name: settings.hostname,
    api_key: settings.apiKey,
    distro: distroIn(await readFile('/etc/os-release', 'utf8').catch(() => '')),
    mem_total: totalmem(),
    cpu_total: cpus().length,
    cpu_type: machine(),
    concurrent_runs: settings.concurrentRuns,
    host_tags: settings.hostTags,
    surges_only: settings.surgesOnly,
  };
}

/** Of os-release; `?` when it does not say. @public */
export function distroIn(osRelease: string): string {
  const [, value = '?'] = /^PRETTY_NAME=(.*)$/m.exec(osRelease) ?? [];
  return value.trim().replaceAll(/["']/g, '');
}

/** The engine keeps its images and volumes there: what is free elsewhere helps no run. */
const DISK = '/var/lib';

/** @param availableRunners how many runs this worker would take now */
export async function hostLoad(availableRunners: number): Promise<CheckIn> {
  const [memory, disk] = await Promise.all([readFile('/proc/meminfo', 'utf8'), statfs(DISK)]);
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  return {
    available_runners: availableRunners,
    mem_free: Number(/^MemFree:\s+(\d+)/m.exec(memory)?.[1] ?? 0) * 1024,
    disk_free: disk.bsize * disk.bavail,
    load_avg_1: one,
    load_avg_5: five,
    load_avg_15: fifteen,
  };
}

/** The reference worker's file of the same name and content. */
export const cachePath = (folder: string): string => join(folder, 'hostprops.cache');

/** Whether the server has these properties, as far as is known. */
export async function isKnown(folder: string, properties: WorkerProperties): Promise<boolean> {
  try {
    return isDeepStrictEqual(JSON.parse(await readFile(cachePath(folder), 'utf8')), properties);
  } catch {
    // Not there, or half written by a worker that was killed: they are sent once more.
    return false;
  }
}

/** They hold the worker's key: 0600. */
export function remember(folder: string, properties: WorkerProperties): Promise<void> {
  return writeAtomically(cachePath(folder), JSON.stringify(properties));
}
