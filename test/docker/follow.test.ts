/** `--follow` in real containers: what is started, in which order, with what, and what is not. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { loadDefinition } from '../../src/commands/shared/definitions.js';
import { type RunResult, type SimulateRequest, type SimulationResult, simulate } from '../../src/simulator/index.js';
import { quietView } from '../../src/terminal/index.js';
import { fetchImage } from '../support/fetch-image.js';
import { testImage } from '../support/image.js';

const TELL = `#!/bin/sh
echo "$H_RUN: COLOUR=$COLOUR by=\${H_TRIGGER_URL:-nobody} in $PWD"
[ "$H_RUN" != fails ]
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobserv-follow-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

interface Followed extends SimulationResult {
  warned: string[];
}

async function follow(names: string[], triggers: object[], more: Partial<SimulateRequest> = {}): Promise<Followed> {
  const place = mkdtempSync(join(folder, 'project-'));
  const path = join(place, '.jobserv.yml');
  mkdirSync(place, { recursive: true });
  writeFileSync(path, JSON.stringify({ timeout: 5, scripts: { tell: TELL }, triggers }));
  execFileSync('sh', ['-c', 'git init -q -b main; git add .; git -c user.name=A -c user.email=a@b.c commit -qm one'], {
    cwd: place,
  });
  const warned: string[] = [];
  const result = await simulate({
    arguments: names,
    loadDefinition: () => loadDefinition(path),
    access: {},
    params: {},
    secrets: {},
    build: 7,
    images: {},
    choose: undefined,
    ask: undefined,
    pull: 'never',
    sharedVolumes: {},
    jobs: 1,
    follow: true,
    showDockerConfig: false,
    keep: false,
    openView: () => quietView,
    warn: (message) => warned.push(message),
    signal: new AbortController().signal,
    flaggedSecrets: new Set(),
    secretFiles: [],
    lastSteps: new Set(),
    ...more,
  });
  return { ...result, warned };
}

const image = await testImage();
const run = (name: string, triggers: object[] = [], params = {}) => ({
  name,
  container: image,
  'host-tag': 'any',
  script: 'tell',
  params,
  triggers,
});

const label = ({ trigger, run: name, startedBy }: RunResult) => `${trigger}/${name} by ${startedBy ?? 'the user'}`;

/** The line that a run's script has written. */
const told = ({ console }: RunResult) => readFileSync(console, 'utf8').match(/^\S+: COLOUR=.*$/m)?.[0];

it('goes on with what runs start, and then with what the build starts, as a server names and feeds them', async () => {
  const last = [{ name: 'publish' }];
  const triggers = [
    {
      name: 'build',
      type: 'git_poller',
      runs: [
        run('red', [{ name: 'test', 'run-names': '{name}-red' }], { COLOUR: 'red' }),
        run('blue', [{ name: 'test', 'run-names': '{name}-blue' }], { COLOUR: 'blue' }),
      ],
      triggers: last,
    },
    { name: 'test', type: 'simple', runs: [run('smoke', [], { COLOUR: 'of its own' })], triggers: last },
    { name: 'publish', type: 'simple', runs: [run('announce')] },
  ];
  const { status, runs, warned } = await follow(['build/*'], triggers, { jobs: 2, project: 'acme/it' });
  expect({ status, warned }).toEqual({ status: 'PASSED', warned: [] });
  expect(runs.map(label).sort()).toEqual([
    'build/blue by the user',
    'build/red by the user',
    'publish/announce by test',
    'test/smoke-blue by build/blue',
    'test/smoke-red by build/red',
  ]);
  const url = '<server>/projects/acme/it/builds/7/';
  expect(runs.map((one) => told(one)?.replace(/http:\/\/[^/]+/, '<server>')).sort()).toEqual([
    // Of the build's own params there is no COLOUR; a simple trigger of a simple one stays what it is.
    `announce: COLOUR= by=${url} in /`,
    'blue: COLOUR=blue by=nobody in /repo',
    'red: COLOUR=red by=nobody in /repo',
    // What the run before had wins, and a poller's run makes one of its own kind.
    `smoke-blue: COLOUR=blue by=${url}runs/blue/ in /repo`,
    `smoke-red: COLOUR=red by=${url}runs/red/ in /repo`,
  ]);
  const kinds = runs.flatMap(({ fidelity }) => fidelity.differences.map(({ kind }) => kind));
  expect(kinds).not.toContain('no-trigger-url');
});

