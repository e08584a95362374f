/** Where a running simulation shows its console: as bytes, on a terminal, or as one of several. */
import { formatSize } from '../lib/quantities.js';
import { HarmlessText } from '../lib/sanitise.js';
import type { Output } from './output.js';
import type { ProgressBar, Spinner } from './progress.js';

export interface ConsoleView {
  write(parts: readonly Buffer[]): void | Promise<void>;
  /** How far the download of the run's image is, in bytes. */
  pulling?(bytes: { current: number; total: number }): void;
  /** Shows what was held back, and leaves the output at the start of a line. */
  end(): void | Promise<void>;
}

/** For `--json`: the console is in its file only. */
export const noView: ConsoleView = { write: () => {}, end: () => {} };

/** Bytes as they are, for a pipe or a file. */
export function plainView(output: Output): ConsoleView {
  return { write: (parts) => output.write(parts), end: () => output.settle() };
}

/** A terminal: harmless, and with the progress of the download, then that of the run, on the line below. */
export function terminalView(output: Output, progress?: ProgressBar, spinner?: Spinner): ConsoleView {
  let spinning = false;
  const stopSpinning = () => {
    if (spinning) spinner?.stop();
    spinning = false;
  };
  const filter = new HarmlessText();
  const colours = new Colours();
  let atLineStart = true;
  const show = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    if (progress === undefined) return output.write([bytes]);
    const below = progress.clear();
    atLineStart = bytes[bytes.length - 1] === 0x0a;
    return output.write([below, bytes, ...(atLineStart ? [progress.draw()] : [])]);
  };
  return {
    pulling: ({ current, total }) => {
      if (spinner === undefined) return;
      spinner.text = `Pulling the image: ${formatSize(current)} of ${formatSize(total)}`;
      if (!spinning) spinner.start();
      spinning = true;
    },
    write: (parts) => {
      stopSpinning();
      const bytes = filter.write(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
      progress?.read(bytes);
      return show(colours.endBeforeOurLines(bytes));
    },
    end: () => {
      stopSpinning();
      output.write([...(progress === undefined ? [] : [progress.clear()]), filter.end()]);
      return output.settle();
    },
  };
}

const ESC = 0x1b;
const RESET = '\x1b[0m';
/** The beginning of a line that the tool itself writes (`ConsoleLog`). */
const OUR_LINE = /^(?:==| {2}) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}: /gm;

/** Takes back a colour that a script left on before the tool's next line, so that this one keeps its own looks. */
class Colours {
  #on = false;

  endBeforeOurLines(bytes: Buffer): Buffer {
    this.#on ||= bytes.includes(ESC);
    if (!this.#on) return bytes;
    // One character a byte: the bytes stay what they are.
    const text = bytes.toString('latin1').replace(OUR_LINE, `${RESET}$&`);
    const last = text.lastIndexOf('\x1b');
    if (last >= 0) this.#on = !text.startsWith(RESET, last) && !text.startsWith('\x1b[m', last);
    return Buffer.from(text, 'latin1');
  }
}

const LONGEST_LINE = 64 * 1024;

/** One of several consoles at a time: whole lines, each behind the run's name. */
export function labelledView(output: Output, label: string): ConsoleView {
  const prefix = Buffer.from(`${label} | `);
  const filter = output.isTerminal ? new HarmlessText() : undefined;
  let rest: Buffer = Buffer.alloc(0);

  const lines = (bytes: Buffer): Buffer[] => {
    const out: Buffer[] = [];
    let from = 0;
    for (let at = bytes.indexOf('\n'); at >= 0; at = bytes.indexOf('\n', from)) {
      const line = bytes.subarray(from, at + 1);
      out.push(prefix, line);
      // The next line may be another run's.
      if (filter !== undefined && line.includes(ESC)) out.push(Buffer.from(RESET));
      from = at + 1;
    }
    rest = Buffer.from(bytes.subarray(from));
    if (rest.length > LONGEST_LINE) out.push(...lastLine());
    return out;
  };
  const lastLine = (): Buffer[] => {
    const out = rest.length === 0 ? [] : [prefix, rest, Buffer.from('\n')];
    rest = Buffer.alloc(0);
    return out;
  };
  const show = (parts: Buffer[]) => (parts.length === 0 ? undefined : output.write([Buffer.concat(parts)]));

  return {
    write: (parts) => {
      const bytes = Buffer.concat(parts);
      return show(lines(Buffer.concat([rest, filter === undefined ? bytes : filter.write(bytes)])));
    },
    end: async () => {
      await show([...lastLine(), ...(filter === undefined ? [] : [filter.end()])]);
      await output.settle();
    },
  };
}
