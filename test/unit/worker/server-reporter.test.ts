/** What a worker's run says to its server, against the live server: the words that the server must and must not get. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RunFailure } from '../../../src/executor/index.js';
import { HttpClient } from '../../../src/server/index.js';
import { type ReporterLimits, RunServer, ServerReporter, Spool } from '../../../src/worker/index.js';
import { finalStatus } from '../../support/live-server/faults.js';
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
  world.reporter = new ServerReporter(new RunServer(http, credentials), spool, limits);
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

  it.each(['RUNNING', 'UPLOADING'] as const)(
    'is seen in the events of the run when %s has overwritten it',
    async (status) => {
      const { server, run, reporter } = await worldWith();
      const held = server.fault.next(({ headers }) => headers['x-run-status'] === status, 'stall-before-storing');
      server.fault.next('read-run', { status: 500 });
      await reporter.status(status);
      await held.hit;
      run.cancel();
      held.release();
      expect(await aborted(reporter.cancelled)).toMatchObject({ reason: 'cancelled' });
      expect(run.statuses.slice(0, 3)).toEqual(['RUNNING', 'CANCELLING', status]);
    },
  );

  it('of an earlier try of the run does not end a later one', async () => {
    const { server, run, reporter } = await worldWith(SILENT, ({ run: again }) => {
      again.cancel();
      for (const status of ['FAILED', 'QUEUED', 'RUNNING'] as const) again.setStatus(status);
    });
    await reporter.status('UPLOADING');
    await server.asked('read-run');
    await reporter.status('PASSED');
    expect(reporter.cancelled.aborted).toBe(false);
    expect(run.status).toBe('PASSED');
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

  it('for a day, by its Retry-After, is asked again within a bound: a cancel must be seen', async () => {
    const { server, run, reporter } = await worldWith({ ...SILENT, longestRetryAfter: 10 });
    server.fault.next('console', { status: 429, headers: { 'retry-after': '86400' } });
    await reporter.write(Buffer.from('line\n'));
    await run.until(({ console }) => console.includes('line\n'));
    expect(run.console.toString().match(/^line$/gm)).toHaveLength(1);
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

describe('a final status whose answer is lost', () => {
  it.each([
    ['that can be asked', 200],
    ['that does not let a worker ask', 403],
  ])('is told once, to a server %s', async (_, status) => {
    const { server, run, reporter } = await worldWith();
    if (status !== 200) server.fault.always('read-run', { status });
    const lost = server.fault.next(finalStatus, 'cut-after-storing');
    await reporter.status('PASSED');
    expect(lost.met).toHaveLength(1);
    expect(run.statuses).toEqual(['RUNNING', 'PASSED']);
  });
});

describe('a server that accepts every call but one', () => {
  const patience = 200;

  it('the final status, leaves the run unreported, with its last answer', async () => {
    const { server, run, reporter } = await worldWith({ ...SILENT, patience });
    const refused = server.fault.always(finalStatus, { status: 500, body: 'no such result' });
    await reporter.write(Buffer.from('line\n'));
    await run.until(({ console }) => console.includes('line\n'));
    await reporter.status('PASSED');
    expect(reporter.unreported?.message).toMatch(/\(500\).*no such result/);
    expect(refused.met.length).toBeGreaterThan(1);
    expect(run.console.toString()).toContain('line\n');
    expect(run.complete).toBe(false);
  });

  it('the console, leaves the run unreported', async () => {
    const { server, reporter } = await worldWith({ ...SILENT, patience });
    server.fault.always('console', { status: 500 });
    await reporter.write(Buffer.from('line\n'));
    await reporter.status('PASSED');
    expect(reporter.unreported?.message).toMatch(/\(500\)/);
  });

  it('a test, goes on without it, and says so', async () => {
    const { server, run, reporter } = await worldWith({ ...SILENT, patience });
    server.fault.always('add-test', { status: 500 });
    const lost = await reporter.test({ name: 'unit', context: null, status: 'PASSED', results: [] });
    expect(lost).toMatch(/send the results of the test "unit".*\(500\)/);
    await reporter.status('PASSED');
    expect(run.status).toBe('PASSED');
  });
});

describe('a run that was ended on the server before its worker reported PASSED', () => {
  it('FAILED, has not passed here either', async () => {
    const { run, reporter } = await worldWith();
    run.finish('FAILED');
    await reporter.write(Buffer.from('line\n'));
    await aborted(reporter.cancelled);
    await expect(reporter.status('PASSED')).rejects.toThrow(/ended on the server .* has it as FAILED/);
  });

  it('FAILED, and not seen before the final status, has not passed here either', async () => {
    const { server, run, reporter } = await worldWith();
    const last = server.fault.next(finalStatus, 'stall-before-storing');
    const ended = reporter.status('PASSED');
    ended.catch(() => {});
    await last.hit;
    run.finish('FAILED');
    last.release();
    await expect(ended).rejects.toThrow(/ended on the server .* has it as FAILED/);
  });

  it('PASSED, has passed', async () => {
    const { run, reporter } = await worldWith();
    run.finish('PASSED');
    await reporter.write(Buffer.from('line\n'));
    await aborted(reporter.cancelled);
    await reporter.status('PASSED');
  });
});

describe('a run whose folder is gone', () => {
  it('is FAILED on the server, with the reason', async () => {
    const { run, reporter } = await worldWith();
    await reporter.write(Buffer.from('line\n'));
    reporter.abandon(new RunFailure('lost', 'The folder of the run was removed.'));
    await reporter.status('FAILED');
    expect(run.status).toBe('FAILED');
    expect(run.console.toString()).toMatch(/The run has FAILED: .*The folder of the run was removed/);
  });
});

describe('a post whose answer is lost', () => {
  it.each(['none', 'offset-ignored', 'sent-from-0', 'status-removed'] as const)(
    'is not repeated; what the server makes of the offset: %s',
    async (quirk) => {
      const { server, run, reporter } = await worldWith();
      server.store.consoleQuirk = quirk;
      const before = run.console.toString();
      for (let line = 1; line <= 40; line++) {
        if (line % 10 === 0) server.fault.next('console', line % 20 === 0 ? 'cut-after-storing' : 'cut-before-storing');
        await reporter.write(Buffer.from(`line ${line}\n`));
        if (line % 5 === 0) await run.until(({ console }) => console.includes(`line ${line}\n`));
      }
      await reporter.status('PASSED');
      const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}\n`);
      expect(run.console.toString()).toBe(`${before}${lines.join('')}`);
    },
  );

  it('is followed by a warning where the console has bytes that this worker has no record of', async () => {
    const { server, run, reporter } = await worldWith();
    await reporter.write(Buffer.from('line 1\n'));
    await run.until(({ console }) => console.includes('line 1\n'));
    server.fault.next('console', 'cut-before-storing');
    run.append('somebody else\n');
    await reporter.write(Buffer.from('line 2\n'));
    await reporter.status('PASSED');
    expect(run.console.toString()).toMatch(
      /\nline 1\nsomebody else\nline 2\n.*WARN .* 14 bytes stand .* no record of sending/,
    );
  });
});

describe('a test whose name the server has no route for', () => {
  it.each(['..', '.', '', '/', 'a/b', '../../x'])(
    '(%j) is not posted anywhere, and not taken for reported',
    async (name) => {
      const { server, reporter } = await worldWith();
      await reporter.status('RUNNING');
      const lost = await reporter.test({ name, context: null, status: 'PASSED', results: [] });
      expect(lost).toContain('no address for a test');
      expect(server.requests.filter(({ body }) => body.includes('"results"'))).toEqual([]);
    },
  );

  it('is told from one that only looks like it', async () => {
    const { run, reporter } = await worldWith();
    const name = '%2e%2e?x#y\\';
    expect(await reporter.test({ name, context: null, status: 'PASSED', results: [] })).toBeUndefined();
    expect(run.tests.map((test) => test.name)).toEqual([name]);
  });
});
