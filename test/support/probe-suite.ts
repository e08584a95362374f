/**
 * The container contract (SPEC 3), checked against the reference: `fixtures/probe/cases.json`
 * holds run definitions, `expected.json` what a probe script saw, and how the run ended, when
 * the reference worker and runner executed them. Our executor executes the same, with any engine.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DockerEngine } from '../../src/docker/index.js';
import type { ContainerEngine } from '../../src/executor/index.js';
import { type GitHttpServer, startGitHttpServer } from './git-http-server.js';
import { normaliseProbe, type ProbeFacts } from './probe.js';
import { type Placeholders, PROBE, type ProbeCase, probeCases } from './probe-cases.js';
import { buildProbeImages, PROBE_IMAGES, probeBaseline } from './probe-engine.js';
import { expectedFacts, probeAnswer } from './probe-expected.js';
import { parseProbe, type RawProbe } from './probe-output.js';
import { makeProbeRepositories } from './probe-repositories.js';
import { type ProbeRun, runProbeCase } from './probe-world.js';

const different = probeCases().filter(({ scope }) => scope === 'different');
const AT_ONCE = 4;
const AUTHORIZATION = `Basic ${Buffer.from('probe-user:probe-token').toString('base64')}`;
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

export interface ProbeEngine {
  engine: DockerEngine;
  /** Where the folders of the runs are. */
  folder?: string;
  stop?: () => Promise<void>;
}

interface ProbeOptions {
  /** What a script sees with this engine, from what it saw under the reference. */
  expected?: (facts: ProbeFacts | undefined) => unknown;
  /** The cases that are executed; without it all. */
  select?: (cases: ProbeCase[]) => ProbeCase[];
}

export function describeProbe(
  open: () => Promise<ProbeEngine>,
  { expected = (facts) => facts, select = (all) => all }: ProbeOptions = {},
): void {
  const cases = select(probeCases().filter(({ scope }) => scope === undefined || scope === 'executor'));
  let root: string;
  let stop: (() => Promise<void>) | undefined;
  let git: GitHttpServer;
  let baseline: RawProbe;
  let placeholders: Placeholders;
  /** Runs take turns, a few at a time, in the order of the tests that wait for them. */
  const runs = new Map<string, Promise<ProbeRun>>();

  beforeAll(async () => {
    const world = await open();
    const { engine } = world;
    stop = world.stop;
    root = await mkdtemp(join(world.folder ?? tmpdir(), 'jobserv-probe-'));
    await buildProbeImages(engine.address);
    baseline = await probeBaseline(engine.address);
    const repositories = join(root, 'repositories');
    git = await startGitHttpServer(repositories, AUTHORIZATION);
    const certificates = join(root, 'certificates');
    await mkdir(certificates);
    await writeFile(join(certificates, 'probe.crt'), 'x');
    placeholders = {
      ...makeProbeRepositories(repositories),
      server: 'http://ci.example.org:8080',
      'server-host': 'ci.example.org:8080',
      'server-port': '8080',
      git: git.url,
      'git-host': git.url.slice('http://'.length),
      'git-hostname': '127.0.0.1',
      'git-authorization': AUTHORIZATION,
      engine: engine.address,
      certificates,
      'no-image': '127.0.0.1:1/jobserv-test:none',
      image: 'jobserv-test:plain',
      ...Object.fromEntries(PROBE_IMAGES.map((stage) => [`image:${stage}`, `jobserv-test:${stage}`])),
    };
    const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    for (const [index, probeCase] of [...cases, ...different].entries()) {
      const folder = join(root, 'runs', probeCase.name);
      const turn = lanes[index % AT_ONCE] as Promise<unknown>;
      const run = turn.then(() => runProbeCase(probeCase, placeholders, withLocalImages(engine), folder));
      lanes[index % AT_ONCE] = run.catch(() => {});
      runs.set(probeCase.name, run);
    }
  });

  afterAll(async () => {
    await Promise.allSettled(runs.values());
    await git?.close();
    await rm(root, { recursive: true, force: true });
    await stop?.();
  });

  /** The test images were built on the spot; there is no registry to pull them from. */
  function withLocalImages(engine: DockerEngine): ContainerEngine {
    return {
      address: engine.address,
      create: (spec, signal) => engine.create(spec, signal),
      reattach: (id) => engine.reattach(id),
      pull: async (request) => (await engine.inspectImage(request.reference)) ?? engine.pull(request),
    };
  }

  function facts(probeCase: ProbeCase, console: Buffer) {
    const raw = parseProbe(console);
    if (raw === undefined) return undefined;
    const machineOwn = ['image', 'no-image', 'server-port', 'git-hostname', 'git-authorization', 'certificates'];
    const places = Object.entries(placeholders).filter(
      ([name]) => !machineOwn.includes(name.replace(/^image:.*/, 'image')),
    );
    const replace: [string, string][] = [
      [PROBE, '{probe}'],
      ['LocalHost:8080', 'LocalHost:{server-port}'],
      [placeholders['certificates'] as string, '/usr/local/share/ca-certificates'],
      ...places.map(([name, value]): [string, string] => [value, `{${name}}`]),
    ];
    return normaliseProbe(raw, {
      baseline,
      ownerUid: process.getuid?.() ?? 0,
      ownerGid: process.getgid?.() ?? 0,
      replace: replace.sort(([a], [b]) => b.length - a.length),
      unordered: new Set(
        probeCase.host?.dockerConfig?.includes('proxies') ? PROXIES.flatMap((key) => [key, key.toLowerCase()]) : [],
      ),
    });
  }

  describe('a run ends, and its script sees the same, as under the reference worker', () => {
    it.each(cases)('$name', async (probeCase) => {
      const { outcome, console, statuses } = await (runs.get(probeCase.name) as Promise<ProbeRun>);
      const answer = probeAnswer(probeCase.name);
      expect(outcome.status).toBe(answer.statuses.at(-1));
      expect(facts(probeCase, console)).toEqual(expected(expectedFacts(probeCase.name)));
      if (answer.reason === 'setup') expect(outcome).toHaveProperty('cause', 'setup');
      if (answer.reason === 'start') expect(outcome).toHaveProperty('cause', expect.stringMatching(/^(script|setup)$/));
      if (answer.reason === undefined || answer.reason === 'script') {
        // The container ran: then the exit status, the artifacts and what the server is told agree too.
        expect(outcome.exitCode).toBe(answer.exitCode);
        expect(outcome.artifacts.map(({ path }) => path).sort()).toEqual(answer.artifacts ?? []);
        expect(statuses).toEqual(answer.statuses.filter((status) => status !== 'RUNNING'));
      }
    });
  });

  describe('a run ends otherwise than under the reference worker, on purpose', () => {
    it.each(different)('$name: $ours, for $note', async ({ name, ours }) => {
      const { outcome } = await (runs.get(name) as Promise<ProbeRun>);
      expect(outcome.status).toBe(ours);
    });
  });
}
