import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bulkFolder, IMAGE, largeRepository, simpleProject } from './fixtures.js';
import { installPeer } from './gitlab-ci-local.js';
import { type Command, inPairs, type Paired, timed } from './measure.js';

interface Result {
  figure: string;
  detail: string;
  met: boolean;
  commands: string[];
}

export interface Row {
  id: string;
  what: string;
  goal: string;
  /** A string says why there is nothing to compare with on this machine. */
  measure(folder: string, pairs: number): Result | string | Promise<Result | string>;
}

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const cli = (...args: string[]): Command['argv'] => [process.execPath, RUN, ...args];
const docker = (...args: string[]): Command['argv'] => ['docker', 'run', '--rm', ...args];

function compare(pairs: number, most: number, ours: Command, theirs: Command): Result {
  const result = inPairs(
    pairs,
    () => timed(ours),
    () => timed(theirs),
  );
  return { ...asResult(result), met: result.ratio <= most, commands: [shown(ours), `against ${shown(theirs)}`] };
}

function asResult({ ours, theirs, ratio }: Paired): Pick<Result, 'figure' | 'detail'> {
  return { figure: `${ratio.toFixed(2)} ×`, detail: `${ours.toFixed(0)} ms against ${theirs.toFixed(0)} ms` };
}

function shown({ argv, output }: Command): string {
  const words = argv.map((word) => (word === process.execPath ? 'node' : word === RUN ? 'bin/run.js' : word));
  return `${words.map((word) => (/[^\w./:=,-]/.test(word) ? `'${word}'` : word)).join(' ')}${output ? ` > ${output}` : ''}`;
}

/** Node 20 keeps no compiled code between starts. */
const TRIVIAL = process.versions.node.startsWith('20.') ? 1.8 : 1.45;

/** No more than two equal runs differ. */
const UNASKED = 1.05;

const BULK = 4000;
const LINES = 200_000_000;
const FLOOD = `yes ${'x'.repeat(63)} | head -c ${LINES}`;

export const ROWS: Row[] = [
  {
    id: 'cold',
    what: 'validate one file, cold, against starting node',
    goal: '≤ 3.60 ×',
    measure: (folder, pairs) => {
      const { file } = simpleProject(folder, '#!/bin/sh\ntrue\n');
      return compare(pairs, 3.6, { argv: cli('validate', file) }, { argv: [process.execPath, '-e', '0'] });
    },
  },
  {
    id: 'bulk',
    what: `validate ${BULK} files in one call`,
    goal: '≤ 1 ms a file',
    measure: (folder, pairs) => {
      const command: Command = { argv: cli('validate', bulkFolder(folder, BULK)) };
      const { ours } = inPairs(
        Math.min(pairs, 3),
        () => timed(command),
        () => 1,
      );
      const each = ours / BULK;
      return {
        figure: `${each.toFixed(2)} ms a file`,
        detail: `${ours.toFixed(0)} ms in all`,
        met: each <= 1,
        commands: [shown(command)],
      };
    },
  },
  {
    id: 'trivial',
    what: 'a trivial run, image present, against docker run of the same',
    goal: `≤ ${TRIVIAL.toFixed(2)} ×`,
    measure: (folder, pairs) => {
      const { file, workspace } = simpleProject(folder, '#!/bin/sh\necho hello\n');
      return compare(
        pairs,
        TRIVIAL,
        { argv: cli('simulate', '-f', file, '--workspace', workspace, 'run') },
        { argv: docker(IMAGE, '/bin/sh', '-c', 'echo hello') },
      );
    },
  },
  {
    id: 'unasked',
    what: "a run for which the run's server is started and that asks it nothing, against one without it",
    goal: `≤ ${UNASKED.toFixed(2)} ×`,
    measure: (folder, pairs) => {
      const simulated = (name: string, script: string): Command => {
        const { file, workspace } = simpleProject(join(folder, name), script);
        return { argv: cli('simulate', '-f', file, '--workspace', workspace, 'run') };
      };
      const ours = simulated('with', '#!/bin/sh\n# Names H_RUN_URL.\necho hello\n');
      return compare(pairs, UNASKED, ours, simulated('without', '#!/bin/sh\necho hello\n'));
    },
  },
  {
    id: 'peer',
    what: 'the same against gitlab-ci-local, equal job',
    goal: '≤ 0.33 ×',
    measure: (folder, pairs) => {
      const peer = installPeer(folder, IMAGE, 'echo hello');
      if (typeof peer === 'string') return peer;
      const { file, workspace } = simpleProject(folder, '#!/bin/sh\necho hello\n');
      return compare(pairs, 0.33, { argv: cli('simulate', '-f', file, '--workspace', workspace, 'run') }, peer);
    },
  },
  {
    id: 'console',
    what: '200 MB of console in 64-byte lines, to a file, against docker run --log-driver none',
    goal: '≥ 0.90 × its MB/s',
    measure: (folder, pairs) => {
      const { file, workspace } = simpleProject(folder, `#!/bin/sh\n${FLOOD}\n`);
      const ours: Command = {
        argv: cli('simulate', '-f', file, '--workspace', workspace, 'run'),
        output: `${folder}/ours`,
      };
      const theirs: Command = {
        argv: docker('--log-driver', 'none', IMAGE, '/bin/sh', '-c', FLOOD),
        output: `${folder}/theirs`,
      };
      const result = inPairs(
        pairs,
        () => timed(ours),
        () => timed(theirs),
      );
      const rate = (wall: number) => `${(LINES / 1000 / wall).toFixed(0)} MB/s`;
      return {
        figure: `${(1 / result.ratio).toFixed(2)} ×`,
        detail: `${rate(result.ours)} against ${rate(result.theirs)}`,
        met: 1 / result.ratio >= 0.9,
        commands: [shown(ours), `against ${shown(theirs)}`],
      };
    },
  },
  {
    id: 'live',
    what: '200 MB of console on a terminal that reads quickly, live view, against the same without it',
    goal: '≤ 1.03 ×',
    measure: (folder, pairs) => {
      const { file, workspace } = simpleProject(folder, `#!/bin/sh\n${FLOOD}\n`);
      const inTerminal = (view: string): Command => {
        const words = cli('simulate', '-f', file, '--workspace', workspace, '--output', view, 'run');
        return { argv: ['script', '--quiet', '--return', '--command', words.join(' '), '/dev/null'] };
      };
      return compare(pairs, 1.03, inTerminal('live'), inTerminal('grouped'));
    },
  },
  {
    id: 'tree',
    what: 'a working tree of 10,000 files, 100 MB, into the run, against git clone --local of it',
    goal: '≤ 1.50 ×',
    measure: (folder, pairs) => {
      const { file, workspace, repository } = largeRepository(folder);
      const ours: Command = {
        argv: cli('simulate', '--json', '-f', file, '--workspace', workspace, 'run'),
        cwd: repository,
        output: `${folder}/json`,
      };
      const theirs: Command = { argv: ['git', 'clone', '--quiet', '--local', repository, `${folder}/clone`] };
      const prepared = () => {
        timed(ours);
        const { runs } = JSON.parse(readFileSync(`${folder}/json`, 'utf8'));
        return runs[0].phases.find((phase: { name: string }) => phase.name === 'prepare').durationMs as number;
      };
      const cloned = () => {
        timed({ argv: ['rm', '-rf', `${folder}/clone`] });
        return timed(theirs);
      };
      const result = inPairs(pairs, prepared, cloned);
      return {
        ...asResult(result),
        met: result.ratio <= 1.5,
        commands: [`phase "prepare" of ${shown(ours)}`, `against ${shown(theirs)}`],
      };
    },
  },
];
