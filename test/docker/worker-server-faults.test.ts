/** A server that fails while a run is in progress: nothing of its console is lost or repeated (QUALITY rows 1–6, 9, 35). */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { readRunState, runsInProgress } from '../../src/worker/index.js';
import { containersOf } from '../support/containers-of.js';
import {
  continueRun,
  expectWhole,
  numbered,
  prepareOnServer,
  QUICK,
  removeLater,
  type StartedRun,
  startOnServer,
} from '../support/execute-on-server.js';
import { testImage } from '../support/image.js';
import { finalStatus } from '../support/live-server/faults.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import type { RunFields } from '../support/live-server/store.js';
import { TestRegistry } from '../support/registry.js';

let server: LiveServer;
let registry: TestRegistry;
let image: string;

beforeAll(async () => {
  server = await startLiveServer();
  registry = await TestRegistry.start((await findEngine()).endpoint.address);
  image = await registry.push(await testImage(), 'worker/busybox:1');
});
afterAll(async () => {
  await registry?.stop();
  await server?.stop();
});

let projects = 0;
async function start(fields: RunFields = {}): Promise<StartedRun> {
  const run = server.queue({ script: numbered(300), container: image, project: `f${++projects}`, ...fields });
  const started = await startOnServer(server, run, { tuning: QUICK });
  removeLater(started.folder);
  return started;
}
const hasLine = (line: number) => (run: StartedRun['run']) => run.console.includes(`line ${line}\n`);

describe('the console arrives whole, once, with one final status', () => {
  it('when the server is away for a while', async () => {
    const started = await start();
    await started.run.until(hasLine(50));
    await server.vanish();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await server.comeBack();
    await started.ended;
    await expectWhole(started, 300);
  });

  it.each(['refuse', 'cut-unread', 'cut-before-storing', 'cut-after-storing', 'cut-answer'] as const)(
    'when a post now and then meets: %s',
    async (fault) => {
      const started = await start();
      for (const line of [20, 120, 220]) {
        await started.run.until(hasLine(line));
        server.fault.next('console', fault);
      }
      await started.ended;
      await expectWhole(started, 300);
    },
  );

  it('when an answer stalls after the bytes were stored, until the client gives up', async () => {
    const started = await start();
    await started.run.until(hasLine(50));
    const stalled = server.fault.next('console', 'stall-after-storing');
    await stalled.hit;
    setTimeout(() => stalled.release(), 500);
    await started.ended;
    await expectWhole(started, 300);
  });

  it.each([
    ['500', { status: 500 }],
    ['502, stored nevertheless', { status: 502, stored: true }],
    ['503', { status: 503, headers: { 'retry-after': '0' } }],
  ])('when the server answers %s', async (_, kind) => {
    const started = await start();
    await started.run.until(hasLine(30));
    server.fault.times(3, 'console', kind);
    await started.ended;
    await expectWhole(started, 300);
  });

  it('when it asks for patience, which it gets', async () => {
    const started = await start();
    await started.run.until(hasLine(30));
    const fault = server.fault.next('console', { status: 429, headers: { 'retry-after': '1' } });
    await fault.hit;
    const posts = () => server.requests.filter(({ endpoint }) => endpoint === 'console').length;
    const [at, before] = [performance.now(), posts()];
    await vi.waitFor(() => expect(posts()).toBeGreaterThan(before), 60_000);
    // Not sooner than was asked for; how much later is the machine's.
    expect(performance.now() - at).toBeGreaterThan(900);
    await started.ended;
    await expectWhole(started, 300);
  });

  it('when it takes small pieces only', async () => {
    const started = await start({ script: '#!/bin/sh\nseq 3000 | sed "s/^/line /"\n' });
    const fault = server.fault.always('console', { largest: 2000 });
    await started.ended;
    fault.end();
    await expectWhole(started, 3000);
    expect(fault.met.filter(({ body }) => body.length > 2000).length).toBeGreaterThan(0);
  });

  it('when the answer to the final status is lost', async () => {
    const started = await start();
    const fault = server.fault.next(finalStatus, 'cut-after-storing');
    await started.ended;
    expect(fault.met).toHaveLength(1);
    await expectWhole(started, 300);
  });

  it('when the answers to uploads, tests and signatures are lost, and an address has expired', async () => {
    const junit = '<testsuite name="s"><testcase name="t"/></testsuite>';
    const script = `${numbered(50)}echo '${junit}' > /archive/junit.xml\n`;
    server.fault.next('create-signed', 'cut-after-storing');
    server.fault.next('upload', 'cut-after-storing');
    server.fault.next('upload', { status: 403 });
    server.fault.next('add-test', 'cut-after-storing');
    const started = await start({ script });
    await started.ended;
    await expectWhole(started, 50);
    const { artifacts, tests } = started.run;
    expect([...artifacts.keys()].sort()).toEqual(['console.log', 'junit.xml', 'kept.txt']);
    expect(artifacts.get('kept.txt')?.toString()).toBe('x\n');
    expect(tests).toMatchObject([{ name: 's', status: 'PASSED' }]);
  });
});

