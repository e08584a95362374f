/** `reproduce` of runs that a worker executed: the verdict that a careful person would give. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { check } from '../../src/lint/index.js';
import { expand } from '../../src/schema/index.js';
import { type ReproduceRequest, reproduce } from '../../src/simulator/index.js';
import { quietView } from '../../src/terminal/index.js';
import { executeOnServer } from '../support/execute-on-server.js';
import { testImage } from '../support/image.js';
import type { LiveRun } from '../support/live-server/live-run.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import type { RunFields } from '../support/live-server/store.js';
import { TestRegistry } from '../support/registry.js';

const USER = { username: 'ci', password: 'registry-password' };
const AUTH = Buffer.from(`${USER.username}:${USER.password}`).toString('base64');

let folder: string;
let server: LiveServer;
let registry: TestRegistry;
let image: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jobserv-reproduce-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
  server = await startLiveServer();
  registry = await TestRegistry.start((await findEngine()).endpoint.address, [USER]);
  image = await registry.push(await testImage(), 'sdk/busybox:1', USER);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await registry?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

let builds = 0;
/** Executes a run on the server. */
async function served(script: string, fields: RunFields = {}): Promise<LiveRun> {
  const parts = {
    script: `#!/bin/sh\n${script}`,
    container: image,
    'container-auth': 'registry',
    secrets: { registry: AUTH },
    project: `p${++builds}`,
    ...fields,
  };
  return executeOnServer(server, server.queue(parts));
}

const replay = (run: Pick<LiveRun, 'url'>, more: Partial<ReproduceRequest> = {}) =>
  reproduce({
    address: run.url,
    repeat: 1,
    access: { env: process.env },
    secrets: { registry: AUTH },
    ask: undefined,
    images: {},
    workspace: undefined,
    pull: 'always',
    sharedVolumes: {},
    showDockerConfig: true,
    keep: false,
    loadDefinition: async () => undefined,
    openView: () => quietView,
    warn: () => {},
    signal: new AbortController().signal,
    params: {},
    flaggedSecrets: new Set(),
    secretFiles: [],
    lastSteps: new Set(),
    maxConsole: 2 ** 30,
    onConsole: () => {},
    again: ([command, ...words], url) => [command, url, ...words].join(' '),
    keepConsoles: false,
    conclude: async () => {},
    ...more,
  });

describe('a run that failed on the server', () => {
  it('because its script did, does so here', async () => {
    const run = await served('echo "at $(date) on $H_WORKER"; echo assembling; exit 3\n');
    const result = await replay(run);
    expect(result).toMatchObject({
      version: 1,
      verdict: 'reproduced',
      server: { status: 'FAILED', cause: 'script', exitCode: 3, worker: 'lab-7', url: run.url },
      local: [{ status: 'FAILED', cause: 'script', exitCode: 3 }],
      differences: [],
      console: { same: 2 },
    });
    expect(result.reason).toContain('status 3');
  });

  it('because of a test in junit.xml, does so here; a test that is otherwise is named', async () => {
    const cases = (third: string) =>
      `<testsuite name="unit"><testcase name="a"/><testcase name="b"><failure>no</failure></testcase>${third}</testsuite>`;
    const script = `cat > /archive/junit.xml <<E\n${cases('$([ "$H_WORKER" = simulator ] && echo "<testcase name=\\"c\\"/>")')}\nE\n`;
    const result = await replay(await served(script));
    expect(result).toMatchObject({
      verdict: 'reproduced',
      server: { cause: 'tests' },
      local: [{ cause: 'tests' }],
      differences: [{ kind: 'test', server: null, local: 'PASSED' }],
    });
  });

  it('because of test-grepping, does so here', async () => {
    const grepping = { 'result-pattern': '(?P<name>\\w+) (?P<result>PASSED|FAILED)' };
    const result = await replay(await served('echo boot PASSED; echo net FAILED\n', { 'test-grepping': grepping }));
    expect(result).toMatchObject({ verdict: 'reproduced', server: { cause: 'tests' }, differences: [] });
  });

  it('and passes here: where the outputs part is shown, and what differed', async () => {
    const script =
      'echo start; if [ "$H_WORKER" = simulator ]; then echo "good luck"; else echo "no board"; exit 1; fi\n';
    const consoleDiff = join(folder, 'console.diff');
    const result = await replay(await served(script), { consoleDiff });
    expect(result).toMatchObject({
      verdict: 'not-reproduced',
      reason: 'It failed on the server, and passes here.',
      console: { same: 1, divergence: { server: { text: 'no board' }, local: { text: 'good luck' } } },
    });
    expect(result.differences.map(({ kind }) => kind)).toEqual(['status', 'console']);
    expect(result.next.join(' ')).toContain('H_WORKER');
    expect(readFileSync(consoleDiff, 'utf8')).toMatch(
      /^--- server\n\+\+\+ here\n.*\n start\n-no board\n\+good luck\n$/,
    );
    expect(statSync(consoleDiff).mode & 0o077).toBe(0);
  });

  it('and fails here in another way', async () => {
    const result = await replay(await served('[ "$H_WORKER" = simulator ] && exit 4; exit 5\n'));
    expect(result).toMatchObject({
      verdict: 'not-reproduced',
      differences: [{ kind: 'exit-code', server: '5', local: '4' }],
    });
  });

  it('now and then: it is flaky', async () => {
    const script = 'n=$(cat /count/n 2>/dev/null || echo 0); echo $((n + 1)) > /count/n; [ $((n % 2)) = 1 ]\n';
    const result = await replay(await served(script, { 'persistent-volumes': { count: '/count' } }), { repeat: 3 });
    expect(result.local.map(({ status }) => status)).toEqual(['FAILED', 'PASSED', 'FAILED']);
    expect(result).toMatchObject({ verdict: 'flaky' });
    expect(result.reason).toContain('2 of 3');
  });
});

