/** Figures of the worker: its console, its artifacts, its promptness. The server is a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../src/executor/index.js';
import { HttpClient } from '../../src/server/index.js';
import { RunServer, ServerReporter, Spool, signedArtifacts } from '../../src/worker/index.js';
import type { Row } from './rows.js';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));
/** What the reference's worker reached where its figures were taken (QUALITY section 1). */
const REFERENCE = { filesPerSecond: 703, megabytesPerSecond: 950 };
const MEGABYTE = 1_000_000;

interface Served {
  url: string;
  http: HttpClient;
}

/** @param delay of each answer, ms */
export async function withServer<T>(delay: number, work: (served: Served) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [SERVER, String(delay)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout, 'data');
  const http = new HttpClient();
  try {
    return await work({ url: `http://127.0.0.1:${String(port).trim()}`, http });
  } finally {
    await http.close();
    child.stdin.end();
    await once(child, 'exit');
  }
}

const runOf = ({ url, http }: Served) =>
  new RunServer(http, { runUrl: `${url}/projects/p/builds/1/runs/r/`, apiKey: 'key' });

let spools = 0;
async function sendConsole(served: Served, folder: string, bytes: number): Promise<void> {
  const reporter = new ServerReporter(runOf(served), new Spool(join(folder, `spool-${++spools}`)));
  const chunk = Buffer.alloc(64 * 1024, `${'x'.repeat(63)}\n`);
  for (let sent = 0; sent < bytes; sent += chunk.length) await reporter.write(chunk);
  await reporter.status('PASSED');
  await reporter.close();
}

/** As the reference posts: up to 4 KiB at a time, one after the other, a connection each. */
async function sendAsReference({ url }: Served, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(4096, 'x');
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    const post = request(`${url}/projects/p/builds/1/runs/r/`, {
      method: 'POST',
      agent: new Agent({ keepAlive: false }),
    });
    post.end(chunk);
    const [answer] = await once(post, 'response');
    await once(answer.resume(), 'end');
  }
}

export async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

const silent: Log = {
  heading: async () => {},
  info: async () => {},
  warn: async () => {},
  error: async () => {},
  raw: async () => {},
};

async function upload(served: Served, root: string, count: number, bytes: number): Promise<number> {
  mkdirSync(root, { recursive: true });
  const files = Array.from({ length: count }, (_, index) => ({ path: `f${index}`, sizeBytes: bytes }));
  const content = Buffer.alloc(bytes, 'x');
  for (const { path } of files) writeFileSync(join(root, path), content);
  const artifacts = signedArtifacts(runOf(served), new AbortController().signal);
  // A run that uploads has posted to its server before, so that the HTTP client is loaded.
  await runOf(served).append(Buffer.from('begun\n'));
  return seconds(() => artifacts.store(root, files, silent, new AbortController().signal));
}

/** How long a run's artifacts take to a server without delay. */
export const uploadSeconds = (root: string, count: number, bytes: number): Promise<number> =>
  withServer(0, (served) => upload(served, root, count, bytes));

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

export const WORKER_ROWS: Row[] = [
  {
    id: 'console-server',
    what: "console to a server 20 ms away, against the reference's way of posting",
    goal: '≥ 20 ×',
    measure: (folder, pairs) =>
      withServer(20, async (served) => {
        const [large, small] = [40 * MEGABYTE, MEGABYTE / 4];
        const ratios: number[] = [];
        for (let pair = 0; pair < Math.min(pairs, 10); pair++) {
          const ours = large / (await seconds(() => sendConsole(served, folder, large)));
          ratios.push(ours / (small / (await seconds(() => sendAsReference(served, small)))));
        }
        const ratio = median(ratios);
        const detail = `${ratios.length} pairs of ${large / MEGABYTE} MB and ${small / MEGABYTE} MB`;
        return {
          figure: `${ratio.toFixed(0)} ×`,
          detail,
          met: ratio >= 20,
          commands: ['spool and posts of a run', 'against posts of 4 KiB in series, a connection each'],
        };
      }),
  },
  {
    id: 'line-latency',
    what: 'a line is written, and arrives at a server 20 ms away: p95',
    goal: '≤ 1.50 s',
    measure: (folder) =>
      withServer(20, async (served) => {
        const reporter = new ServerReporter(runOf(served), new Spool(join(folder, `spool-${++spools}`)));
        const written: number[] = [];
        for (let line = 0; line < 100; line++) {
          written.push(Date.now());
          await reporter.write(Buffer.from('x'.repeat(63).concat('\n')));
          await sleep(50 + ((line * 37) % 250));
        }
        await reporter.status('PASSED');
        await reporter.close();
        const { body } = await served.http.send({
          method: 'GET',
          url: `${served.url}/arrivals`,
          what: 'read the arrivals',
        });
        const arrivals = JSON.parse(String(body)) as { at: number; bytes: number }[];
        const times = arrivals.flatMap(({ at, bytes }) => Array.from({ length: bytes / 64 }, () => at));
        const latencies = written.map((at, index) => (times[index] ?? Number.NaN) - at).toSorted((a, b) => a - b);
        const p95 = (latencies[Math.floor(latencies.length * 0.95)] ?? Number.NaN) / 1000;
        return {
          figure: `${p95.toFixed(2)} s`,
          detail: `${latencies.length} lines`,
          met: p95 <= 1.5,
          commands: ['lines 50 to 300 ms apart'],
        };
      }),
  },
  {
    id: 'small-artifacts',
    what: `1,000 artifacts of 4 KiB, against the reference's ${REFERENCE.filesPerSecond} files/s`,
    goal: '≥ 4.00 ×',
    measure: (folder, pairs) =>
      withServer(0, async (served) => {
        const rates: number[] = [];
        for (let pair = 0; pair < Math.min(pairs, 10); pair++)
          rates.push(1000 / (await upload(served, join(folder, 'small'), 1000, 4096)));
        const ratio = median(rates) / REFERENCE.filesPerSecond;
        return {
          figure: `${ratio.toFixed(2)} ×`,
          detail: `${median(rates).toFixed(0)} files/s`,
          met: ratio >= 4,
          commands: ['signed uploads of a run'],
        };
      }),
  },
  {
    id: 'large-artifacts',
    what: `8 artifacts of 200 MB, against the reference's ${REFERENCE.megabytesPerSecond} MB/s`,
    goal: '≥ 1.00 ×',
    measure: (folder, pairs) =>
      withServer(0, async (served) => {
        const rates: number[] = [];
        for (let pair = 0; pair < Math.min(pairs, 5); pair++)
          rates.push(1600 / (await upload(served, join(folder, 'large'), 8, 200 * MEGABYTE)));
        const ratio = median(rates) / REFERENCE.megabytesPerSecond;
        return {
          figure: `${ratio.toFixed(2)} ×`,
          detail: `${median(rates).toFixed(0)} MB/s`,
          met: ratio >= 1,
          commands: ['signed uploads of a run'],
        };
      }),
  },
];
