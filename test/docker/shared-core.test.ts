/**
 * What makes a simulation worth believing: for the same run the engine is asked for the same container by
 * `simulate` and by a worker, and its script sees the same; but for labels, the log driver, and what the
 * ledger lists.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findEngine } from '../../src/docker/index.js';
import { type RunResult, simulate } from '../../src/simulator/index.js';
import { quietView } from '../../src/terminal/index.js';
import { makeCodeRepository } from '../support/code-repository.js';
import { EngineProxy } from '../support/engine-proxy.js';
import { QUICK, startOnServer } from '../support/execute-on-server.js';
import { type GitHttpServer, startGitHttpServer } from '../support/git-http-server.js';
import { testImage } from '../support/image.js';
import type { LiveRun } from '../support/live-server/live-run.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import type { RunFields } from '../support/live-server/store.js';
import { PROBE } from '../support/probe-cases.js';
import { parseProbe } from '../support/probe-output.js';
import { TestRegistry } from '../support/registry.js';

const USER = { username: 'ci', password: 'registry-password' };
const MEMORY = 256 * 1024 * 1024;

let root: string;
let server: LiveServer;
let registry: TestRegistry;
let proxy: EngineProxy;
let git: GitHttpServer;
let image: string;
let sha: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'jobserv-shared-core-'));
  mkdirSync(join(root, 'shared'));
  const address = (await findEngine()).endpoint.address;
  server = await startLiveServer();
  registry = await TestRegistry.start(address, [USER]);
  image = await registry.push(await testImage(), 'sdk/busybox:1', USER);
  proxy = await EngineProxy.start(address.replace('unix://', ''));
  vi.stubEnv('DOCKER_HOST', proxy.address);
  vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache'));
  vi.stubEnv('XDG_CONFIG_HOME', join(root, 'config'));
  sha = makeCodeRepository(root, { 'probe.sh': PROBE });
  git = await startGitHttpServer(join(root, 'served'), '');
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await git?.close();
  await proxy?.close();
  await registry?.stop();
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

const SECRETS = { registry: Buffer.from(`${USER.username}:${USER.password}`).toString('base64'), token: 'abc\ndef' };
const repository = () => ({ env: { GIT_URL: `${git.url}/code.git`, GIT_SHA: sha } });

const CASES: Record<string, () => RunFields> = {
  plain: () => ({}),
  'a user and an entrypoint': () => ({ 'container-user': '1000:1000', 'container-entrypoint': '/bin/sh' }),
  'no entrypoint': () => ({ 'container-entrypoint': '' }),
  'odd variables, capabilities and volumes': () => ({
    env: { A: 'x y', B: 'two\nlines', ' C': '1', '#D': '1', E: 'end\r', F: '' },
    'cap-add': ['SYS_NICE'],
    'cap-drop': ['MKNOD', 'CHOWN'],
    'persistent-volumes': { cache: '/cache', other: '/a/b:ro' },
    'shared-volumes': { shared: '/shared' },
  }),
  'a script-repo': () => ({ 'script-repo': { 'clone-url': `${git.url}/code.git`, path: 'probe.sh' } }),
  git_poller: () => ({ trigger_type: 'git_poller', ...repository() }),
};

interface Both {
  asked: Record<'worker' | 'simulation', Record<string, unknown>>;
  probe: Record<'worker' | 'simulation', string[]>;
  result: RunResult;
}

let projects = 0;
async function both(fields: RunFields): Promise<Both> {
  const own = { container: image, 'container-auth': 'registry', secrets: SECRETS, project: `core-${++projects}` };
  const script = fields['script-repo'] ? {} : { script: PROBE };
  const run = server.queue({ ...own, ...script, ...fields });
  const folder = join(root, `worker-${projects}`);
  mkdirSync(folder);
  const settings = { memoryBytes: MEMORY, sharedVolumes: { shared: join(root, 'shared') } };
  const started = await startOnServer(server, run, { tuning: QUICK, settings, folder });
  await started.ended;
  const worker = lastRunContainer();
  const result = await simulated(run);
  return {
    asked: { worker: comparable(worker, folder), simulation: comparable(lastRunContainer(), join(root, 'cache')) },
    probe: { worker: probeLines(run.console), simulation: probeLines(readFileSync(result.console)) },
    result,
  };
}

async function simulated(run: LiveRun): Promise<RunResult> {
  const { runs } = await simulate({
    arguments: [run.url],
    access: { env: process.env },
    loadDefinition: () => Promise.reject(new Error('a run of a server needs no definition')),
    params: {},
    secrets: SECRETS,
    build: 1,
    images: {},
    pull: 'always',
    sharedVolumes: run.definition['shared-volumes'] ? { shared: join(root, 'shared') } : {},
    memoryBytes: MEMORY,
    jobs: 1,
    showDockerConfig: true,
    keep: false,
    choose: undefined,
    ask: undefined,
    openView: () => quietView,
    warn: () => {},
    signal: new AbortController().signal,
    flaggedSecrets: new Set(),
    secretFiles: [],
    lastSteps: new Set(),
  });
  return runs[0] as RunResult;
}

/** Not the helper that gives files to their owner. */
function lastRunContainer(): Record<string, unknown> {
  const found = proxy.created.findLast((body) => Object.keys(body['Labels'] as object).includes('io.jobserv.run'));
  if (found === undefined) throw new Error('no container was asked for');
  return found;
}

