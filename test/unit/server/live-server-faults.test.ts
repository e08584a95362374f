/** The faults that the live server has for other tests: each does what it says, and the next request is served. */

import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { finalStatus } from '../../support/live-server/faults.js';
import type { LiveRun } from '../../support/live-server/live-run.js';
import { type LiveServer, startLiveServer } from '../../support/live-server/live-server.js';

const post = async (run: LiveRun, body: string | Readable, status?: string, signal?: AbortSignal) => {
  const headers = {
    authorization: `Token ${run.definition.api_key}`,
    ...(status === undefined ? {} : { 'x-run-status': status }),
  };
  const answer = await request(run.url, { method: 'POST', headers, body, ...(signal && { signal }) });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
};

const own = (run: LiveRun) => run.console.toString().replace('# Run sent to worker: w1\n', '');

const using = async (test: (server: LiveServer, run: LiveRun) => Promise<void>) => {
  await using server = await startLiveServer();
  await test(server, server.addRun());
};

describe('before anything is stored', () => {
  it.each(['refuse', 'cut-unread', 'cut-before-storing'] as const)('%s resets the connection', (kind) =>
    using(async (server, run) => {
      const fault = server.fault.times(2, 'console', kind);
      await expect(post(run, 'a\n')).rejects.toThrow();
      await expect(post(run, 'b\n')).rejects.toThrow();
      expect((await post(run, 'c\n')).status).toBe(200);
      expect(own(run)).toBe('c\n');
      expect(fault.met).toHaveLength(2);
    }),
  );

  it('a server that vanished refuses connections, and knows everything when it is back', () =>
    using(async (server, run) => {
      await post(run, 'a\n');
      await server.vanish();
      await expect(post(run, 'b\n')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await server.comeBack();
      await post(run, 'c\n');
      expect(own(run)).toBe('a\nc\n');
    }));

  it('an answer of a proxy comes instead, with its headers, until the fault ends', () =>
    using(async (server, run) => {
      const fault = server.fault.always('console', { status: 429, headers: { 'retry-after': '7' }, body: '<html>' });
      expect(await post(run, 'a\n')).toMatchObject({ status: 429, headers: { 'retry-after': '7' }, body: '<html>' });
      expect((await post(run, 'a\n')).status).toBe(429);
      fault.end();
      expect((await post(run, 'a\n')).status).toBe(200);
      expect(own(run)).toBe('a\n');
    }));

  it('a body over the limit is 413, one at the limit is stored', () =>
    using(async (server, run) => {
      server.fault.always('any', { largest: 4 });
      expect((await post(run, '12345')).status).toBe(413);
      expect((await post(run, '1234')).status).toBe(200);
      expect(own(run)).toBe('1234');
    }));

  it('a black hole takes nothing and says nothing until it is released', () =>
    using(async (server, run) => {
      const fault = server.fault.next('any', 'black-hole');
      const lost = post(run, 'a\n');
      await fault.hit;
      expect(run.acknowledged).toBe(false);
      fault.release();
      await expect(lost).rejects.toThrow();
      expect(own(run)).toBe('');
    }));

  it('a stalled request is stored when it is released', () =>
    using(async (server, run) => {
      const fault = server.fault.next('console', 'stall-before-storing');
      const late = post(run, 'a\n');
      await fault.hit;
      expect((await post(run, 'b\n')).status).toBe(200);
      fault.release();
      expect((await late).status).toBe(200);
      expect(own(run)).toBe('b\na\n');
    }));
});

describe('when it is stored', () => {
  it('the answer is lost', () =>
    using(async (server, run) => {
      server.fault.next('console', 'cut-after-storing');
      await expect(post(run, 'a\n')).rejects.toThrow();
      await post(run, 'b\n');
      expect(own(run)).toBe('a\nb\n');
    }));

  it('the answer breaks off', () =>
    using(async (server, run) => {
      server.fault.next('console', 'cut-answer');
      await expect(post(run, 'a\n')).rejects.toThrow();
      expect(own(run)).toBe('a\n');
    }));

  it('a proxy answers in its place', () =>
    using(async (server, run) => {
      server.fault.next('console', { status: 502, stored: true });
      expect((await post(run, 'a\n')).status).toBe(502);
      expect(own(run)).toBe('a\n');
    }));

  it('the answer stalls until the client gives up', () =>
    using(async (server, run) => {
      server.fault.next('console', 'stall-after-storing');
      const patience = new AbortController();
      const lost = post(run, 'a\n', undefined, patience.signal);
      await run.until(() => own(run) === 'a\n');
      patience.abort();
      await expect(lost).rejects.toThrow();
      expect(await server.asked('console')).toMatchObject({ method: 'POST', body: Buffer.from('a\n') });
    }));

  it('only the answer to the final status is lost', () =>
    using(async (server, run) => {
      server.fault.next(finalStatus, 'cut-after-storing');
      expect((await post(run, 'a\n', 'UPLOADING')).status).toBe(200);
      await expect(post(run, 'b\n', 'PASSED')).rejects.toThrow();
      expect((await post(run, 'c\n', 'PASSED')).status).toBe(401);
      expect(run.statuses).toEqual(['RUNNING', 'UPLOADING', 'PASSED']);
      expect(own(run)).toBe('a\nb\n');
    }));

  it('a check-in that is answered late has handed its run out, once', () =>
    using(async (server) => {
      const worker = server.enlist('w9', { key: 'k', tags: 'arm64' });
      const queued = server.queue({ 'host-tag': 'arm*' });
      const late = server.fault.next('check-in', 'stall-after-storing');
      const ask = async () => {
        const url = `${server.url}/workers/w9/?available_runners=1&disk_free=40000000000`;
        const { body } = await request(url, { headers: { authorization: 'Token k' } });
        return (await body.json()) as { data: { worker: { 'run-defs'?: string[] } } };
      };
      const first = ask();
      await queued.until(({ status }) => status === 'RUNNING');
      expect((await ask()).data.worker).not.toHaveProperty('run-defs');
      late.release();
      expect((await first).data.worker['run-defs']).toHaveLength(1);
      expect(worker.checkIns).toHaveLength(2);
      expect(queued).toMatchObject({ workerName: 'w9', statuses: ['RUNNING'] });
    }));
});

describe('the monitor', () => {
  it('lets a run that nobody acknowledged wait again, and no other', () =>
    using(async (server, run) => {
      const heard = server.addRun();
      await post(heard, '');
      expect(server.requeueUnacknowledged()).toEqual([run]);
      expect([run.status, heard.status]).toEqual(['QUEUED', 'RUNNING']);
      expect(server.store.take(server.enlist('w2'))).toBe(run);
      expect(server.requeueUnacknowledged()).toEqual([run]);
    }));
});

describe('a run that ends behind its worker', () => {
  it('is completed for the next post', () =>
    using(async (_server, run) => {
      await post(run, 'a\n');
      run.finish();
      const answer = await post(run, 'b\n');
      expect(answer.status).toBe(401);
      expect(answer.body).toMatch(/complete/);
      expect(own(run)).toBe('a\n');
    }));
});

describe('a slow reader', () => {
  it('takes no more than its pace lets it', () =>
    using(async (server, run) => {
      const piece = Buffer.alloc(1024 * 1024, 'x');
      const calls = new EventEmitter();
      const gate = once(calls, 'open');
      let taken = 0;
      const pace = async (bytes: number) => {
        taken += bytes;
        calls.emit('taken');
        await gate;
      };
      server.fault.next('console', { pace });
      const sent = post(run, Readable.from(Array.from({ length: 64 }, () => piece)));
      await once(calls, 'taken');
      expect(taken).toBeLessThan(piece.length);
      calls.emit('open');
      expect((await sent).status).toBe(200);
      expect(own(run)).toHaveLength(64 * piece.length);
    }));
});
