/**
 * The commands of every page, copied out of it and run in order, with the packed command on a real engine; a page's
 * `ci.example.org` is a live server. What a page shows is compared with what is shown.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadYaml } from '../../src/python/index.js';
import { executeOnServer } from '../support/execute-on-server.js';
import { fetchImage } from '../support/fetch-image.js';
import { type LiveServer, startLiveServer } from '../support/live-server/live-server.js';
import type { RunFields } from '../support/live-server/store.js';
import { type Block, blocksOf, commandsOf, Machine, patternOf, plain } from './page.js';
import { useImage } from './worker-world.js';

const PAGES = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'SECURITY.md', ...markdownOf('docs')];
/** The examples of --help: commands-page.test.ts runs them. */
const GENERATED = 'docs/commands.md';

function markdownOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
    .sort();
}

const image = useImage();
let server: LiveServer;
let curlImage: string;
const machines: Machine[] = [];

beforeAll(async () => {
  server = await startLiveServer();
  curlImage = await fetchImage();
  const run = (name: string, build: number, script: string, fields: RunFields = {}) =>
    executeOnServer(server, server.queue({ script, container: image.name, ...fields }, { name, build }));
  const flash = 'echo flash: probing\n[ $H_WORKER = simulator ] && echo flash: 4096 bytes written && exit 0\n';
  await run('unit-test', 1, `#!/bin/sh\n${flash}echo flash: no board found; exit 1\n`);
  await run('unit-test', 7, `${TESTS}exit 3\n`, { 'test-grepping': GREPPING });
  await run('build', 7, '#!/bin/sh\necho built > /archive/firmware.bin\n');
  await run('build-nrf52', 7, '#!/bin/sh\necho built > /archive/firmware-nrf52.txt\n', { env: { BOARD: 'nrf52' } });
});

afterAll(async () => {
  for (const { home } of machines) rmSync(home, { recursive: true, force: true });
  await server?.stop();
});

const load = (yaml: string): unknown => JSON.parse(JSON.stringify(loadYaml(yaml).value));
/** JSON is YAML. */
const dump = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const SCRIPT = '#!/bin/sh\necho ran\n';
const TESTS = '#!/bin/sh\ni=0; while [ $i -lt 12 ]; do i=$((i+1)); echo "test $i: ok"; done\n';
const GREPPING = { 'result-pattern': 'test (?P<name>\\d+): (?P<result>\\w+)', fixupdict: { ok: 'PASSED' } };

/** A definition with one `simple` trigger, and a run for each script. */
function definition(trigger: string, scripts: Record<string, string>): string {
  const runs = Object.keys(scripts).map((name) => {
    return { name, container: 'alpine:3.20', 'host-tag': 'amd64', script: name };
  });
  return dump({ timeout: 5, triggers: [{ name: trigger, type: 'simple', runs }], scripts });
}

/** What the machine of a page has, when it is not an empty folder with `jobserv` installed. */
interface World {
  files?: Record<string, string>;
  installed?: boolean;
  /** Whether it has a server of its own: a worker of this host can be registered at one only once. */
  hasWorker?: boolean;
  /** Commands before all. */
  first?: string;
  /** Commands before the block that has this text. */
  before?: Record<string, string>;
  /** Commands after all. */
  last?: string;
  /** Whether the reader merges the page's YAML into the definition. */
  merges?: boolean;
}

const MATRIX = `timeout: 5
triggers:
  - name: ci
    type: simple
    runs:
      - name: build-{loop}
        container: alpine:3.20
        host-tag: amd64
        script: build
        loop-on: [{ param: BOARD, values: [stm32, rp2040] }, { param: CC, values: [gcc, clang, icc] }]
scripts:
  build: |
    #!/bin/sh
    if [ $BOARD-$CC = stm32-gcc ]; then
      echo "main.c:11: error: undefined reference to foo_11"
      echo "main.c:12: error: undefined reference to foo_12"
      echo "make: *** [main.o] Error 1"
      exit 2
    fi
`;

const MISTAKES = `timeout: 30
triggers:
  - name: ci
    type: git_poller
    params:
      GIT_URL: https://git.example.org/acme/blinky.git
      GIT_POLL_REFS: refs/heads/main
    runs:
      - name: build-{loop}
        container: python:3.12
        host-tag: amd64
        loop-on:
          - param: PYTHON
            values: ["3.9", 3.10]
        script: biuld
scripts:
  build: |
    #!/bin/sh -e
    make
`;

const BLINK = '#!/bin/sh\necho "test blink: ok"\necho "test sleep: expected 250 ms, took 1250 ms"\nexit 1\n';

