/** An engine, a disk or a container that fails under a worker's run (QUALITY rows 21–24, 26, 27, 31, 37, 40, 41, 43). */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { folderName } from '../../src/lib/index.js';
import { containersOf } from '../support/containers-of.js';
import { EngineProxy } from '../support/engine-proxy.js';
import {
  executeOnServer,
  expectWhole,
  numbered,
  QUICK,
  removeLater,
  type StartedRun,
  type StartOptions,
  startOnServer,
} from '../support/execute-on-server.js';
import { testImage } from '../support/image.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import type { RunFields } from '../support/live-server/store.js';
import { TestRegistry } from '../support/registry.js';

const USERS = [
  { username: 'one', password: 'password-one' },
  { username: 'two', password: 'password-two' },
];

let server: LiveServer;
let registry: TestRegistry;
let image: string;
let address: string;

beforeAll(async () => {
  server = await startLiveServer();
  ({ address } = (await findEngine()).endpoint);
  registry = await TestRegistry.start(address, USERS);
  image = await registry.push(await testImage(), 'worker/busybox:1', USERS[0]);
});
afterAll(async () => {
  await registry?.stop();
  await server?.stop();
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const auth = (user = USERS[0]) => Buffer.from(`${user?.username}:${user?.password}`).toString('base64');
let projects = 0;
async function start(script: string, fields: RunFields = {}, options: StartOptions = {}): Promise<StartedRun> {
  const parts = { script, container: image, 'container-auth': 'registry', secrets: { registry: auth() } };
  const run = server.queue({ ...parts, project: `h${++projects}`, ...fields });
  const started = await startOnServer(server, run, { tuning: QUICK, ...options });
  removeLater(started.folder);
  return started;
}
const saying = (text: string) => (run: StartedRun['run']) => run.console.includes(text);
const kept = (at: string): [string, string][] =>
  readdirSync(at, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = join(at, entry.name);
    if (entry.isDirectory()) return kept(path);
    return entry.isFile() ? [[path, readFileSync(path, 'latin1')]] : [];
  });

describe('the clock', () => {
  it.each([-3, 3])(
    'that jumps by %i h while the script runs changes neither its end nor its time limit',
    async (hours) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
      onTestFinished(() => void vi.useRealTimers());
      const script = '#!/bin/sh\ni=0; until [ -e /hold/go ]; do i=$((i+1)); echo "line $i"; sleep 0.05; done\n';
      const started = await start(script, { timeout: 1, 'persistent-volumes': { hold: '/hold' } });
      await started.run.until(saying('line 3\n'));
      vi.setSystemTime(Date.now() + hours * 3_600_000);
      const seen = started.run.console.toString().match(/^line /gm)?.length ?? 0;
      await started.run.until(saying(`line ${seen + 5}\n`));
      const volume = join(started.folder, 'volumes', folderName(started.run.project), 'hold');
      writeFileSync(join(volume, 'go'), '');
      expect(await started.ended).toMatchObject({ status: 'PASSED' });
      await expectWhole(started, undefined);
      expect(started.run.console.toString()).not.toMatch(/-\d+ (s|min|seconds|minutes)\b/);
    },
  );
});

describe('the engine', () => {
  async function proxied(): Promise<EngineProxy> {
    const proxy = await EngineProxy.start(address.replace('unix://', ''));
    vi.stubEnv('DOCKER_HOST', proxy.address);
    return proxy;
  }

  it('that is away for good while the script runs: the run ends, with the reason, and no byte is repeated', async () => {
    await using proxy = await proxied();
    const started = await start(numbered(100_000));
    await started.run.until(saying('line 50\n'));
    await proxy.vanish();
    await expect(started.ended).rejects.toThrow();
    // What could not be removed is found by its label, by whoever goes on with the run.
    await proxy.listen();
    vi.unstubAllEnvs();
    await startAgain(started);
    await expectWhole(started, undefined, 'FAILED');
    expect(started.run.console.toString()).toContain('The run has FAILED (lost)');
  });

  it('whose stream is cut inside a frame: no corrupt bytes, and the run says what happened', async () => {
    await using proxy = await proxied();
    proxy.rules = [{ request: /^POST .*\/attach/, cutAfter: 4_321 }];
    const started = await start(numbered(5_000));
    await expect(started.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'lost' });
    await expectWhole(started, undefined, 'FAILED');
  });

  it('in which somebody removes the container: FAILED, with that reason', async () => {
    const started = await start(numbered(100_000));
    await started.run.until(saying('line 50\n'));
    execFileSync('docker', ['rm', '--force', ...containersOf(started.folder)]);
    await expect(started.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'lost' });
    await expectWhole(started, undefined, 'FAILED');
    expect(started.run.console.toString()).toContain('removed by someone else');
  });

  it('that kills a script for its memory: FAILED, which says OOM', async () => {
    const script = '#!/bin/sh\ndd if=/dev/zero of=/dev/null bs=200M count=1\n';
    const started = await start(script, {}, { tuning: QUICK, settings: { memoryBytes: 32 * 1024 * 1024 } });
    await expect(started.ended).resolves.toMatchObject({ status: 'FAILED', cause: 'script' });
    expect(started.run.console.toString()).toContain('out of memory (OOM)');
  });
});

