/** How the costs of a worker grow: artifacts, slots, runs at a time. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { loop, workerLog } from '../../src/worker/index.js';
import { startLiveServer } from '../../test/support/live-server/live-server.js';
import type { GrowthRow } from './growth.js';
import { costsOfRuns, writeSettings } from './run-process-row.js';
import { seconds, uploadSeconds, withServer } from './worker-rows.js';

const UPLOADS_AT_A_TIME = 16;
/** A check-in may come every second, with 0.25 s of jitter at most; the server hands out one run at each. */
const SECONDS_A_SLOT = 1.125;

export const WORKER_GROWTH: readonly GrowthRow[] = [
  {
    id: 'artifacts',
    what: 'N artifacts of 4 KiB to a server (wall time)',
    peer: 'bare PUTs by node:http, without signatures',
    sizes: [100, 1000, 10_000],
    ours: async (folder, size) => ({ seconds: await uploadSeconds(join(folder, 'files'), size, 4096), megabytes: 0 }),
    theirs: async (folder, size) => ({ seconds: await barePuts(join(folder, 'files'), size), megabytes: 0 }),
  },
  {
    id: 'slots',
    what: 'until a loop with N slots has N queued runs, without their processes (wall time)',
    peer: `${SECONDS_A_SLOT} s a check-in`,
    sizes: [4, 16, 64],
    ours: async (folder, size) => ({ seconds: await slotsFilled(folder, size), megabytes: 0 }),
    theirs: async (_, size) => ({ seconds: size * SECONDS_A_SLOT, megabytes: 0 }),
  },
  {
    id: 'runs',
    what: "N runs of a worker at a time, asleep: all their processes' time; the largest private memory",
    peer: 'none',
    sizes: [1, 4, 16],
    ours: async (folder, size) => {
      const costs = await costsOfRuns(folder, size, 1);
      const own = Math.max(...costs.map(({ privateMebibytes }) => privateMebibytes));
      return { seconds: costs.reduce((sum, cost) => sum + cost.seconds, 0), megabytes: own * 1.048576 };
    },
  },
];

/** The least that an upload costs: no batches of names, no signed addresses. */
const barePuts = (root: string, count: number): Promise<number> =>
  withServer(0, ({ url }) =>
    seconds(async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: UPLOADS_AT_A_TIME });
      let next = 0;
      const work = async () => {
        for (let index = next++; index < count; index = next++) {
          const put = request(`${url}/put/f${index}`, { method: 'PUT', agent });
          put.end(readFileSync(join(root, `f${index}`)));
          const [answer] = await once(put, 'response');
          await once(answer.resume(), 'end');
        }
      };
      await Promise.all(Array.from({ length: UPLOADS_AT_A_TIME }, work));
      agent.destroy();
    }),
  );

/** The loop as it is, at its usual interval; runs take their slots and do nothing. */
async function slotsFilled(folder: string, slots: number): Promise<number> {
  const server = await startLiveServer();
  try {
    writeSettings(folder, server, slots);
    for (let index = 0; index < slots; index++) server.queue({}, { name: `run-${index}` });
    const end = new AbortController();
    const running = new Set<string>();
    const start = (run: string) => {
      if (running.add(run).size === slots) end.abort();
    };
    const processes = { start, running, ends: () => new AbortController().signal };
    const log = workerLog({ format: 'text', level: 'error', write: () => {} });
    return await seconds(() => loop({ folder, log, processes, stop: end.signal, leave: end.signal }));
  } finally {
    await server.stop();
  }
}
