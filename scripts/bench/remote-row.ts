/** A repository on its way to an engine that does not see this machine's files. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectEngine } from '../../src/docker/index.js';
import { shell } from '../../test/support/containers.js';
import { canBeElsewhere, EngineElsewhere } from '../../test/support/engine-elsewhere.js';
import { IMAGE } from './fixtures.js';
import { median } from './measure.js';
import type { Row } from './rows.js';

const MOST = 1.3;
const FILES = 2000;
const FILE_BYTES = 50_000;

export const REMOTE_ROWS: Row[] = [
  {
    id: 'remote',
    what: 'a repository of 100 MB to an engine elsewhere, against docker cp',
    goal: `≤ ${MOST} ×`,
    measure: async (_, pairs) => {
      if (!canBeElsewhere) return 'a second engine needs root';
      const elsewhere = await EngineElsewhere.start();
      try {
        return await measure(elsewhere, pairs);
      } finally {
        await elsewhere.stop();
      }
    },
  },
];

async function measure(elsewhere: EngineElsewhere, pairs: number) {
  const source = makeTree(join(elsewhere.hidden, 'repo'));
  const engine = await connectEngine({ logDriver: 'none', surroundings: { env: { DOCKER_HOST: elsewhere.address } } });
  const mounts = [{ source, target: '/repo', readOnly: false }];
  const spec = await shell('true', { mounts });
  const docker = (...argv: string[]) =>
    execFileSync('docker', ['-H', elsewhere.address, ...argv], { encoding: 'utf8' }).trim();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  const ours = async () => {
    const container = await engine.create(spec, new AbortController().signal);
    await container.dispose();
    await engine.removeVolumes(elsewhere.hidden);
  };
  const theirs = async () => {
    const id = docker('create', '-v', '/repo', IMAGE, 'true');
    docker('cp', '-q', '-a', `${source}/.`, `${id}:/repo`);
    docker('rm', '-v', id);
  };
  await ours();
  await theirs();
  const before = process.memoryUsage.rss();
  const times: { ours: number; theirs: number }[] = [];
  for (let pair = 0; pair < pairs; pair++) times.push({ ours: await timed(ours), theirs: await timed(theirs) });
  clearInterval(watch);
  const ratio = median(times.map((time) => time.ours / time.theirs));
  const ms = (side: 'ours' | 'theirs') => median(times.map((time) => time[side])).toFixed(0);
  return {
    figure: `${ratio.toFixed(2)} ×`,
    detail: `${ms('ours')} ms against ${ms('theirs')} ms; memory grew by ${((most - before) / 1e6).toFixed(0)} MB at most`,
    met: ratio <= MOST,
    commands: ['create a container with /repo', 'against docker create, docker cp -a'],
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function makeTree(folder: string): string {
  for (let file = 0; file < FILES; file++) {
    const inside = join(folder, String(file % 100));
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, String(file)), randomBytes(FILE_BYTES));
  }
  return folder;
}