async function startAgain({ runFolder, folder }: StartedRun): Promise<void> {
  const { executeRunFolder } = await import('../../src/worker/index.js');
  const tools = { reboot: '/bin/false', coldReboot: '/bin/false' };
  await executeRunFolder(runFolder, { hostname: 'lab-7', sharedVolumes: {}, tools }, {}, QUICK);
  expect(existsSync(join(folder, 'runs'))).toBe(true);
}

it('bytes arrive as they are: binary, NUL, characters in two pieces', async () => {
  const script = `#!/bin/sh
printf '\\000\\001\\377\\376\\303'; sleep 0.2; printf '\\251 \\342\\202'; sleep 0.2; printf '\\254\\n'
head -c 100000 /bin/busybox\n`;
  const started = await start(script);
  await started.ended;
  const { console } = started.run;
  const begin = console.indexOf(Buffer.from([0, 1, 0xff, 0xfe, 0xc3, 0xa9]));
  expect(begin).toBeGreaterThan(0);
  const expected = Buffer.concat([
    Buffer.from([0, 1, 0xff, 0xfe]),
    Buffer.from('é €\n'),
    Buffer.from(
      execFileSync(
        'docker',
        ['run', '--rm', '--entrypoint', '/bin/busybox', await testImage(), 'head', '-c', '100000', '/bin/busybox'],
        { encoding: 'buffer', maxBuffer: 1e7 },
      ),
    ),
  ]);
  expect(console.subarray(begin, begin + expected.length).equals(expected)).toBe(true);
});

describe('a small disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jobserv-small-'));
  const mounted = mountSmall(folder);
  const worker = join(folder, 'worker');
  afterAll(() => {
    if (mounted) execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  it.runIf(mounted)(
    'that is full of console while the server is away: the script waits, and nothing is lost',
    async () => {
      const script =
        '#!/bin/sh\ni=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo "line $i"; done | sed "s/$/ and so much more of it that the disk is soon full of it/"\n';
      const short = script.replace(/ \| sed.*/, '');
      const started = await start(
        `${short}\n`,
        {},
        { tuning: { ...QUICK, reporter: { ...QUICK.reporter, full: 50 } }, folder: worker },
      );
      await started.run.until(saying('line 100\n'));
      await server.vanish();
      await vi.waitFor(() => expect(freeBytes(folder)).toBeLessThan(64 * 1024), 30_000);
      await server.comeBack();
      await started.ended;
      await expectWhole(started, 60_000);
    },
  );

  it.runIf(mounted)('that is full of what the script left: the run ends all the same', async () => {
    const started = await start(
      '#!/bin/sh\necho begun; dd if=/dev/zero of=/archive/big bs=64k count=1000 || echo full\n',
      {},
      { folder: worker },
    );
    await started.ended;
    expect(started.run.console.toString()).toContain('No space left on device');
    await expectWhole(started, 0);
    expect([...started.run.artifacts.keys()]).toContain('big');
  });
});

function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'jobserv-small', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function freeBytes(folder: string): number {
  return Number(execFileSync('df', ['--output=avail', '--block-size=1', folder], { encoding: 'utf8' }).split('\n')[1]);
}

describe('credentials and secrets', () => {
  it("of two runs for one registry, at the same time: each has its own, and the user's config stays as it is", async () => {
    const config = mkdtempSync(join(tmpdir(), 'jobserv-docker-config-'));
    removeLater(config);
    const before = `${JSON.stringify({ auths: { [registry.host]: { auth: 'bm9ib2R5Om5vdGhpbmc=' } } })}\n`;
    writeFileSync(join(config, 'config.json'), before);
    vi.stubEnv('DOCKER_CONFIG', config);
    const runs = await Promise.all(
      USERS.map((user) => start('#!/bin/sh\necho "line 1"\n', { secrets: { registry: auth(user) } })),
    );
    await Promise.all(runs.map(({ ended }) => ended));
    for (const started of runs) await expectWhole(started, 1);
    expect(readFileSync(join(config, 'config.json'), 'utf8')).toBe(before);
    const wrong = await executeOnServer(
      server,
      server.queue({ container: image, 'container-auth': 'registry', secrets: { registry: 'eDp5' }, project: 'wrong' }),
      { ...QUICK, story: { pullWaits: [1] } },
    );
    expect(wrong.status).toBe('FAILED');
  });

  it('of a run are in no argument, no label, no log of ours, and on no disk when it is over', async () => {
    const secret = 'a-secret-that-is-nowhere';
    const worker = mkdtempSync(join(tmpdir(), 'jobserv-secret-'));
    removeLater(worker);
    mkdirSync(join(worker, 'volumes'));
    const script =
      '#!/bin/sh\ntest "$(cat /secrets/token)" = a-secret-that-is-"nowhere" || exit 1\necho "line 1"; sleep 1\n';
    const started = await start(
      script,
      { secrets: { registry: auth(), token: secret, githubtok: secret } },
      { folder: worker },
    );
    await started.run.until(saying('line 1\n'));
    const outside = [
      execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }),
      ...containersOf(worker).map((id) => execFileSync('docker', ['inspect', id], { encoding: 'utf8' })),
    ].join('');
    expect(outside).not.toContain(secret);
    expect(outside).not.toContain(USERS[0]?.password);
    const spool = kept(join(started.runFolder, 'spool')).map(([, text]) => text);
    expect(spool.join('')).not.toContain(secret);
    await started.ended;
    await expectWhole(started, 1);
    for (const [path, text] of kept(worker)) expect(text, path).not.toContain(secret);
  });
});