describe('the work stops', () => {
  const noisy = '#!/bin/sh\ntrap "" TERM INT\ni=0; while :; do i=$((i+1)); echo "line $i"; done\n';

  it('when the run has been ended on the server: no container is left, and no status is sent', async () => {
    const started = await start({ script: noisy });
    await started.run.until(hasLine(100));
    started.run.finish();
    const { console: before } = started.run;
    await vi.waitFor(() => expect(containersOf(started.folder)).toEqual([]), 60_000);
    await started.ended;
    expect(started.run.statuses.at(-1)).toBe('FAILED');
    expect(started.run.console.equals(before)).toBe(true);
    await expectWhole(started, undefined, 'FAILED');
  });

  it.each([
    ['a script that is noisy and ignores signals', noisy],
    ['a silent one', '#!/bin/sh\ntrap "" TERM\necho "line 1"\nwhile :; do sleep 1; done\n'],
  ])('when it is cancelled: %s', async (_, script) => {
    const started = await start({ script });
    await started.run.until(hasLine(1));
    started.run.cancel();
    await vi.waitFor(() => expect(containersOf(started.folder)).toEqual([]), 60_000);
    await expect(started.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'cancelled' });
    await expectWhole(started, undefined, 'FAILED');
    expect(started.run.console.toString()).toContain('The run has FAILED (cancelled)');
  });

  it('when it is cancelled while its artifacts are uploaded', async () => {
    const uploads = server.fault.always('upload', 'black-hole');
    const started = await start();
    await uploads.hit;
    await started.run.until(({ status }) => status === 'UPLOADING');
    started.run.cancel();
    await expect(started.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'cancelled' });
    uploads.end();
    uploads.release();
    await expectWhole(started, 300, 'FAILED');
  });

  it('when it is cancelled just before the server gets UPLOADING, which overwrites the cancel', async () => {
    const uploads = server.fault.always('upload', 'black-hole');
    const status = server.fault.next(({ headers }) => headers['x-run-status'] === 'UPLOADING', 'stall-before-storing');
    const started = await start();
    await uploads.hit;
    await status.hit;
    started.run.cancel();
    expect(started.run.status).toBe('CANCELLING');
    status.release();
    await expect(started.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'cancelled' });
    expect(started.run.statuses).toEqual(['RUNNING', 'CANCELLING', 'UPLOADING', 'FAILED']);
    uploads.end();
    uploads.release();
    await expectWhole(started, 300, 'FAILED');
  });
});

describe('a run that the server does not let end', () => {
  it('frees its slot, keeps what it needs to report its end, and reports it when the server accepts it', async () => {
    const run = server.queue({ script: numbered(20), container: image, project: `f${++projects}` });
    const refused = server.fault.always((asked) => asked.names[0] === run.project && finalStatus(asked), {
      status: 500,
    });
    const started = await startOnServer(server, run, { tuning: { reporter: { ...QUICK.reporter, patience: 300 } } });
    removeLater(started.folder);
    expect(await started.ended).toMatchObject({ status: 'PASSED' });
    expect(await runsInProgress(started.folder)).toEqual([]);
    expect(readdirSync(started.runFolder).sort()).toEqual(['lock', 'rundef.json', 'spool', 'state.json']);
    expect((await readRunState(started.runFolder)).unreported).toMatchObject({
      tries: 1,
      answer: expect.stringContaining('(500)'),
    });
    expect(containersOf(started.folder)).toEqual([]);
    refused.end();
    expect(await continueRun(started.runFolder, QUICK)).toMatchObject({ status: 'PASSED' });
    await expectWhole(started, 20);
  });

  it('ends when its folder is removed under its process: FAILED, and no container is left', async () => {
    const script = '#!/bin/sh\ni=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.1; done\n';
    const run = server.queue({ script, container: image, project: `f${++projects}` });
    const started = await startOnServer(server, run, { tuning: { ...QUICK, watchFolder: 100 } });
    removeLater(started.folder);
    await run.until(hasLine(3));
    rmSync(started.runFolder, { recursive: true, force: true });
    expect(await started.ended).not.toMatchObject({ status: 'PASSED' });
    expect(run.statuses.at(-1)).toBe('FAILED');
    expect(run.console.toString()).toContain('The folder of the run was removed');
    expect(containersOf(started.folder)).toEqual([]);
  });

  it('is not executed a second time when the state of the worker is as it was before its container', async () => {
    const run = server.queue({ script: numbered(20), container: image, project: `f${++projects}` });
    const { folder, runFolder } = await prepareOnServer(server, run);
    removeLater(folder);
    const { id } = await readRunState(runFolder);
    const labels = [`io.jobserv.owner=worker-run-${id}`, 'io.jobserv.run=unit'].flatMap((label) => ['--label', label]);
    const args = ['run', '--detach', ...labels, '--entrypoint', '/bin/busybox', image, 'sleep', '600'];
    const container = execFileSync('docker', args, { encoding: 'utf8' }).trim();
    expect(await continueRun(runFolder, QUICK)).toMatchObject({ status: 'FAILED', cause: 'lost' });
    expect(run.console.toString()).toMatch(/was started before, in the container .*not started a second time/);
    expect(run.console.toString()).not.toContain('line 1');
    await expectWhole({ run, folder }, 0, 'FAILED');
    expect(() => execFileSync('docker', ['inspect', container], { stdio: 'pipe' })).toThrow(/No such/i);
  });

  it('is not executed a second time either when that container is gone, nor kept from a worker that gets it again', async () => {
    const run = server.queue({ script: numbered(20), container: image, project: `f${++projects}` });
    const { folder, runFolder } = await prepareOnServer(server, run);
    removeLater(folder);
    run.append('\n== 2026-01-01 00:00:00 UTC: The worker lab-7 takes the run\nline 1\n');
    expect(await continueRun(runFolder, QUICK)).toMatchObject({ status: 'FAILED', cause: 'lost' });
    expect(run.console.toString()).toMatch(/has begun the run before, but the run's state does not mention that/);
    await expectWhole({ run, folder }, 1, 'FAILED');

    const again = server.queue({ script: numbered(20), container: image, project: `f${++projects}` });
    again.append('\n== 2026-01-01 00:00:00 UTC: The worker lab-7 takes the run\n');
    const started = await startOnServer(server, again, { tuning: QUICK });
    removeLater(started.folder);
    await started.ended;
    await expectWhole(started, 20);
  });
});
