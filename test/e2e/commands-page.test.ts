/** The examples of docs/commands.md, which are those of `--help`: each is run, or says here why not. */
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { executeOnServer } from '../support/execute-on-server.js';
import { fetchImage } from '../support/fetch-image.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import { blocksOf, Machine } from './page.js';
import { useImage } from './worker-world.js';

interface Expected {
  status?: number;
  /** It does not end by itself: it gets SIGTERM when it shows this. */
  until?: string;
  /** Commands before it. */
  before?: string;
  notRun?: string;
}

/** Other commands of a worker need it. */
const REGISTER = 'jobserv worker register https://ci.example.org amd64,kvm --concurrent-runs 3 --folder /srv/worker';

const CRONWRAP = 'jobserv worker cronwrap /srv/worker/clean-caches.sh --folder /srv/worker';

/** Of each command whose status is not 0, or that needs more than a definition. In their order. */
const EXPECTED: Record<string, Expected> = {
  'jobserv init': { before: 'git init --quiet; mv .jobserv.yml saved.yml' },
  'jobserv language-server': { before: 'mv saved.yml .jobserv.yml; rm -rf .git', status: 1 },
  'jobserv reproduce URL': { status: 1 },
  'jobserv reproduce URL --repeat 5': { status: 1 },
  'jobserv reproduce URL --report unit-test.html': { status: 1 },
  'jobserv reproduce URL --shell on-failure': { notRun: 'it needs a terminal: e2e/shell.test.ts' },
  'jobserv reproduce URL --console-diff unit-test.diff': { status: 1 },
  'jobserv rundef get URL --ask --output build.json': { notRun: 'it needs a terminal: e2e/terminal.test.ts' },
  'jobserv simulate pr/build --pr acme/blinky#12 --secret githubtok': { notRun: 'it needs GitHub' },
  'jobserv simulate ci/build --watch': { until: 'Watching', status: 143 },
  'jobserv simulate on-board --upstream ./workspace': { before: 'jobserv simulate ci/build --workspace ./workspace' },
  'make-definition | jobserv validate -': {
    before:
      'mkdir -p ~/.npm-global/bin; printf "#!/bin/sh\\ncat .jobserv.yml\\n" > ~/.npm-global/bin/make-definition; chmod +x ~/.npm-global/bin/make-definition',
  },
  'jobserv validate ci/ examples/': { before: 'mkdir -p ci examples; cp .jobserv.yml ci; cp .jobserv.yml examples' },
  [CRONWRAP]: { notRun: 'it is run before all others: a server answers 500 to the first event after a check-in' },
  'jobserv worker gc-volumes --dryrun': { before: 'cd /srv/worker' },
  'jobserv worker loop --folder /srv/worker': { until: 'has started' },
  'jobserv worker loop --idle-command /sbin/poweroff --idle-threshold 30': { until: 'has started' },
  'jobserv worker loop --folder /srv/worker --listen 127.0.0.1:9180': { until: 'has started' },
  [REGISTER]: { notRun: 'it is run before all others' },
  'JOBSERV_WORKER_JWT="$(cat token)" jobserv worker register https://ci.example.org amd64': {
    notRun: 'it needs a token that the server trusts: e2e/worker.test.ts',
  },
  "jobserv worker status --json | jq '[.runs[].spoolBytes] | add'": { notRun: 'it needs jq' },
  'journalctl -u jobserv --since today | jobserv worker upload --folder /srv/worker': { notRun: 'it needs systemd' },
};

const GREPPING = { 'result-pattern': 'test (?P<name>\\d+): (?P<result>\\w+)', fixupdict: { ok: 'PASSED' } };
const SCRIPT = '#!/bin/sh\necho "test 1: ok"\n';

function definition(container: string): string {
  const run = (name: string, more = {}) => ({ name, container, 'host-tag': 'amd64', script: 'tests', ...more });
  const tested = run('unit-test', { 'test-grepping': GREPPING });
  const ci = { name: 'ci', type: 'simple', runs: [run('build'), run('build-nrf52'), tested, run('on-board')] };
  // JSON is YAML.
  return `${JSON.stringify({ timeout: 5, triggers: [ci], scripts: { tests: SCRIPT } }, null, 2)}\n`;
}

const image = useImage();
let server: LiveServer;
let machine: Machine;

beforeAll(async () => {
  server = await startLiveServer();
  const run = (name: string, script: string, fields = {}) =>
    executeOnServer(server, server.queue({ script, container: image.name, ...fields }, { name, build: 7 }));
  await run('unit-test', `${SCRIPT}exit 3\n`, { 'test-grepping': GREPPING });
  await run('build', '#!/bin/sh\necho built > /archive/firmware.bin\n');
  const files = { '.jobserv.yml': definition(image.name) };
  machine = Machine.create(await fetchImage(), files, { 'https://ci.example.org': server.url }, true);
  expect(await machine.run(REGISTER)).toMatchObject({ status: 0 });
  server.enlist(hostname());
  const program = 'printf "#!/bin/sh\n" > /srv/worker/clean-caches.sh; chmod +x /srv/worker/clean-caches.sh\n';
  expect(await machine.run(program + CRONWRAP)).toMatchObject({ status: 0 });
  await machine.run('jobserv simulate ci/unit-test');
});

afterAll(async () => {
  if (machine) rmSync(machine.home, { recursive: true, force: true });
  await server?.stop();
});

const examples = blocksOf('docs/commands.md').flatMap(({ text }) =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
);
const keyOf = (example: string) => example.replace(/https:\S+\/runs\/\S+/, 'URL');

it('are all there that this test has something about', () => {
  expect(Object.keys(EXPECTED).filter((key) => !examples.some((example) => keyOf(example) === key))).toEqual([]);
});

const run = examples.filter((example) => EXPECTED[keyOf(example)]?.notRun === undefined);

it.each(run)('%s', async (example) => {
  const { status = 0, until, before } = EXPECTED[keyOf(example)] ?? {};
  if (before !== undefined) expect(await machine.run(before)).toMatchObject({ status: 0 });
  const ended = await machine.run(`export githubtok=ghp_example\n${example}`, until);
  expect({ status: ended.status, shown: ended.status === status ? '' : ended.stdout + ended.stderr }).toEqual({
    status,
    shown: '',
  });
});
