import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Command {
  argv: [string, ...string[]];
  cwd?: string;
  /** Where stdout goes; nowhere by default. */
  output?: string;
  env?: NodeJS.ProcessEnv;
}

/** Wall time of one run, ms. Throws when it fails: a failing command is no measurement. */
export function timed(command: Command): number {
  const output = command.output === undefined ? 'ignore' : openSync(command.output, 'w');
  const [file, ...args] = command.argv;
  const start = performance.now();
  const { status, stderr, error } = spawnSync(file, args, {
    cwd: command.cwd,
    // Certificates that Node is to load at each start would hide what is measured.
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...command.env },
    stdio: ['ignore', output, 'pipe'],
    maxBuffer: 1 << 28,
  });
  const wall = performance.now() - start;
  if (typeof output === 'number') closeSync(output);
  if (status !== 0) throw new Error(`${command.argv.join(' ')}: status ${status} ${error?.message ?? ''}\n${stderr}`);
  return wall;
}

export interface Paired {
  ours: number;
  theirs: number;
  /** Median of ours / theirs, pair by pair. */
  ratio: number;
  pairs: number;
}

/** Both sides in turns, after one run of each that does not count. */
export function inPairs(pairs: number, ours: () => number, theirs: () => number): Paired {
  ours();
  theirs();
  const times = Array.from({ length: pairs }, (_, index) => {
    // Who begins changes, so that neither always runs on the other's warm caches.
    if (index % 2 === 0) return { ours: ours(), theirs: theirs() };
    const second = theirs();
    return { ours: ours(), theirs: second };
  });
  return {
    ours: median(times.map((time) => time.ours)),
    theirs: median(times.map((time) => time.theirs)),
    ratio: median(times.map((time) => time.ours / time.theirs)),
    pairs,
  };
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

export interface Cost {
  /** Processor time of the command and its children, seconds. */
  seconds: number;
  /** Peak resident memory of the command itself, MB. */
  megabytes: number;
}

const POLL_MS = 5;
/** bash reports the time of children as well, and of those that end last. */
const TIMED = 'TIMEFORMAT="%U %S"; { time "$@" >/dev/null 2>/dev/null; } 2>&1';

/**
 * Runs a command to its end. Its exit status may be 1: a definition with mistakes is measured too.
 *
 * @param during called when it has started
 */
export async function costOf(
  argv: readonly string[],
  cwd: string,
  during: (pid: number) => void = () => {},
): Promise<Cost> {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };
  const shell = spawn('bash', ['-c', TIMED, 'bash', ...argv], { cwd, stdio: ['ignore', 'pipe', 'ignore'], env });
  let pid: number | undefined;
  let megabytes = 0;
  const look = setInterval(() => {
    try {
      if (pid === undefined) {
        pid = Number(readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8').trim()) || undefined;
        if (pid !== undefined) during(pid);
      }
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (peak !== undefined) megabytes = Number(peak) / 1000;
    } catch {
      // It has ended since.
    }
  }, POLL_MS);
  let times = '';
  shell.stdout.on('data', (text) => {
    times += text;
  });
  const status = await new Promise<number | null>((resolve) => shell.on('close', resolve));
  clearInterval(look);
  if (status !== 0 && status !== 1 && status !== 2) throw new Error(`${argv.join(' ')}: status ${status}`);
  const seconds = times
    .trim()
    .split(' ')
    .reduce((sum, time) => sum + Number(time), 0);
  return { seconds, megabytes };
}