it('follows the example to its end', async () => {
  const path = 'examples/projects/chained-triggers.yml';
  const { triggers } = await loadDefinition(path);
  const withCurl = await fetchImage();
  const images = Object.fromEntries(triggers.flatMap(({ runs }) => runs.map(({ container }) => [container, withCurl])));
  const { status, runs } = await follow(['build/*'], [], { loadDefinition: () => loadDefinition(path), images });
  expect(status).toBe('PASSED');
  expect(runs.map(label)).toEqual([
    'build/build-nrf52 by the user',
    'build/build-stm32 by the user',
    'flash/on-board-nrf52 by build/build-nrf52',
    'flash/on-board-stm32 by build/build-stm32',
    'publish/announce by flash',
  ]);
  const flashed = runs.slice(2, 4).map(({ workspace }) => readFileSync(join(workspace, 'archive/flashed.txt'), 'utf8'));
  expect(flashed).toEqual(['firmware for nrf52\n', 'firmware for stm32\n']);
});

it('starts nothing for a run that fails, nor for its build', async () => {
  const triggers = [
    {
      name: 'build',
      type: 'simple',
      runs: [run('fails', [{ name: 'test' }]), run('good')],
      triggers: [{ name: 'test' }],
    },
    { name: 'test', type: 'simple', runs: [run('smoke')] },
  ];
  const { status, runs } = await follow(['build/*'], triggers);
  expect(status).toBe('FAILED');
  expect(runs.map(label)).toEqual(['build/fails by the user', 'build/good by the user']);
});

it('fails a run that the server would fail for a name that is taken', async () => {
  const triggers = [
    { name: 'build', type: 'simple', runs: [run('one', [{ name: 'test' }]), run('two', [{ name: 'test' }])] },
    { name: 'test', type: 'simple', runs: [run('smoke')] },
  ];
  const { status, runs } = await follow(['build/*'], triggers);
  expect(status).toBe('FAILED');
  expect(runs.map((one) => [label(one), one.status, one.cause])).toEqual([
    ['build/one by the user', 'PASSED', undefined],
    ['build/two by the user', 'FAILED', 'triggers'],
    ['test/smoke by build/one', 'PASSED', undefined],
  ]);
  const [, two] = runs;
  expect(JSON.parse(readFileSync(join(two?.workspace ?? '', 'result.json'), 'utf8'))).toEqual(two);
});

it('says what it could not follow where only some runs of a build are simulated', async () => {
  const triggers = [
    { name: 'build', type: 'simple', runs: [run('one'), run('two')], triggers: [{ name: 'test' }] },
    { name: 'test', type: 'simple', runs: [run('smoke')] },
  ];
  const { status, warnings, warned } = await follow(['one'], triggers);
  expect(status).toBe('PASSED');
  expect(warnings).toEqual([
    'A server starts test when all runs of build have passed, and not all of them were simulated: two was not. Name them all, as build/*.',
  ]);
  expect(warned).toEqual(warnings);
});

it('asks for the secrets of all that may be started before anything runs', async () => {
  const triggers = [
    { name: 'build', type: 'simple', runs: [run('one', [{ name: 'test' }])] },
    { name: 'test', type: 'simple', runs: [{ ...run('smoke'), 'container-auth': 'registry' }] },
  ];
  await expect(follow(['one'], triggers)).rejects.toThrow('A secret is missing: registry (for the image of test/smoke');
});
