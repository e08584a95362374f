/** A run is read from its server within bounds (QUALITY 47). */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { HttpClient, parseRunUrl } from '../../../../src/server/index.js';
import { fetchRun } from '../../../../src/simulator/index.js';
import { fakeServer, sendJson } from '../../server/fake-server.js';

/** A run that has ended, with a console of so many bytes. */
async function fetched(length: number, most: number) {
  const { url } = await fakeServer((asked, response) => {
    if (asked.url.endsWith('console.log')) response.setHeader('x-run-status', 'PASSED').end(Buffer.alloc(length, 'x'));
    else sendJson(response, { status: 'success', data: { run: { name: 'r', status: 'PASSED' } } });
  });
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-server-run-'));
  const http = new HttpClient();
  onTestFinished(async () => {
    await http.close();
    rmSync(folder, { recursive: true });
  });
  const address = parseRunUrl(`${url}/projects/p/builds/1/runs/r/`);
  if (address === undefined) throw new Error(url);
  const path = join(folder, 'console.log');
  const run = fetchRun(http, address, { path, most, onBytes: () => {} }, new AbortController().signal);
  return { path, run };
}

it('has its console in a file', async () => {
  const { path, run } = await fetched(100_000, 100_000);
  expect(await run).toMatchObject({ hasConsole: true });
  expect(readFileSync(path)).toHaveLength(100_000);
});

it('whose console is longer than the bound is refused, with the flag that reads it, and fills no disk', async () => {
  const { path, run } = await fetched(8 * 2 ** 20, 2 ** 20);
  await expect(run).rejects.toThrow('the answer is larger than 1 MiB. To read a longer one, give --max-console.');
  expect(statSync(path).size).toBeLessThanOrEqual(2 ** 20);
});
