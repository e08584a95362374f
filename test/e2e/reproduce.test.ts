/** `reproduce` from the packed command: what a person sees, what a machine gets, and the exit status. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { executeOnServer } from '../support/execute-on-server.js';
import type { LiveRun } from '../support/live-server/live-run.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import { folderWith, jobserv } from './jobserv.js';
import { useImage } from './worker-world.js';

const image = useImage();
let server: LiveServer;
let home: string;

beforeAll(async () => {
  server = await startLiveServer();
  home = folderWith({});
});
afterAll(() => server?.stop());

let projects = 0;
function served(script: string): Promise<LiveRun> {
  const fields = { script: `#!/bin/sh\n${script}`, container: image.name, project: `e2e-${++projects}` };
  return executeOnServer(server, server.queue(fields));
}

const reproduce = (...args: string[]) =>
  jobserv(['reproduce', ...args], { cwd: home, env: { XDG_CACHE_HOME: `${home}/cache` } });

it('a failure that is one here too: the verdict, both ends, the image, and status 1', async () => {
  const run = await served('echo building; exit 3\n');
  const { status, stdout } = await reproduce(run.url);
  expect(status).toBe(1);
  expect(stdout).toContain('building\n');
  expect(stdout).toMatch(
    /\nREPRODUCED {2}unit {2}It fails here as it failed on the server: the script fails with status 3\.\n/,
  );
  expect(stdout).toMatch(/server +FAILED \(script, status 3\), by lab-7, .*http/);
  expect(stdout).toMatch(/here +FAILED \(script, status 3\), \d+\.\d s\n/);
  expect(stdout).toMatch(/image +127\.0\.0\.1:\d+\/worker\/busybox@sha256:[0-9a-f]{64}\n/);
  expect(stdout).toMatch(/differs +nothing/);
});

it('one that is none here: where the outputs part, side by side, and status 0', async () => {
  const run = await served('[ "$H_WORKER" = simulator ] && { echo fine; exit 0; }; echo "no board"; exit 1\n');
  const { status, stdout } = await reproduce(`${run.url}console.log`);
  expect(status).toBe(0);
  expect(stdout).toContain('NOT-REPRODUCED  unit  It failed on the server, and passes here.');
  expect(stdout).toMatch(/server, line \d+ \| here, line \d+\n +no board +\| fine\n/);
});

it('is JSON where that is wanted, and nothing else', async () => {
  const run = await served('exit 1\n');
  const { status, stdout } = await reproduce(run.url, '--json', '--repeat', '2');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    verdict: 'reproduced',
    reason: expect.any(String),
    server: { status: 'FAILED', cause: 'script', exitCode: 1 },
    local: [{ status: 'FAILED' }, { status: 'FAILED' }],
    differences: [],
  });
});

it('status 4 where nothing can be said, 2 for an address of no run, 3 without an engine', async () => {
  const running = server.addRun({ project: 'e2e-running' });
  const inconclusive = await reproduce(running.url);
  expect(inconclusive.status).toBe(4);
  expect(inconclusive.stdout).toContain('INCONCLUSIVE  unit  The run is RUNNING on the server');

  const nothing = await reproduce(`${running.url.replace('e2e-running', 'nothing')}`);
  expect(nothing.status).toBe(2);
  expect(nothing.stderr).toMatch(/^Error: .*nothing/);

  const run = await served('exit 1\n');
  const noEngine = await jobserv(['reproduce', run.url], {
    cwd: home,
    env: { DOCKER_HOST: 'unix:///nonexistent.sock' },
  });
  expect(noEngine.status).toBe(3);
  expect(noEngine.stderr).toContain('No container engine can be reached');
});
