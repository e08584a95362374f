/** What a worker's run says to its server, against the live server: the words that the server must and must not get. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpClient } from '../../../src/server/http.js';
import { runServer } from '../../../src/worker/run/run-server.js';
import { type ReporterLimits, ServerReporter } from '../../../src/worker/run/server-reporter.js';
import { Spool } from '../../../src/worker/run/spool.js';
import type { LiveRun } from '../../support/live-server/live-run.js';
import { type LiveServer, startLiveServer } from '../../support/live-server/live-server.js';

/** It never asks by itself whether the run is cancelled: only what it has to say is sent. */
const SILENT = { interval: 1, gather: 1, poll: 2 ** 30, firstWait: 5, longestWait: 20, settle: 5 };

interface World {
  server: LiveServer;
  run: LiveRun;
  reporter: ServerReporter;
}

async function worldWith(limits: Partial<ReporterLimits> = SILENT, prepare = (_: World) => {}): Promise<World> {
  const server = await startLiveServer();
  const run = server.addRun();
  const http = new HttpClient();
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-reporter-'));
  const world = { server, run } as World;
  prepare(world);
  const spool = new Spool(join(folder, 'spool'));
  const credentials = { runUrl: run.url, apiKey: run.definition.api_key };
  world.reporter = new ServerReporter(runServer(http, credentials), spool, limits);
  onTestFinished(async () => {
    await world.reporter.close();
    await http.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return world;
}

const aborted = (signal: AbortSignal): Promise<Error> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });

describe('a cancel that nobody has seen yet', () => {
  it('is not overwritten by the status of a script that ends', async () => {
    const { run, reporter } = await worldWith();
    await reporter.write(Buffer.from('line\n'));
    await run.until(({ console }) => console.includes('line\n'));
    run.cancel();
    await reporter.status('UPLOADING');
    expect(await aborted(reporter.cancelled)).toMatchObject({ reason: 'cancelled' });
    expect(run.status).toBe('CANCELLING');
    await reporter.status('FAILED');
    expect(run.statuses).toEqual(['RUNNING', 'CANCELLING', 'FAILED']);
  });

  it('is not overwritten by the first word of a run', async () => {
    const { run, reporter } = await worldWith(SILENT, ({ run: cancelled }) => cancelled.cancel());
    await reporter.status('RUNNING');
    expect(await aborted(reporter.cancelled)).toMatchObject({ reason: 'cancelled' });
    expect(run.status).toBe('CANCELLING');
  });
});

describe('a server that does not take the console', () => {
  const withBody = (headers: Record<string, unknown>) => Number(headers['content-length']) > 0;

  it('hears all the same how the run ended, and why', async () => {
    const { server, run, reporter } = await worldWith();
    await run.until(({ acknowledged }) => acknowledged);
    server.fault.next(({ endpoint, headers }) => endpoint === 'console' && withBody(headers), { status: 403 });
    await reporter.write(Buffer.from('what a firewall does not like\n'));
    expect(await aborted(reporter.cancelled)).toMatchObject({ reason: 'cancelled' });
    await reporter.status('FAILED');
    expect(run.status).toBe('FAILED');
    expect(run.console.toString()).toMatch(/\n== .*: The run has FAILED: .*\(403\)/);
    expect(run.console.toString()).not.toContain('firewall');
  });

  it('not a byte of it, hears at least how the run ended', async () => {
    const { server, run, reporter } = await worldWith();
    server.fault.always(({ endpoint, headers }) => endpoint === 'console' && withBody(headers), { status: 400 });
    await reporter.write(Buffer.from('line\n'));
    await aborted(reporter.cancelled);
    await reporter.status('FAILED');
    expect(run.statuses.at(-1)).toBe('FAILED');
  });

  it('because the run is over there, hears no more', async () => {
    const { server, run, reporter } = await worldWith();
    run.finish('PASSED');
    await reporter.write(Buffer.from('line\n'));
    expect(await aborted(reporter.cancelled)).toMatchObject({ message: expect.stringContaining('nothing more') });
    const before = server.requests.length;
    await reporter.status('FAILED');
    expect(server.requests.slice(before)).toEqual([]);
    expect(run.status).toBe('PASSED');
  });
});
