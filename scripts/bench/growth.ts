/**
 * How costs grow (`npm run bench -- growth`): each row at three sizes, beside the least that the work can cost or a
 * program that does the same, with the exponent: 1 is in proportion to the size, 2 is its square.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMasker } from '../../src/executor/index.js';
import { IMAGE } from './fixtures.js';
import { type Cost, costOf, median } from './measure.js';
import { WORKER_GROWTH } from './worker-growth.js';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface GrowthRow {
  id: string;
  what: string;
  peer: string;
  sizes: readonly [number, number, number];
  ours(folder: string, size: number): Promise<Cost>;
  theirs?(folder: string, size: number): Promise<Cost>;
}

const jobserv = (cwd: string, ...args: string[]) => costOf([process.execPath, RUN, ...args], cwd);

/** A definition whose one loop makes so many runs. */
function loopDefinition(folder: string, runs: number): void {
  const values = Array.from({ length: runs }, (_, index) => `v${index}`);
  const lines = [
    "timeout: 5\nscripts: {s: '#!/bin/sh'}\ntriggers:\n  - name: t\n    type: simple\n    runs:",
    `      - {name: 'm-{loop}', container: '${IMAGE}', host-tag: a, script: s, persistent-volumes: {v: /v}, loop-on: [{param: A, values: [${values}]}]}`,
  ];
  writeFileSync(join(folder, '.jobserv.yml'), `${lines.join('\n')}\n`);
}

function definition(folder: string, type: string, more = ''): void {
  const run = `{name: r, container: '${IMAGE}', host-tag: a, script: s${more}}`;
  const text = `timeout: 5\nscripts: {s: "#!/bin/sh\\ntrue\\n"}\ntriggers:\n  - {name: t, type: ${type}, runs: [${run}]}\n`;
  writeFileSync(join(folder, '.jobserv.yml'), text);
}

function git(folder: string, ...args: string[]): void {
  const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', '-c', 'protocol.file.allow=always'];
  execFileSync('git', [...who, ...args], { cwd: folder, stdio: 'ignore' });
}

function repository(folder: string, files: number): void {
  git(folder, 'init', '--quiet');
  for (let index = 0; index < files; index++) writeFileSync(join(folder, `f${index}`), `file ${index}\n`.repeat(100));
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--message', 'bench');
}

/** Mistakes in each of so many files. */
function badFiles(folder: string, count: number): void {
  for (let index = 0; index < count; index++) {
    const name = join(folder, `${index}.jobserv.yml`);
    writeFileSync(name, `timeout: 5\ntriggers:\n  - {name: t${index}, type: nope, runs: [{name: r, conteiner: x}]}\n`);
  }
}

const RESULTS = '(?P<name>[a-z_]+): (?P<result>PASSED|FAILED)';

function consoleLog(folder: string, lines: number): string {
  const line = '2026-01-01 12:00:00 compiling a file of the project, nothing to see in this line';
  writeFileSync(join(folder, 'console.log'), `${line}\n`.repeat(lines));
  return 'console.log';
}

const PIECE = 64 * 1024;

