/** Progress on the line below a console: `console-progress` of a rundef as a bar, and a spinner. */
import ora from 'ora';

/** Finds `current` and `total` in a line; undefined when it is no progress line. */
export type ProgressReader = (line: string) => { current: number; total: number } | undefined;

/** Of each piece of a console only the last lines are looked at: the bar shows where it is now, not where it was. */
const LINES = 20;
const LONGEST_LINE = 4096;
const WIDTH = 30;

export class ProgressBar {
  readonly #reader: ProgressReader;
  /** The line that is not complete yet. */
  #rest = '';
  #text = '';
  #shown = false;

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
      this.#text = barText(found);
      return;
    }
  }

  /** The bytes that show the bar below what was just written. */
  draw(): Buffer {
    this.#shown = this.#text !== '';
    return Buffer.from(this.#text);
  }

  /** The bytes that take it away again. */
  clear(): Buffer {
    const shown = this.#shown;
    this.#shown = false;
    return Buffer.from(shown ? '\r\x1b[K' : '');
  }
}

function barText({ current, total }: { current: number; total: number }): string {
  if (!(total > 0) || !(current >= 0)) return '';
  const share = Math.min(1, current / total);
  const full = Math.round(share * WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${Math.round(share * 100)} % (${current} of ${total})`;
}

/** A line that moves while something takes its time. */
export interface Spinner {
  text: string;
  start(): unknown;
  /** Takes the line away. */
  stop(): unknown;
}

/** On standard output. It leaves standard input alone, so that Ctrl-C stays a signal. */
export function terminalSpinner(): Spinner {
  return ora({ stream: process.stdout, discardStdin: false });
}