describe('a run that passed on the server', () => {
  it('still passes here', async () => {
    const result = await replay(await served('echo fine; echo x > /archive/out.txt\n'));
    expect(result).toMatchObject({
      verdict: 'reproduced',
      differences: [],
      server: { artifacts: [{ path: 'out.txt' }] },
    });
    expect(result.reason).toContain('still passes');
  });

  it('fails here, and an artifact is missing', async () => {
    const script = '[ "$H_WORKER" = simulator ] && exit 1; echo x > /archive/out.txt\n';
    const result = await replay(await served(script));
    expect(result).toMatchObject({ verdict: 'not-reproduced', server: { status: 'PASSED' } });
    expect(result.differences.map(({ kind }) => kind)).toEqual(['status', 'artifact']);
  });
});

describe('nothing can be said', () => {
  it('of a run that has not ended, or was cancelled; nothing is started then', async () => {
    const running = server.addRun({ script: '#!/bin/sh\n', project: 'running' });
    await expect(replay(running)).resolves.toMatchObject({
      verdict: 'inconclusive',
      local: [],
      server: { status: 'RUNNING' },
    });
    const cancelled = server.addRun({ project: 'cancelled' });
    cancelled.cancel();
    cancelled.append('== 2026-01-02 03:04:05.678901: Run cancelled from server\n');
    cancelled.finish();
    const result = await replay(cancelled);
    expect(result).toMatchObject({ verdict: 'inconclusive', server: { cause: 'cancelled' }, local: [] });
  });

  it('of a run that was cancelled before a worker took it: it has no console', async () => {
    const run = server.queue({ project: 'never' });
    run.cancel();
    const result = await replay(run);
    expect(result).toMatchObject({
      verdict: 'inconclusive',
      server: { status: 'FAILED', cause: 'not-started', console: null },
      local: [],
    });
    expect(result.reason).toContain('no worker ever had it');
  });

  it('of the output, where the server has no console any more; the rest is compared', async () => {
    const run = server.addRun({
      script: '#!/bin/sh\nexit 1\n',
      container: image,
      'container-auth': 'registry',
      project: 'cleaned',
    });
    run.setStatus('UPLOADING');
    run.cancel();
    const result = await replay(run, { secrets: { registry: AUTH } });
    expect(result).toMatchObject({ verdict: 'reproduced', server: { cause: 'unknown', console: null } });
    expect(result.differences.map(({ message }) => message)).toEqual([expect.stringContaining('no console')]);
  });

  it('where the image cannot be had any more', async () => {
    const run = server.addRun({ project: 'gone', container: `${registry.host}/no/such:1` });
    run.append('== 2026-01-02 03:04:05.678901: Running script inside container\nx\nScript completed with error(s)\n');
    run.finish();
    const limits = new AbortController();
    const result = await replay(run, { pull: 'never', signal: limits.signal });
    expect(result).toMatchObject({ verdict: 'inconclusive', local: [{ cause: 'setup' }] });
    expect(result.next[0]).toContain('--image');
  });
});

describe('the image of the run', () => {
  it('is the one that the server had, also when its tag has moved since', async () => {
    const reference = await registry.push(await testImage(), 'moving/busybox:1', USER);
    const run = await served('exit 1\n', { container: reference });
    const first = await replay(run);
    expect(first.image).toEqual({
      reference,
      pinned: expect.stringMatching(/busybox@sha256:[0-9a-f]{64}$/),
      moved: false,
    });
    await registry.pushAnother(await testImage(), 'moving/busybox:1', USER);
    const second = await replay(run);
    expect(second).toMatchObject({ verdict: 'reproduced', image: { pinned: first.image?.pinned, moved: true } });
    expect(second.differences).toMatchObject([
      { kind: 'image', message: expect.stringContaining('The tag has moved since') },
    ]);
  });
});

