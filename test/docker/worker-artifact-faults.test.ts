/** Artifacts that are not what they seem, on their way to a server (QUALITY rows 16, 29, 30, 33–35). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { QUICK, removeLater, type StartedRun, startOnServer } from '../support/execute-on-server.js';
import { testImage } from '../support/image.js';
import type { Asked } from '../support/live-server/asked.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import { TestRegistry } from '../support/registry.js';

const HOST_BYTES = 'what only the host may read\n';

let server: LiveServer;
let registry: TestRegistry;
let image: string;
let outside: string;

beforeAll(async () => {
  server = await startLiveServer();
  registry = await TestRegistry.start((await findEngine()).endpoint.address);
  image = await registry.push(await testImage(), 'worker/busybox:1');
  outside = mkdtempSync(join(tmpdir(), 'jobserv-outside-'));
  writeFileSync(join(outside, 'host-file'), HOST_BYTES);
});
afterAll(async () => {
  rmSync(outside, { recursive: true, force: true });
  await registry?.stop();
  await server?.stop();
});

let projects = 0;
async function start(script: string, tuning = QUICK): Promise<StartedRun> {
  const run = server.queue({ script: `#!/bin/sh\n${script}`, container: image, project: `a${++projects}` });
  const started = await startOnServer(server, run, { tuning });
  removeLater(started.folder);
  return started;
}

function uploaded({ run }: StartedRun): Record<string, string> {
  const all = [...run.artifacts].filter(([path]) => path !== 'console.log');
  return Object.fromEntries(all.map(([path, bytes]) => [path, bytes.toString()]).sort());
}

describe('artifacts', () => {
  it('that are links, pipes, devices or loops are skipped and told; no byte of the host leaves', async () => {
    const started = await start(`cd /archive; echo good > good.txt
ln -s ${outside}/host-file link; ln -s ${outside} folder; ln -s nowhere dangling; ln -s . loop
mkfifo pipe; mknod device c 1 5 2>/dev/null; mkdir deep; ln -s ../.. deep/up\n`);
    await started.ended;
    expect(uploaded(started)).toEqual({ 'good.txt': 'good\n' });
    const console = started.run.console.toString();
    for (const name of ['link', 'folder', 'dangling', 'loop', 'pipe', 'deep/up']) {
      expect(console).toMatch(new RegExp(`Skipping "${name}": (?:a symbolic link|not a regular file)`));
    }
    expect(started.run.status).toBe('PASSED');
    expect([...started.run.artifacts.values()].some((bytes) => bytes.includes('only the host'))).toBe(false);
  });

  it('one that becomes a link while it waits for its turn is not followed', async () => {
    const held = server.fault.next('create-signed', 'stall-after-storing');
    const started = await start('echo mine > /archive/a.txt; mkdir /archive/d; echo mine > /archive/d/b.txt\n');
    await held.hit;
    const archive = join(started.runFolder, 'archive');
    rmSync(join(archive, 'a.txt'));
    symlinkSync(join(outside, 'host-file'), join(archive, 'a.txt'));
    rmSync(join(archive, 'd'), { recursive: true });
    writeFileSync(join(outside, 'b.txt'), HOST_BYTES);
    symlinkSync(outside, join(archive, 'd'));
    held.release();
    await started.ended;
    expect(uploaded(started)).toEqual({});
    expect(started.run.console.toString()).toContain('it is no longer a regular file');
  });

  it('have any name, and may be empty; what the server keeps for itself is refused and told', async () => {
    const started = await start(`cd /archive; : > empty; echo 1 > 'a b'; echo 2 > 'q?#%&+"x'; echo 3 > 'ü-日本'
echo 4 > -dash; echo 5 > console.log; echo 6 > .rundef.json; mkdir -p sub; echo 7 > sub/console.log; echo 8 > .hidden\n`);
    await started.ended;
    expect(uploaded(started)).toEqual({
      empty: '',
      'a b': '1\n',
      'q?#%&+"x': '2\n',
      'ü-日本': '3\n',
      '-dash': '4\n',
      'sub/console.log': '7\n',
      '.hidden': '8\n',
    });
    const console = started.run.console.toString();
    expect(console).toContain('Not uploaded: "console.log"');
    expect(console).toContain('Not uploaded: ".rundef.json"');
    expect(started.run.status).toBe('PASSED');
  });

  it('one that grows while it is sent keeps its length, and that is told', async () => {
    const started = await start('head -c 300000 /dev/zero > /archive/grows\n');
    const upload = server.fault.next('upload', {
      pace: async () => {
        execFileSync('sh', ['-c', `echo more >> ${join(started.runFolder, 'archive/grows')}`]);
      },
    });
    await started.ended;
    expect(upload.met).toHaveLength(1);
    expect(started.run.artifacts.get('grows')).toHaveLength(300_000);
    expect(started.run.console.toString()).toContain('"grows" grew while it was sent');
    expect(started.run.status).toBe('PASSED');
  });

  it('whose addresses have expired are signed again, and all are there', async () => {
    const held = server.fault.next('upload', 'stall-before-storing');
    const started = await start('for i in $(seq 200); do echo $i > /archive/f$i; done\n');
    await held.hit;
    server.uploads.expire();
    held.release();
    await started.ended;
    const asked = (wanted: Asked['endpoint']) =>
      server.requests.filter(({ endpoint, path }) => endpoint === wanted && path.includes(started.run.project));
    // Those that had an address before were refused, and came again.
    expect(asked('upload').length).toBeGreaterThan(200);
    expect(Object.keys(uploaded(started))).toHaveLength(200);
    const names = asked('create-signed').map(({ body }) => JSON.parse(body.toString()).length);
    expect(Math.max(...names)).toBeLessThanOrEqual(75);
    expect(started.run.console.toString()).toMatch(/Uploaded \d+%: \d+ of 200 artifacts/);
  });

  it('that cannot be uploaded fail the run, which says which', async () => {
    const fault = server.fault.always(({ endpoint, path }) => endpoint === 'upload' && path.includes('bad'), {
      status: 403,
    });
    const started = await start('echo 1 > /archive/bad.txt; echo 2 > /archive/good.txt\n');
    await expect(started.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'artifacts' });
    fault.end();
    expect(uploaded(started)).toEqual({ 'good.txt': '2\n' });
    expect(started.run.console.toString()).toContain('bad.txt');
  });

  it('are uploaded although the time of the script is up meanwhile: a passed run stays passed', async () => {
    const held = server.fault.next('upload', 'stall-after-storing');
    // Five minutes that last ten seconds.
    const started = await start('echo x > /archive/x\n', { ...QUICK, story: { minute: 2_000 } });
    await held.hit;
    setTimeout(() => held.release(), 11_000);
    await expect(started.ended).resolves.toMatchObject({ status: 'PASSED' });
  });

  it('and what a script left that was cancelled or late, are uploaded all the same', async () => {
    const late = await start('echo x > /archive/late; sleep 100\n', { ...QUICK, story: { minute: 300 } });
    await expect(late.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'timeout' });
    expect(uploaded(late)).toEqual({ late: 'x\n' });
    const cancelled = await start('echo x > /archive/cancelled; echo begun; sleep 100\n');
    await cancelled.run.until(({ console }) => console.includes('begun\n'));
    cancelled.run.cancel();
    await expect(cancelled.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'cancelled' });
    expect(uploaded(cancelled)).toEqual({ cancelled: 'x\n' });
  });
});
