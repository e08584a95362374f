/** What the process of a worker's run costs: its memory while the script runs, its processor time to the end. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeRunFolder } from '../../src/worker/index.js';
import { type LiveServer, startLiveServer } from '../../test/support/live-server/live-server.js';
import { TestRegistry } from '../../test/support/registry.js';
import { IMAGE } from './fixtures.js';
import { costOf, median } from './measure.js';
import type { Row } from './rows.js';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const ENGINE = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
const WORKER = 'bench';
/** How long a script takes: V8 frees memory once a process has been idle for some 15 s. */
const SCRIPT_SECONDS = 22;
const MOST_MEBIBYTES = 16;
const MOST_SECONDS = 0.4;

export const RUN_PROCESS_ROW: Row = {
  id: 'run-process',
  what: "the process of a worker's trivial run: processor time to its end; private memory while its script runs",
  goal: `≤ ${MOST_SECONDS} s, ≤ ${MOST_MEBIBYTES} MiB`,
  measure: async (folder, pairs) => {
    const costs = await costsOfRuns(folder, 1, Math.min(pairs, 5));
    const of = (pick: (cost: RunCost) => number) => median(costs.map(pick));
    const [seconds, own] = [of((cost) => cost.seconds), of((cost) => cost.privateMebibytes)];
    return {
      figure: `${seconds.toFixed(2)} s, ${own.toFixed(1)} MiB`,
      detail: `PSS ${of((cost) => cost.pssMebibytes).toFixed(1)} MiB, ${costs.length} runs`,
      met: seconds <= MOST_SECONDS && own <= MOST_MEBIBYTES,
      commands: ['node bin/run.js worker run-one $T/runs/RUN'],
    };
  },
};

interface RunCost {
  /** Processor time, to the end. */
  seconds: number;
  privateMebibytes: number;
  pssMebibytes: number;
}

/** @param folder becomes a worker's; @param together so many runs at a time; @param rounds how often */
export async function costsOfRuns(folder: string, together: number, rounds: number): Promise<RunCost[]> {
  const server = await startLiveServer();
  const registry = await TestRegistry.start(ENGINE);
  try {
    const image = await registry.push(IMAGE, 'bench/run-process:1');
    writeSettings(folder, server, together);
    const costs: RunCost[] = [];
    // The first run pulls the image.
    await measured(folder, server, image, 'first', 0);
    for (let round = 0; round < rounds; round++) {
      const names = Array.from({ length: together }, (_, index) => `run-${round}-${index}`);
      costs.push(...(await Promise.all(names.map((name) => measured(folder, server, image, name, SCRIPT_SECONDS)))));
    }
    await registry.forget(image);
    return costs;
  } finally {
    await registry.stop();
    await server.stop();
  }
}

/** Makes a folder that of a worker which the server gives work. */
export function writeSettings(folder: string, server: LiveServer, slots: number): void {
  server.enlist(WORKER);
  const settings = `[jobserv]\nserver_url = ${server.url}\nhostname = ${WORKER}\nhost_api_key = key\nhost_tags = amd64\nconcurrent_runs = ${slots}\n`;
  writeFileSync(join(folder, 'settings.conf'), settings, { mode: 0o600 });
}

async function measured(folder: string, server: LiveServer, image: string, name: string, asleep: number) {
  const script = `#!/bin/sh\necho begun\nsleep ${asleep}\n`;
  const run = server.queue({ script, container: image }, { name });
  server.store.give(run, WORKER);
  const rundef = JSON.stringify(server.store.handedOut(run, server.url));
  const runFolder = await makeRunFolder(folder, run.url, rundef, new Date());
  if (runFolder === undefined) throw new Error('The run has a folder already.');
  let memory = { privateMebibytes: Number.NaN, pssMebibytes: Number.NaN };
  const { seconds } = await costOf([process.execPath, RUN, 'worker', 'run-one', runFolder], folder, async (pid) => {
    await run.until(({ console }) => console.includes('begun'));
    if (asleep === 0) return;
    await sleep(asleep * 1000 - 1500);
    memory = memoryOf(pid);
  });
  if (run.status !== 'PASSED') throw new Error(`The run is ${run.status}:\n${run.console}`);
  return { seconds, ...memory };
}

function memoryOf(pid: number) {
  const kibibytes = Object.fromEntries(
    [...readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name, size]) => [
      name,
      Number(size),
    ]),
  );
  // Clean pages are those of Node's own file, which processes share.
  const { Private_Dirty: dirty = Number.NaN, Pss: pss = Number.NaN } = kibibytes;
  return { privateMebibytes: dirty / 1024, pssMebibytes: pss / 1024 };
}