/** 64 MB of console that comes in pieces of so many bytes, and holds none of so many secrets. */
async function masking(secrets: number, piece = PIECE): Promise<Cost> {
  const values = Array.from({ length: secrets }, (_, index) => createHash('sha1').update(`${index}`).digest('hex'));
  const text = Buffer.from('a line of a build, as long as lines are, without any secret\n'.repeat(1100));
  const pieces = Array.from({ length: PIECE / piece }, (_, index) => text.subarray(index * piece, (index + 1) * piece));
  const stream = createMasker(values).stream();
  const round = () => {
    const before = process.cpuUsage();
    for (let bytes = 0; bytes < 64_000_000; bytes += PIECE) for (const one of pieces) stream.write(one);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  // The first ones are those in which V8 compiles it.
  const [, , ...rounds] = Array.from({ length: 9 }, round);
  return { seconds: median(rounds), megabytes: 0 };
}

export const GROWTH: readonly GrowthRow[] = [
  {
    id: 'dry-run',
    what: 'simulate --dry-run of N runs',
    peer: 'rundef create --all',
    sizes: [100, 1000, 10_000],
    ours: (folder, size) => {
      loopDefinition(folder, size);
      return jobserv(folder, 'simulate', 't/*', '--dry-run', '--json');
    },
    theirs: (folder) => jobserv(folder, 'rundef', 'create', '--all', '--json'),
  },
  {
    id: 'simulated-runs',
    what: 'N runs of an empty script planned, executed, shown and summarised, 8 at a time; 1,000 of them within 200 MB',
    peer: 'none',
    sizes: [10, 100, 1000],
    ours: (folder, size) => {
      loopDefinition(folder, size);
      const workspace = ['--workspace', join(folder, 'workspaces')];
      return jobserv(folder, 'simulate', 't/*', '--jobs', '8', '--output', 'interleaved', ...workspace);
    },
  },
  {
    id: 'list',
    what: 'list of N runs',
    peer: 'list --json',
    sizes: [190, 1900, 19_000],
    ours: (folder, size) => {
      loopDefinition(folder, size);
      return jobserv(folder, 'list');
    },
    theirs: (folder) => jobserv(folder, 'list', '--json'),
  },
  {
    id: 'bad-files',
    what: 'validate --format sarif of N files with mistakes',
    peer: 'none',
    sizes: [200, 2000, 20_000],
    ours: (folder, size) => {
      badFiles(folder, size);
      return jobserv(folder, 'validate', '--format', 'sarif', '.');
    },
  },
  {
    id: 'grepping',
    what: 'check-test-grepping of N lines that do not match',
    peer: "Python's re",
    sizes: [10_000, 100_000, 1_000_000],
    ours: (folder, size) => {
      definition(folder, 'simple', `, test-grepping: {result-pattern: '${RESULTS}'}`);
      return jobserv(folder, 'check-test-grepping', 'r', consoleLog(folder, size));
    },
    theirs: (folder) => {
      const script = `import re\nmatch = re.compile(r'''${RESULTS}''').match\nfor line in open('console.log'): match(line)`;
      return costOf(['python3', '-c', script], folder);
    },
  },
  {
    id: 'masking',
    what: '64 MB of console masked with N secrets',
    peer: 'one secret',
    sizes: [20, 200, 2000],
    ours: (_, size) => masking(size),
    theirs: () => masking(1),
  },
  {
    id: 'masking-pieces',
    what: '64 MB of console in pieces of N bytes masked with 2,000 secrets',
    peer: 'pieces of 64 KiB',
    sizes: [512, 4096, 32_768],
    ours: (_, size) => masking(2000, size),
    theirs: () => masking(2000),
  },
  {
    id: 'tree',
    what: 'a working tree of N files made ready (simulate --dry-run)',
    peer: 'git clone --no-hardlinks',
    sizes: [10, 100, 1000],
    ours: (folder, size) => {
      definition(folder, 'git_poller');
      repository(folder, size);
      return jobserv(folder, 'simulate', 'r', '--dry-run', '--json');
    },
    theirs: (folder) => costOf(['git', 'clone', '--quiet', '--no-hardlinks', '.', join(folder, 'clone')], folder),
  },
  {
    id: 'submodules',
    what: 'a working tree with N submodules made ready',
    peer: 'git clone --recurse-submodules',
    sizes: [1, 4, 16],
    ours: (folder, size) => {
      const sub = join(folder, 'sub');
      const top = join(folder, 'top');
      for (const made of [sub, top]) mkdirSync(made);
      repository(sub, 10);
      definition(top, 'git_poller');
      git(top, 'init', '--quiet');
      for (let index = 0; index < size; index++) git(top, 'submodule', '--quiet', 'add', sub, `s${index}`);
      git(top, 'add', '--all');
      git(top, 'commit', '--quiet', '--message', 'bench');
      return jobserv(top, 'simulate', 'r', '--dry-run', '--json');
    },
    theirs: (folder) => {
      const clone = ['clone', '--quiet', '--recurse-submodules', '--no-hardlinks', join(folder, 'top')];
      return costOf(['git', '-c', 'protocol.file.allow=always', ...clone, join(folder, 'clone')], folder);
    },
  },
  ...WORKER_GROWTH,
];

/** The table as lines; one measurement a size. */
export async function growthTable(rows: readonly GrowthRow[]): Promise<string[]> {
  const lines = [
    '| row | size | ours | peer | ours / peer | peak memory | exponent |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const row of rows) {
    let last: { size: number; seconds: number } | undefined;
    for (const size of row.sizes) {
      const folder = mkdtempSync(join(tmpdir(), 'jobserv-growth-'));
      try {
        const ours = await row.ours(folder, size);
        const theirs = await row.theirs?.(folder, size);
        const exponent = last && Math.log(ours.seconds / last.seconds) / Math.log(size / last.size);
        last = { size, seconds: ours.seconds };
        const cells = [
          size === row.sizes[0] ? `${row.what}; peer: ${row.peer}` : '',
          String(size),
          `${ours.seconds.toFixed(2)} s`,
          theirs ? `${theirs.seconds.toFixed(2)} s` : '',
          theirs ? (ours.seconds / Math.max(theirs.seconds, 0.01)).toFixed(2) : '',
          ours.megabytes > 0 ? `${ours.megabytes.toFixed(0)} MB` : '',
          exponent?.toFixed(2) ?? '',
        ];
        lines.push(`| ${cells.join(' | ')} |`);
        console.log(lines.at(-1));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  }
  return lines;
}
