/** An artifact of one run on its way to the next, through the server of a simulation. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunDefinition } from '../../src/schema/model.js';
import { LocalRun } from '../../src/simulator/run-server/local-run.js';
import { RunAccess, ScriptServer } from '../../src/simulator/run-server/run-server.js';
import { runPath } from '../../src/simulator/run-server/served-run.js';
import { median } from './measure.js';
import type { Row } from './rows.js';

const BYTES = 1_000_000_000;
const LEAST = 0.7;
const FLAT_BYTES = 64_000_000;
const run = promisify(execFile);

export const SERVED_ROW: Row = {
  id: 'served',
  what: 'an artifact of 1 GB to the next run, by curl, against a file server of node:http',
  goal: `≥ ${LEAST} ×, memory flat`,
  measure: async (folder, pairs) => {
    const archive = join(folder, 'archive');
    mkdirSync(archive);
    const path = join(archive, 'large.bin');
    const file = await open(path, 'w');
    await file.truncate(BYTES);
    await file.close();
    const rundef = { project: 'acme/bench', container: 'x', env: { H_BUILD: '1', H_RUN: 'build' } };
    const served = new LocalRun(rundef as unknown as RunDefinition, { archive, console: join(folder, 'console.log') });
    for (const status of ['RUNNING', 'PASSED'] as const) served.setStatus(status);
    const access = new RunAccess(served, [served]);
    const ours = new ScriptServer();
    await ours.start({ listen: '127.0.0.1', name: '127.0.0.1' });
    ours.add(access);
    const theirs = createServer((_, response) => createReadStream(path).pipe(response)).listen(0, '127.0.0.1');
    await once(theirs, 'listening');
    const fetched = async (url: string, ...login: string[]) => {
      const begun = performance.now();
      const { stdout } = await run('curl', ['-fsS', ...login, '-o', '/dev/null', '-w', '%{size_download}', url]);
      if (Number(stdout) !== BYTES) throw new Error(`${url}: ${stdout} bytes`);
      return performance.now() - begun;
    };
    const ourUrl = `${ours.origin}${runPath(served)}large.bin`;
    const theirUrl = `http://127.0.0.1:${(theirs.address() as AddressInfo).port}/`;
    const ratios: number[] = [];
    let grown = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const before = process.memoryUsage.rss();
      let most = before;
      const watch = setInterval(() => {
        most = Math.max(most, process.memoryUsage.rss());
      }, 20);
      const own = await fetched(ourUrl, '--user', `jobserv:${access.key}`);
      clearInterval(watch);
      if (pair > 0) grown = Math.max(grown, most - before);
      ratios.push((await fetched(theirUrl)) / own);
    }
    await ours.stop();
    theirs.close();
    const ratio = median(ratios);
    return {
      figure: `${ratio.toFixed(2)} ×`,
      detail: `memory grew by ${(grown / 1e6).toFixed(0)} MB at most`,
      met: ratio >= LEAST && grown <= FLAT_BYTES,
      commands: ['curl of H_TRIGGER_URL', 'against createReadStream().pipe(response)'],
    };
  },
};
