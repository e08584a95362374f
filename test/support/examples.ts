/** What each example of `examples/projects` needs, and what it shows; unit and docker tests go through this table. */
import type { StringMap } from '../../src/schema/index.js';

/** One simulation of an example: what is given, and what must come of it. */
export interface ExampleCase {
  title: string;
  /** `trigger/run`. */
  run: string;
  params?: StringMap;
  /** Folders for shared volumes, below the project's root. */
  sharedVolumes?: StringMap;
  status: 'PASSED' | 'FAILED';
  /** Lines that the script prints. */
  prints: (string | RegExp)[];
  /** `test/result: status`, all of them. */
  results?: string[];
  /** All of them. */
  artifacts?: string[];
}

export interface Example {
  /** Without folder and `.yml`. */
  name: string;
  /** Every run after expansion, `trigger/run`, in order. */
  runs: string[];
  /** Secrets without which its rundefs cannot be built, or its script fails. */
  secrets?: StringMap;
  /** What it is simulated with, and what comes of it; the image is mapped, so no network is needed. */
  cases: ExampleCase[];
  /** What must be there beside an engine and the image. */
  needs?: 'a git server' | 'an engine that grants everything';
}

const passes = (run: string, prints: (string | RegExp)[], more: Partial<ExampleCase> = {}): ExampleCase => ({
  title: run,
  run,
  status: 'PASSED',
  prints,
  ...more,
});

const fails = (title: string, example: ExampleCase, more: Partial<ExampleCase>): ExampleCase => ({
  ...example,
  title,
  status: 'FAILED',
  ...more,
});

const testGrepping = passes(
  'manual/unit-tests',
  ['suite: boot', '  ok - checksum', '  skip - range (needs a second board)'],
  {
    results: ['boot/loader: PASSED', 'boot/checksum: PASSED', 'radio/ping: PASSED', 'radio/range: SKIPPED'],
  },
);

const junit = passes('manual/unit-tests', ['wrote 3 results'], {
  results: ['boot/loader: PASSED', 'boot/checksum: PASSED', 'boot/watchdog: SKIPPED'],
  artifacts: ['junit.xml'],
});

