/** How far something is: a run, by the `console-progress` of its rundef, what is read, and work that takes long. */
import ora from 'ora';
import { duration, elapsed, formatSize, monotonicMs, plainLine } from '../lib/index.js';
import { backtrackingEngine, compilePython, type Groups, PatternError } from '../python/index.js';
import { printMessage, setLivePart } from './output.js';
import { fitted, hasColours, styleFor } from './style.js';

/** Finds `current` and `total` in a line; undefined when it is no progress line. */
export type ProgressReader = (line: string) => { current: number; total: number } | undefined;

/** Of each piece of a console only the last lines are looked at: the bar shows where it is now, not where it was. */
const LINES = 20;
const LONGEST_LINE = 4096;

export class ProgressBar {
  readonly #reader: ProgressReader;
  /** The line that is not complete yet. */
  #rest = '';
  #found: { current: number; total: number } | undefined;

  constructor(reader: ProgressReader) {
    this.#reader = reader;
  }

  read(bytes: Buffer): void {
    const tail = bytes.subarray(Math.max(0, bytes.length - LINES * LONGEST_LINE)).toString();
    const lines = (this.#rest + tail).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of lines.slice(-LINES).reverse()) {
      const found = line.length > LONGEST_LINE ? undefined : this.#reader(`${line}\n`);
      if (found === undefined) continue;
      this.#found = found;
      return;
    }
  }

  /** `''` until the console holds a line of progress. */
  text(width: number): string {
    if (this.#found === undefined) return '';
    const { current, total } = this.#found;
    const share = Math.min(1, current / total);
    const full = Math.round(share * width);
    return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${Math.round(share * 100)} % (${current} of ${total})`;
  }
}

/** undefined for a run without `console-progress`, and for a pattern that cannot be evaluated: `validate` reports it. */
export function progressBar(progress: { 'progress-pattern': string } | null | undefined): ProgressBar | undefined {
  if (!progress) return undefined;
  try {
    const compiled = compilePython(progress['progress-pattern']);
    const match = compiled.match ?? briefly(backtrackingEngine()(compiled.program()));
    return new ProgressBar((line) => {
      const found = match(line);
      const [current, total] = [Number(found?.['current']), Number(found?.['total'])];
      return current >= 0 && total > 0 ? { current, total } : undefined;
    });
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

/** A pattern that needs longer than this for a line, in milliseconds, shows no progress from then on. */
const LONGEST_MATCH = 20;

function briefly(match: (line: string, milliseconds: number) => Groups | undefined) {
  let isSlow = false;
  return (line: string): Groups | undefined => {
    if (isSlow) return undefined;
    try {
      return match(line, LONGEST_MATCH);
    } catch {
      isSlow = true;
      return undefined;
    }
  };
}

/** A line on a terminal that counts the bytes of what is read, until it is called with undefined; elsewhere nothing. */
export function readingProgress(what: string): (bytes: number | undefined) => void {
  if (!process.stdout.isTTY) return () => {};
  const spinner = ora({ stream: process.stdout, discardStdin: false });
  return (bytes) => {
    if (bytes === undefined) return void spinner.stop();
    spinner.text = `Reading ${what}: ${Math.round(bytes / 2 ** 20)} MiB`;
    if (!spinner.isSpinning) spinner.start();
  };
}

/** How far a download is. What has arrived is then unpacked, which engines count in units of their own. */
export function pulledText({ current, total }: { current: number; total: number }): string {
  return current < total ? `${formatSize(current)} of ${formatSize(total)}` : `${formatSize(total)}, unpacking`;
}

const SILENCE_MS = 3_000;

/** Names work on standard error after a few seconds, then ever more rarely, so that nobody takes it for dead. */
export async function namedWhenSlow<T>(what: string, work: Promise<T>): Promise<T> {
  const began = monotonicMs();
  let timer: NodeJS.Timeout;
  const nameIt = (wait: number) => {
    timer = setTimeout(() => {
      printMessage(`${what} (${elapsed(monotonicMs() - began)})`);
      nameIt(wait * 2);
    }, wait);
  };
  nameIt(SILENCE_MS);
  return work.finally(() => clearTimeout(timer));
}

const SHORT_MS = 1_000;

/**
 * Work before the first run or after the last one. On a terminal it has a line that moves, and where it took long one
 * that stays; elsewhere as `namedWhenSlow`.
 */
export async function phaseLine<T>(what: string, work: Promise<T>): Promise<T> {
  const { stderr } = process;
  if (!stderr.isTTY || process.env['TERM'] === 'dumb') return namedWhenSlow(what, work);
  const began = monotonicMs();
  const spinner = ora({
    stream: stderr,
    isEnabled: true,
    discardStdin: false,
    color: hasColours(stderr) ? 'cyan' : false,
  });
  const timer = setInterval(() => {
    spinner.text = fitted(`${what} ${elapsed(monotonicMs() - began)}`, stderr.columns - 3);
    if (spinner.isSpinning) return;
    spinner.start();
    setLivePart((print) => {
      spinner.clear();
      print();
    });
  }, SHORT_MS);
  return work.finally(() => {
    clearInterval(timer);
    if (!spinner.isSpinning) return;
    setLivePart(undefined);
    spinner.stop();
    stderr.write(`${styleFor(stderr).dim(`${plainLine(what)}: ${duration(monotonicMs() - began)}`)}\n`);
  });
}