/** Without labels, log driver and the container's random name, and with one name for the folders of the two. */
function comparable(body: Record<string, unknown>, folder: string): Record<string, unknown> {
  const { Labels: _, name: ___, HostConfig, ...rest } = body;
  const { LogConfig: __, Mounts, ...host } = HostConfig as { LogConfig: unknown; Mounts: { Source: string }[] };
  const places = Mounts.map(({ Source, ...mount }) => ({
    ...mount,
    Source: Source.replace(folder, '<folder>')
      .replace(/^<folder>\/(?:runs\/[^/]+|.*\/unit)\//, '<run>/')
      .replace(/^<folder>\/.*volumes\/(?:[^/]+\/)*([^/]+)$/, '<volumes>/$1'),
  }));
  const env = (rest['Env'] as string[]).map((one) =>
    one.replace(/^(H_WORKER)=.*/, '$1=<worker>').replace(SERVER, '$1<server>'),
  );
  return { ...rest, Env: env, HostConfig: { ...host, Mounts: places } };
}

/** Facts and files of the probe, without what is another one in each container. */
function probeLines(console: Buffer): string[] {
  const probe = parseProbe(console);
  if (probe === undefined) throw new Error(`the probe did not end:\n${console}`);
  const facts = [...probe.facts].map(([name, value]) => `${name} ${normalise(name, value.toString('latin1'))}`);
  const files = [...probe.files].map(([path, { stat, content }]) => {
    // The console of a simulation has their values masked.
    const text = path.startsWith('/secrets/') ? '' : normalise(path, content.toString('latin1'));
    return `${path} ${stat} ${text}`;
  });
  return [...facts, ...files].sort();
}

/** Where something is mounted, how, and of what kind; the folders behind are the host's business. */
function mountsIn(text: string): string {
  const lines = text.split('\n').map((line) => {
    const [mount = '', kind = ''] = line.split(' - ');
    return [...mount.split(' ').slice(4, 6), kind.split(' ')[0]].join(' ');
  });
  return lines.sort().join('\n');
}

/** Of /proc/self/status: what the kernel was told, not what it has counted since. */
const TOLD = /^(?:Name|Umask|Tgid|Pid|PPid|Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp):.*$/gm;

/** Where a simulation has a server of its own: in `.netrc` without its port. */
const SERVER = /(http:\/\/|machine )\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?/g;

function normalise(name: string, text: string): string {
  const told = name === 'status' ? (text.match(TOLD) ?? []).join('\n') : name === 'mountinfo' ? mountsIn(text) : text;
  return told
    .replace(/H_WORKER=(?:lab-7|simulator)/g, 'H_WORKER=<worker>')
    .replace(SERVER, '$1<server>')
    .replace(/password (?:simulated|[0-9a-f]{32,64})/g, 'password <key of the run>')
    .replace(/pipe:\[\d+\]/g, 'pipe')
    .replace(/\b(?!127\.)\d{1,3}(?:\.\d{1,3}){3}\b|\b02:42(?::[0-9a-f]{2}){4}\b/g, '<address>')
    .replace(/\b[0-9a-f]{12}\b|[0-9a-f]{64}/g, '<container>');
}

describe.each(Object.entries(CASES))('%s', (_, fields) => {
  it('the engine is asked for the same container, and the script sees the same', async () => {
    const { asked, probe, result } = await both(fields());
    expect(asked.simulation).toEqual(asked.worker);
    const differ = differing(probe.worker, probe.simulation);
    expect(differ).toEqual([]);
    // What does differ is what the ledger says.
    const kinds = new Set(result.fidelity.differences.map(({ kind }) => kind));
    expect([...kinds].filter((kind) => kind !== 'made-up-value')).toEqual([]);
    expect(result.status).toBe('PASSED');
  });
});

/** Times, sizes and addresses. */
const COUNTED = /^stat /;

function differing(worker: readonly string[], simulation: readonly string[]): string[] {
  const theirs = new Set(worker);
  const ours = new Set(simulation);
  return [...worker.filter((line) => !ours.has(line)), ...simulation.filter((line) => !theirs.has(line))].filter(
    (line) => !COUNTED.test(line),
  );
}
