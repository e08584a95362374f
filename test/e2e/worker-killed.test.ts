/** kill -9 of a run's process in each phase: another one finishes it, and nothing is executed twice (QUALITY rows 13, 18). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeCodeRepository } from '../support/code-repository.js';
import { containersOf } from '../support/containers-of.js';
import { expectWhole } from '../support/execute-on-server.js';
import { Gate } from '../support/gate.js';
import { type GitHttpServer, startGitHttpServer } from '../support/git-http-server.js';
import { finalStatus } from '../support/live-server/faults.js';
import type { LiveRun } from '../support/live-server/live-run.js';
import type { RunFields } from '../support/live-server/store.js';
import { useImage, WorkerWorld } from './worker-world.js';

const image = useImage();
let git: GitHttpServer;
let sha: string;

beforeAll(async () => {
  const root = mkdtempSync(join(tmpdir(), 'jobserv-killed-git-'));
  sha = makeCodeRepository(root, { 'a.txt': 'from git\n' });
  git = await startGitHttpServer(join(root, 'served'), '');
});
afterAll(() => git?.close());

const SCRIPT = `echo x >> /count/times; i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo "line $i"; done
echo '<testsuite name="s"><testcase name="t"/></testsuite>' > /archive/junit.xml\n`;
const COUNT = { 'persistent-volumes': { count: '/count' } };

async function gateTo(upstream: string): Promise<Gate> {
  const gate = await Gate.start(upstream);
  onTestFinished(() => gate.close());
  return gate;
}

interface Held {
  fields?: RunFields;
  /** What is left to do so that the next process can go on. */
  release(): void;
}

/** Holds a run in a phase; what the phase waits for is let go by `release`. */
const HOLDS = {
  pull: async () => {
    const gate = await gateTo(image.name.split('/')[0] ?? '');
    return { fields: { container: `${gate.host}/worker/busybox:1` }, release: () => gate.open() };
  },
  prepare: async () => {
    const gate = await gateTo(new URL(git.url).host);
    const env = { GIT_URL: `http://${gate.host}/code.git`, GIT_SHA: sha };
    return { fields: { trigger_type: 'git_poller', env }, release: () => gate.open() };
  },
  upload: async ({ server }: WorkerWorld) => {
    const fault = server.fault.always('create-signed', 'black-hole');
    return { release: () => [fault.end(), fault.release()] };
  },
  tests: async ({ server }: WorkerWorld) => {
    const fault = server.fault.next('add-test', 'stall-before-storing');
    return { release: () => fault.release() };
  },
  report: async ({ server }: WorkerWorld) => {
    const fault = server.fault.next(finalStatus, 'stall-before-storing');
    return { release: () => fault.release() };
  },
};

const hold = (phase: keyof typeof HOLDS, world: WorkerWorld): Promise<Held> => HOLDS[phase](world);

describe('kill -9 in the phase', () => {
  it.each(Object.keys(HOLDS) as (keyof typeof HOLDS)[])('%s', async (phase) => {
    const world = await WorkerWorld.create(image.name);
    const { fields, release } = await hold(phase, world);
    const run = world.queue(SCRIPT, { ...COUNT, ...fields });
    await world.checkIn();
    await vi.waitFor(async () => expect(await world.shown()).toMatchObject([{ phase }]), 60_000);
    const { pid } = await world.inProgress();
    process.kill(pid, 'SIGKILL');
    release();
    await world.checkIn();
    await run.until(({ complete }) => complete);
    await world.cleared();
    await expectWhole({ run, folder: world.folder }, 50);
    expect(run.statuses).toEqual(['RUNNING', 'UPLOADING', 'PASSED']);
    expect(readFileSync(join(world.volume('count', run.project), 'times'), 'utf8')).toBe('x\n');
    expect(run.tests.filter(({ name }) => name === 's')).toHaveLength(1);
  });
});

describe('a cancel while', () => {
  it.each(['pull', 'prepare'] as const)(
    'the phase %s waits: its child is gone, and the run has FAILED',
    async (phase) => {
      const world = await WorkerWorld.create(image.name);
      const { fields } = await hold(phase, world);
      const run: LiveRun = world.queue(SCRIPT, { ...COUNT, ...fields });
      await world.checkIn();
      await vi.waitFor(async () => expect(await world.shown()).toMatchObject([{ phase }]), 60_000);
      run.cancel();
      await run.until(({ complete }) => complete);
      await world.cleared();
      expect(run.status).toBe('FAILED');
      expect(run.console.toString()).toContain('The run has FAILED (cancelled)');
      expect(containersOf(world.folder)).toEqual([]);
      const address = String(fields?.env?.['GIT_URL'] ?? fields?.container);
      expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(address);
    },
  );
});