describe('the definition at hand', () => {
  const definitionOf = (text: string) => {
    const { definition } = check(text);
    if (definition === undefined) throw new Error('it is not accepted');
    return async () => ({ path: '.jobserv.yml', definition, triggers: expand(definition) });
  };
  const run = (name: string, script: string, more = '{}') =>
    `{ name: ${name}, container: "${image}", container-auth: registry, host-tag: amd64, script: ${script}, params: ${more} }`;

  it('would change what is pushed, field by field', async () => {
    const text = `timeout: 5
triggers:
  - { name: ci, type: simple, runs: [${run('unit', 'go', '{ BOARD: new }')}] }
scripts:
  go: |
    #!/bin/sh
    exit 1
`;
    const failed = await served('exit 1\n', { env: { BOARD: 'old', GIVEN: 'x' } });
    const result = await replay(failed, { loadDefinition: definitionOf(text) });
    expect(result.differences).toEqual([
      {
        kind: 'definition',
        message: 'Pushing .jobserv.yml as it is now would change env.BOARD.',
        server: 'old',
        local: 'new',
      },
    ]);
  });

  it('says what the run starts when it passes, with --follow', async () => {
    const text = `timeout: 5
triggers:
  - name: ci
    type: simple
    triggers: [{ name: publish }]
    runs: [{ name: unit, container: "${image}", host-tag: amd64, script: go, triggers: [{ name: flash }] }]
  - { name: flash, type: simple, runs: [${run('board', 'tell')}], triggers: [{ name: publish }] }
  - { name: publish, type: simple, runs: [${run('announce', 'fail')}] }
scripts:
  go: "#!/bin/sh\\ntrue"
  tell: |
    #!/bin/sh
    cat /secrets/registry >/dev/null || exit 1
    [ "\${H_TRIGGER_URL%%/projects/*}" = "\${H_RUN_URL%%/projects/*}" ] || exit 2
    echo "$H_RUN of build $H_BUILD of $H_PROJECT: BOARD=$BOARD GIVEN=$GIVEN by /\${H_TRIGGER_URL#http://*/}"
  fail: "#!/bin/sh\\nexit 3"
`;
    const passed = await served('true\n', { env: { BOARD: 'old', GIVEN: 'x' } });
    const result = await replay(passed, { follow: true, loadDefinition: definitionOf(text) });
    expect(result.verdict).toBe('reproduced');
    expect(result.local.map(({ run: name }) => name)).toEqual(['unit']);
    const followed = result.followed ?? [];
    expect(
      followed.map(({ trigger, run: name, status, startedBy }) => [`${trigger}/${name}`, status, startedBy]),
    ).toEqual([
      ['flash/board', 'PASSED', 'ci/unit'],
      ['publish/announce', 'FAILED', 'flash'],
    ]);
    const [{ console = '' } = {}] = followed;
    const { project } = passed;
    expect(readFileSync(console, 'utf8')).toContain(
      `board of build 1 of ${project}: BOARD=old GIVEN=x by /projects/${project}/builds/1/runs/unit/\n`,
    );
  });

  it('is needed for --follow, and has to have the run', async () => {
    const passed = await served('true\n');
    await expect(replay(passed, { follow: true })).rejects.toThrow(/no \.jobserv\.yml here.*--file/);
    const other = `timeout: 5
triggers: [{ name: ci, type: simple, runs: [${run('another', 'go')}] }]
scripts: { go: "#!/bin/sh\\ntrue" }
`;
    await expect(replay(passed, { follow: true, loadDefinition: definitionOf(other) })).rejects.toThrow(
      /\.jobserv\.yml has no run unit\. Name the definition of its project with --file/,
    );
  });
});

it('a secret is nowhere but where the contract puts it', async () => {
  const secret = 'very-secret-value-1';
  const consoleDiff = join(folder, 'secret.diff');
  const script = 'cat /secrets/token; [ "$H_WORKER" = simulator ] && exit 1; cat /secrets/token; exit 2\n';
  const run = await served(script, { secrets: { registry: AUTH, token: secret } });
  expect(run.console.toString()).toContain(secret);
  const result = await replay(run, { secrets: { registry: AUTH, token: secret }, consoleDiff });
  expect(result.verdict).toBe('not-reproduced');
  expect(JSON.stringify(result)).not.toContain(secret);
  const kept = (at: string): string[] =>
    readdirSync(at, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory()
        ? kept(join(at, entry.name))
        : entry.isFile()
          ? [readFileSync(join(at, entry.name), 'latin1')]
          : [],
    );
  for (const text of kept(folder)) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(USER.password);
    expect(text).not.toContain(AUTH);
  }
});

it('missing secrets are listed at once, with what each is for', async () => {
  const run = await served('cat /secrets/token\n', { secrets: { registry: AUTH, token: 'x' } });
  await expect(replay(run, { secrets: {} })).rejects.toThrow(/registry \(for the image.*token \(for the script/);
});