const WORLDS: Record<string, World> = {
  'README.md': {
    files: { '.jobserv.yml': definition('ci', { 'unit-tests': BLINK }), 'definition.yml': MISTAKES },
    before: {
      'jobserv init': 'mv .jobserv.yml old.yml; printf "#!/bin/sh\\n" > run-tests.sh; chmod +x run-tests.sh; git init',
    },
  },
  'docs/chained-builds.md': {
    files: { '.jobserv.yml': readFileSync('examples/projects/chained-triggers.yml', 'utf8') },
  },
  'docs/editors.md': { files: { '.jobserv.yml': definition('ci', { unit: SCRIPT }) } },
  'docs/exit-statuses.md': { files: { '.jobserv.yml': definition('ci', { 'unit-tests': SCRIPT }) } },
  'docs/install.md': { installed: false, last: '! command -v jobserv' },
  'docs/json.md': { files: { '.jobserv.yml': definition('ci', { 'test-a': SCRIPT, 'test-b': SCRIPT }) } },
  'docs/many-runs.md': { files: { '.jobserv.yml': MATRIX } },
  'docs/operations.md': {
    hasWorker: true,
    first: 'jobserv worker register https://ci.example.org amd64 --folder /srv/worker',
  },
  'docs/recipes.md': {
    files: {
      '.jobserv.yml': definition('ci', { unit: SCRIPT }),
      'services/api/api.jobserv.yml': definition('ci', { unit: SCRIPT }),
    },
    first: `git init --quiet; git add .; git commit --quiet --message x
      git update-ref refs/remotes/origin/main HEAD; sed -i s#alpine:3.20#registry.example.org/sdk:1# .jobserv.yml`,
  },
  'docs/reports.md': { files: { '.jobserv.yml': definition('ci', { unit: SCRIPT }) } },
  'docs/tutorial.md': { merges: true },
  'docs/worker.md': { hasWorker: true },
};

/** Mappings key by key, and lists of things with names name by name. */
function merged(old: unknown, added: unknown): unknown {
  if (Array.isArray(old) && Array.isArray(added)) {
    const named = (list: unknown[], name: unknown) => list.find((one) => (one as { name?: unknown }).name === name);
    const kept = old.map((one) => merged(one, named(added, (one as { name?: unknown }).name) ?? {}));
    return [...kept, ...added.filter((one) => named(old, (one as { name?: unknown }).name) === undefined)];
  }
  if (typeof old !== 'object' || typeof added !== 'object' || old === null || added === null) return added;
  const all = { ...old } as Record<string, unknown>;
  for (const [key, value] of Object.entries(added)) all[key] = key in all ? merged(all[key], value) : value;
  return all;
}

function mergeInto(path: string, yaml: string): void {
  writeFileSync(path, dump(merged(load(readFileSync(path, 'utf8')), load(yaml))));
}

function machineFor(world: World, { url } = server): Machine {
  const names = { 'https://ci.example.org': url, 'registry.example.org/sdk': image.name.replace(/:\d+$/, '') };
  const machine = Machine.create(curlImage, world.files ?? {}, names, world.installed ?? true);
  machines.push(machine);
  return machine;
}

async function expectShown(machine: Machine, block: Block): Promise<void> {
  for (const { command, lines } of commandsOf(block)) {
    const shown = await machine.show(command);
    const text = `${plain(shown.lines).join('\n')}\n`;
    if (!patternOf(lines).test(text)) expect(plain(shown.lines)).toEqual(plain(lines));
    expect({ command, status: shown.status }).toEqual({ command, status: block.status });
  }
}

async function expectStatus(machine: Machine, text: string, status: number, until?: string): Promise<void> {
  const ended = await machine.run(text, until);
  if (ended.status !== status) throw new Error(`${text}ended with ${ended.status}: ${ended.stdout}${ended.stderr}`);
}

const runnable = ({ language }: Block) => language !== 'yaml';
const withCommands = PAGES.filter((page) => page !== GENERATED && blocksOf(page).some(runnable));

it.concurrent.each(withCommands)('%s', async (page) => {
  const world = WORLDS[page] ?? {};
  await using own = world.hasWorker ? await startLiveServer() : undefined;
  const machine = machineFor(world, own);
  if (world.first) await expectStatus(machine, world.first, 0);
  for (const block of blocksOf(page)) {
    if (block.notRun !== undefined) continue;
    for (const [text, commands] of Object.entries(world.before ?? {}))
      if (block.text.includes(text)) await expectStatus(machine, commands, 0);
    if (block.language === 'console') await expectShown(machine, block);
    else if (block.language === 'sh') await expectStatus(machine, block.text, block.status, block.until);
    else if (world.merges) mergeInto(join(machine.cwd, '.jobserv.yml'), block.text);
  }
  if (world.last) await expectStatus(machine, world.last, 0);
});

it('commands of pages are in blocks that are run, or say why not', () => {
  const others = PAGES.filter((page) => page !== GENERATED).flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm)]
      .filter(([all, language = '', text = '']) => {
        const isRun = ['sh', 'console'].includes(language) && all.startsWith('```');
        return !isRun && /^ *(\$|jobserv|npm|npx|docker|git) /m.test(text) && language !== 'yaml';
      })
      .map(([all]) => `${page}: ${all}`),
  );
  expect(others).toEqual([]);
});
