/**
 * Scripts that talk to their server: what one run has built is fetched by the next, from the run's server of a
 * simulation and, by our worker, from a live server. On Docker, and on Podman where that is installed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadDefinition } from '../../src/commands/shared/definitions.js';
import { connectEngine, findEngine } from '../../src/docker/index.js';
import { type RunResult, reproduce, type SimulateRequest, simulate } from '../../src/simulator/index.js';
import { quietView } from '../../src/terminal/index.js';
import { executeOnServer, QUICK } from '../support/execute-on-server.js';
import { fetchImage } from '../support/fetch-image.js';
import { startLiveServer } from '../support/live-server/live-server.js';
import { hasPodman, PodmanService } from '../support/podman.js';
import { TestRegistry } from '../support/registry.js';

const BUILD = `#!/bin/sh -e
yes "firmware of $BOARD" | head -c 300000 > /archive/firmware.bin
echo '<testsuite name="unit"><testcase name="boots"/></testsuite>' > /archive/junit.xml
echo "built $(sha256sum < /archive/firmware.bin)"
`;
const FLASH = `#!/bin/sh -e
echo "from \${H_TRIGGER_URL}, in \${H_RUN_URL}"
curl -fsSn -o /tmp/curled "\${H_TRIGGER_URL}firmware.bin"
/usr/bin/wget -q -O /tmp/got "\${H_TRIGGER_URL}firmware.bin"
cmp /tmp/curled /tmp/got
echo "flashing $(sha256sum < /tmp/curled)"
curl -fsSn "\${H_TRIGGER_URL}console.log" | grep '^built'
echo "unit $(curl -fsSn "\${H_TRIGGER_URL}tests/unit/" | grep -o '"name": *"boots"')"
curl -fsSn "\${H_RUN_URL}" | grep -o '"status": *"RUNNING"' | head -n 1
key=$(sed -n '/login jobserv/{n;s/^password //p}' /root/.netrc)
curl -fsS -H "Authorization: Token $key" -H 'X-RUN-METADATA: board=7' --data-binary '' "$H_RUN_URL" > /dev/null
if curl -fsn "\${H_TRIGGER_URL}none.bin"; then exit 1; fi
`;
const PUBLISH = `#!/bin/sh -e
echo "publishing $(curl -fsSn "\${H_TRIGGER_URL}runs/build/firmware.bin" | sha256sum)"
`;

const ASK = `#!/bin/sh -e
echo "TERM=\${TERM-} container=\${container-}"
echo "NO_PROXY=\${NO_PROXY-} no_proxy=\${no_proxy-}"
curl -sn -o /dev/null -w 'status %{http_code}\\n' "\${H_RUN_URL%/builds/*}/builds/99/"
`;

let folder: string;
let image: string;
let definition: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobserv-talk-back-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
  image = await fetchImage();
  const run = (name: string, more: object) => ({ name, container: image, 'host-tag': 'any', script: name, ...more });
  const then = [{ name: 'publish' }];
  const triggers = [
    {
      name: 'build',
      type: 'simple',
      runs: [run('build', { params: { BOARD: 'nrf52' }, triggers: [{ name: 'flash' }] })],
      triggers: then,
    },
    { name: 'flash', type: 'simple', runs: [run('flash', {})], triggers: then },
    { name: 'publish', type: 'simple', runs: [run('publish', {})] },
    { name: 'ask', type: 'simple', runs: [run('ask', {})] },
  ];
  definition = join(folder, '.jobserv.yml');
  const scripts = { build: BUILD, flash: FLASH, publish: PUBLISH, ask: ASK };
  writeFileSync(definition, JSON.stringify({ timeout: 5, scripts, triggers }));
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const request = (more: Partial<SimulateRequest>): SimulateRequest => ({
  arguments: [],
  loadDefinition: () => loadDefinition(definition),
  access: {},
  params: {},
  secrets: {},
  project: 'acme/blinky',
  images: {},
  choose: undefined,
  ask: undefined,
  pull: 'never',
  sharedVolumes: {},
  jobs: 1,
  showDockerConfig: false,
  keep: false,
  openView: () => quietView,
  warn: () => {},
  signal: new AbortController().signal,
  flaggedSecrets: new Set(),
  secretFiles: [],
  lastSteps: new Set(),
  ...more,
});

const consoleOf = ({ console }: RunResult) => readFileSync(console, 'utf8');

/** What the script wrote, without hosts and ports. */
const scriptLines = (console: string) =>
  console
    .split('\n')
    .filter((line) => /^(?:from|flashing|built|unit|publishing|"status)/.test(line))
    .map((line) => line.replace(/http:\/\/[^/]+/g, '<server>').replace(/" *: *"/g, '":"'));

const NAMES = { build: 'build/build', flash: 'flash/flash', publish: 'publish/publish' };

/** @param variables what TERM and container are in a container of this engine */
function talksBack(variables: [string, string]): void {
  it('--follow: each run fetches what the one before it has left', async () => {
    const { runs } = await simulate(request({ arguments: ['build'], follow: true, build: 7 }));
    const consoles = runs.map(consoleOf).join('\n');
    expect(
      runs.map(({ trigger, run, status }) => `${trigger}/${run} ${status}`),
      consoles,
    ).toEqual(Object.values(NAMES).map((name) => `${name} PASSED`));
    const [built, flashed, published] = runs as [RunResult, RunResult, RunResult];
    const [sum = ''] = /built \S+/.exec(consoleOf(built)) ?? [];
    expect(scriptLines(consoleOf(flashed))).toEqual([
      'from <server>/projects/acme/blinky/builds/7/runs/build/, in <server>/projects/acme/blinky/builds/7/runs/flash/',
      expect.stringContaining(sum.replace('built', 'flashing')),
      expect.stringContaining(sum),
      'unit "name":"boots"',
      '"status":"RUNNING"',
    ]);
    expect(scriptLines(consoleOf(published))).toEqual([expect.stringContaining(sum.replace('built', 'publishing'))]);
    expect(flashed.posts).toEqual([{ path: '', metadata: 'board=7', text: '', sizeBytes: 0 }]);
    expect(JSON.parse(readFileSync(join(flashed.workspace, 'result.json'), 'utf8'))).toEqual(flashed);
    const kinds = runs.flatMap(({ fidelity }) => fidelity.differences.map(({ kind }) => kind));
    expect(kinds.filter((kind) => /made-up|no-trigger|not-served/.test(kind))).toEqual([]);
  });

  it('--upstream DIR: the next run alone, with what an earlier simulation has left', async () => {
    const workspace = join(folder, 'upstream');
    const [built] = (await simulate(request({ arguments: ['build'], workspace, build: 8 }))).runs;
    expect(built?.status).toBe('PASSED');
    const [flashed] = (await simulate(request({ arguments: ['flash'], upstream: workspace }))).runs;
    expect(flashed?.status, flashed && consoleOf(flashed)).toBe('PASSED');
    expect(scriptLines(consoleOf(flashed as RunResult))[0]).toContain('builds/8/runs/build/, in');
  });

  it('variables of the engine are in the ledger, when it sets some', async () => {
    const [run] = (await simulate(request({ arguments: ['ask'] }))).runs;
    const [, ...set] = /^TERM=(.*) container=(.*)$/m.exec(consoleOf(run as RunResult)) ?? [];
    expect(set).toEqual(variables);
    const kinds = run?.fidelity.differences.map(({ kind }) => kind) ?? [];
    expect(kinds.includes('podman-environment')).toBe(variables[0] !== '');
  });
}

describe('on docker', () => {
  talksBack(['', '']);

  it('a server of which nobody asks anything is not started', async () => {
    const hostAddress = vi.spyOn((await connectEngine({ logDriver: 'none' })).constructor.prototype, 'hostAddress');
    await simulate(request({ arguments: ['build'] }));
    expect(hostAddress).not.toHaveBeenCalled();
    hostAddress.mockRestore();
  });

  it('what is not there is in the ledger, when a script asks for it', async () => {
    const [run] = (await simulate(request({ arguments: ['ask'] }))).runs;
    expect(run?.status, run && consoleOf(run)).toBe('PASSED');
    expect(consoleOf(run as RunResult)).toContain('status 404');
    const unserved = run?.fidelity.differences.filter(({ kind }) => kind === 'not-served');
    expect(unserved?.map(({ message }) => message)).toEqual([
      'The script asked the server for GET /projects/acme/blinky/builds/99/, which a simulation does not have.',
    ]);
  });

  it.each([
    ['the docker configuration', { noProxy: 'corp.example' }, {}],
    ['the run', {}, { NO_PROXY: 'corp.example' }],
  ])(
    'a proxy of the docker configuration is not used for the server, nor for what %s excepts',
    async (_, more, params) => {
      const httpProxy = 'http://127.0.0.1:9';
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ proxies: { default: { httpProxy, ...more } } }));
      vi.stubEnv('DOCKER_CONFIG', folder);
      const [run] = (await simulate(request({ arguments: ['ask'], params }))).runs;
      vi.stubEnv('DOCKER_CONFIG', undefined);
      const text = consoleOf(run as RunResult);
      expect(text).toContain('status 404');
      const [, host] = /H_RUN_URL=http:\/\/([^:]+):/.exec(text) ?? [];
      expect(text).toContain(`NO_PROXY=corp.example,${host} no_proxy=corp.example,${host}\n`);
    },
  );

  it('with our worker on a live server the consoles are the same but for addresses', async () => {
    const { listen } = (await (await connectEngine({ logDriver: 'none' })).hostAddress()) ?? { listen: '' };
    await using server = await startLiveServer(listen);
    // A worker pulls before each run.
    const registry = await TestRegistry.start((await findEngine()).endpoint.address, []);
    onTestFinished(() => registry.stop());
    const container = await registry.push(image, 'sdk/fetch:1');
    const fields = { project: 'acme/blinky', container, 'host-tag': 'any' };
    const built = server.queue({ ...fields, script: BUILD, env: { BOARD: 'nrf52' } }, { build: 7, name: 'build' });
    await executeOnServer(server, built, QUICK);
    const env = { BOARD: 'nrf52', H_TRIGGER_URL: built.url };
    const flashed = server.queue({ ...fields, script: FLASH, env }, { build: 7, name: 'flash' });
    await executeOnServer(server, flashed, QUICK);
    expect(flashed.status, flashed.console.toString()).toBe('PASSED');
    const { runs } = await simulate(request({ arguments: ['build'], follow: true, build: 7 }));
    expect(
      runs.slice(0, 2).map((run) => scriptLines(consoleOf(run))),
      flashed.console.toString(),
    ).toEqual([built, flashed].map(({ console }) => scriptLines(console.toString())));

    // The same run, replayed from its server: what triggered it is read there, with the caller's login.
    const replayed = await simulate(request({ arguments: [flashed.url], images: {}, project: undefined }));
    expect(replayed.runs[0]?.status, consoleOf(replayed.runs[0] as RunResult)).toBe('PASSED');
    const { verdict, differences } = await reproduce({
      ...request({}),
      address: flashed.url,
      repeat: 1,
      maxConsole: 2 ** 30,
      onConsole: () => {},
      loadDefinition: async () => undefined,
      pull: 'always',
      again: () => '',
      keepConsoles: false,
      conclude: async () => {},
    });
    expect({ verdict, differences }).toEqual({ verdict: 'reproduced', differences: [] });

    const one = await simulate(request({ arguments: ['flash'], upstream: built.url }));
    expect(one.runs[0]?.status, consoleOf(one.runs[0] as RunResult)).toBe('PASSED');
    const whole = await simulate(request({ arguments: ['publish'], upstream: built.url.replace(/runs\/.*/, '') }));
    expect(whole.runs[0]?.status, consoleOf(whole.runs[0] as RunResult)).toBe('PASSED');
  });
});

const podman = await hasPodman();

describe.runIf(podman)('on podman', () => {
  let service: PodmanService;
  beforeAll(async () => {
    service = await PodmanService.start(image);
    vi.stubEnv('DOCKER_HOST', service.address);
  }, 120_000);
  afterAll(async () => {
    vi.stubEnv('DOCKER_HOST', '');
    await service?.stop();
  });
  talksBack(['xterm', 'podman']);
});