export const EXAMPLES: readonly Example[] = [
  {
    name: 'artifacts',
    runs: ['manual/package'],
    cases: [
      passes('manual/package', ['/archive/images/firmware.bin', '/archive/logs/machine.log'], {
        artifacts: ['images/firmware.bin', 'images/firmware.bin.sha256', 'logs/machine.log'],
      }),
    ],
  },
  {
    name: 'capabilities',
    runs: ['manual/default', 'manual/more', 'manual/less'],
    cases: [
      passes('manual/default', ['SYS_NICE: may not', 'CHOWN: may give files away']),
      passes('manual/more', ['SYS_NICE: may ask for more of the processor', 'CHOWN: may give files away']),
      passes('manual/less', ['SYS_NICE: may not', 'CHOWN: may not']),
    ],
  },
  {
    name: 'chained-triggers',
    runs: ['build/build-nrf52', 'build/build-stm32', 'flash/on-board', 'publish/announce'],
    cases: [
      passes('build/build-nrf52', ['built firmware-nrf52.txt'], { artifacts: ['firmware-nrf52.txt'] }),
      passes('flash/on-board', ['nothing fired this run, so there is nothing to flash'], {
        params: { BOARD: 'nrf52' },
      }),
      passes('publish/announce', [/^every run of build \d+ has passed$/]),
    ],
  },
  {
    name: 'console-progress',
    runs: ['manual/image'],
    cases: [passes('manual/image', ['task 1 of 20: recipe-1', 'task 20 of 20: recipe-20'])],
  },
  {
    name: 'entrypoint',
    runs: ['manual/cleared', 'manual/replaced'],
    cases: [
      passes('manual/cleared', [/^process 1 was started as: \/bin\/sh -e \/script-repo\/do_run/]),
      passes('manual/replaced', [/^process 1 was started as: \/bin\/sh \/script-repo\/do_run/]),
    ],
  },
  {
    name: 'git-poller',
    runs: ['pushed/conflict-markers'],
    cases: [
      passes('pushed/conflict-markers', [/^checking refs\/heads\/\S+ at [0-9a-f]{40}$/, 'no conflict markers'], {
        artifacts: ['conflicts.txt'],
      }),
    ],
  },
  {
    name: 'hello',
    runs: ['manual/hello'],
    cases: [passes('manual/hello', [/^Hello from .+, build \d+, run hello$/], { artifacts: [] })],
  },
  {
    name: 'host-tag',
    runs: ['manual/anywhere', 'manual/native-amd64', 'manual/native-arm64'],
    cases: [passes('manual/native-arm64', [/^worker \S+: \w+$/])],
  },
  {
    name: 'junit',
    runs: ['manual/unit-tests'],
    cases: [
      junit,
      fails('manual/unit-tests with a test that fails', junit, {
        params: { BROKEN: 'checksum' },
        results: ['boot/loader: PASSED', 'boot/checksum: FAILED', 'boot/watchdog: SKIPPED'],
      }),
    ],
  },
  {
    name: 'loop-on',
    runs: ['nrf52', 'stm32', 'esp32'].flatMap((board) => [`manual/build-${board}-gcc`, `manual/build-${board}-clang`]),
    cases: [passes('manual/build-stm32-clang', ['building for stm32 with clang'])],
  },
  {
    name: 'merge-request',
    runs: ['merge-request/shell-syntax'],
    cases: [
      passes('merge-request/shell-syntax', ['./checks/good.sh', '1 scripts can be read'], {
        params: { GL_MR: 'https://gitlab.example.org/acme/blinky/-/merge_requests/12' },
        artifacts: ['scripts.txt'],
      }),
    ],
  },
  { name: 'notifications', runs: ['manual/smoke'], cases: [passes('manual/smoke', [/^the server will tell/])] },
  {
    name: 'parameters',
    runs: ['manual/show'],
    cases: [
      passes('manual/show', ['Hello, run', 'python 3.10', /^project=.+ build=\d+ run=show worker=.+$/]),
      passes('manual/show', ['Servus, run'], {
        title: 'manual/show, greeted otherwise',
        params: { GREETING: 'Servus' },
      }),
    ],
  },
  {
    name: 'persistent-volumes',
    runs: ['manual/count'],
    cases: [
      passes('manual/count', ['run number 1 with this cache']),
      passes('manual/count', ['run number 2 with this cache'], { title: 'manual/count, a second time' }),
    ],
  },
  {
    name: 'private-container',
    runs: ['manual/compile'],
    secrets: { registry_auth: Buffer.from('reader:not-a-password').toString('base64') },
    cases: [passes('manual/compile', ['compiling with the toolchain of this image'])],
  },
  {
    name: 'privileged',
    runs: ['manual/mount-image'],
    cases: [passes('manual/mount-image', [/^none \/image tmpfs /])],
    needs: 'an engine that grants everything',
  },
  {
    name: 'pull-request',
    runs: ['pull-request/changes'],
    cases: [
      passes('pull-request/changes', ['pull request 12 of acme/blinky', /^commit [0-9a-f]{40}$/, /^\d+ files$/], {
        params: { GH_OWNER: 'acme', GH_REPO: 'blinky', GH_PRNUM: '12' },
        artifacts: ['files.txt'],
      }),
    ],
  },
  {
    name: 'reboot',
    runs: ['manual/install-kernel'],
    cases: [
      passes('manual/install-kernel', ['before the reboot', 'after the reboot', /^installed by build \d+$/], {
        artifacts: ['kernel.txt'],
      }),
    ],
  },
  {
    name: 'script-repo',
    runs: ['manual/checks'],
    secrets: { ci_user: 'reader', ci_token: 'not-a-token' },
    cases: [passes('manual/checks', ['the shared checks of v1'], { artifacts: ['script_repo.log'] })],
    needs: 'a git server',
  },
  {
    name: 'secrets',
    runs: ['manual/upload'],
    secrets: { upload_token: 'not-a-real-one' },
    cases: [passes('manual/upload', ['would upload with a token of 14 bytes'], { artifacts: ['fingerprint.txt'] })],
  },
  {
    name: 'shared-volumes',
    runs: ['manual/list'],
    cases: [
      passes('manual/list', ['0 files in /opt/toolchains', 'and they are read-only'], {
        title: 'manual/list, with no folder mapped',
      }),
      passes('manual/list', [/^[1-9]\d* files in \/opt\/toolchains$/, 'and they are read-only'], {
        sharedVolumes: { toolchains: 'examples' },
      }),
    ],
  },
  {
    name: 'test-grepping',
    runs: ['manual/unit-tests'],
    cases: [
      testGrepping,
      fails('manual/unit-tests with a test that fails', testGrepping, {
        params: { BROKEN: 'checksum' },
        prints: ['  not ok - checksum'],
        results: ['boot/loader: PASSED', 'boot/checksum: FAILED', 'radio/ping: PASSED', 'radio/range: SKIPPED'],
      }),
    ],
  },
  { name: 'timeout', runs: ['manual/sleep'], cases: [passes('manual/sleep', ['sleeping for 1 s', 'done'])] },
  {
    name: 'user',
    runs: ['manual/as-root', 'manual/as-1000'],
    cases: [
      passes('manual/as-root', ['user 0, group 0', 'may read /root/.netrc', 'may write to /']),
      passes('manual/as-1000', ['user 1000, group 1000', 'may not read /root/.netrc', 'may not write to /']),
    ],
  },
];
