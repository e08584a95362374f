/**
 * One run on a terminal: the script's output as it is, the tool's own lines as one line a phase, and below them, while
 * nothing is written, a line that moves.
 */
import ora from 'ora';
import { type Phase, SCRIPT_BEGINS } from '../executor/index.js';
import { duration, elapsed, formatSize, HarmlessText, monotonicMs, plainLine } from '../lib/index.js';
import type { PlannedRun } from '../simulator/results.js';
import { isContinued, mayBecomeOurs, ownLine } from './console-lines.js';
import type { Output } from './output.js';
import { type ProgressBar, progressBar, pulledText } from './progress.js';
import type { RunsView, RunView } from './runs-view.js';
import { fitted, hasColours, rowsAdded, type Style, styleFor } from './style.js';

/** How often the line below the output is looked at, ms. */
const TICK_MS = 100;
/** The line comes when the script has written nothing for so long; with a progress bar at the next tick. */
const QUIET_MS = 1_000;
/** After so long without output the line says that the script is silent. */
const SILENT_MS = 10_000;
/** A phase after the script has a line when it took so long. */
const LONG_MS = 1_000;

export function oneRunView(terminal: NodeJS.WriteStream, output: Output): RunsView {
  let current: OneRun | undefined;
  return {
    begin: (run) => {
      current?.stop();
      current = new OneRun(run, terminal, output);
      return current;
    },
    ended: () => {},
    close: () => current?.stop(),
  };
}

class OneRun implements RunView {
  readonly #terminal: NodeJS.WriteStream;
  readonly #output: Output;
  readonly #style: Style;
  readonly #filter = new HarmlessText();
  readonly #bar: ProgressBar | undefined;
  readonly #spinner;
  readonly #timer: NodeJS.Timeout;
  #shown = '';
  #phase: Phase | undefined;
  #phaseBegan = 0;
  #pulled: { current: number; total: number } | undefined;
  #lastWrite = monotonicMs();
  #atLineStart = true;
  /** Whether the script's colours were taken back for the moving line. */
  #takenBack = false;
  /** Whether bytes are the script's own, to be shown as they are; else lines are looked at. */
  #scriptWrites = false;
  /** Whether the script has begun: what came before is the tool's, git's or the engine's. */
  #scriptBegan = false;
  #afterOurs: 'shown' | 'hidden' | undefined;
  /** The beginning of a line that may be the tool's; latin1. */
  #held = '';
  /** Lines of phases that have ended, for the next place between two lines. */
  #endedPhases: string[] = [];

  constructor(run: PlannedRun, terminal: NodeJS.WriteStream, output: Output) {
    this.#terminal = terminal;
    this.#output = output;
    this.#style = styleFor(terminal);
    this.#bar = progressBar(run.rundef['console-progress']);
    const color = hasColours(terminal) ? 'cyan' : false;
    // It leaves standard input alone, so that Ctrl-C stays a signal.
    this.#spinner = ora({ stream: terminal, isEnabled: true, discardStdin: false, color });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
    terminal.on('resize', this.#resized);
  }

  phase(name: Phase | undefined): void {
    const now = monotonicMs();
    if (this.#phase !== undefined) this.#endedPhases.push(...this.#phaseLine(this.#phase, now - this.#phaseBegan));
    // Its last bytes may still be on their way; from here on lines are looked at.
    if (this.#phase === 'script') this.#scriptWrites = false;
    this.#phase = name;
    this.#phaseBegan = now;
    this.#lastWrite = now;
  }

  pulling(bytes: { current: number; total: number }): void {
    this.#pulled = bytes;
  }

  write(parts: readonly Buffer[]): void | Promise<void> {
    this.#lastWrite = monotonicMs();
    if (this.#spinner.isSpinning) this.#hide();
    if (this.#takenBack) this.#terminal.write(this.#filter.colours());
    this.#takenBack = false;
    const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    return this.#scriptWrites ? this.#show(bytes) : this.#lookAtLines(bytes);
  }

  end(): void | Promise<void> {
    this.stop();
    if (this.#held !== '') this.#line(this.#held, '');
    this.#held = '';
    this.#show(this.#filter.end());
    this.#showEndedPhases();
    return this.#output.settle();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#terminal.off('resize', this.#resized);
    if (this.#spinner.isSpinning) this.#hide();
  }

  #show(bytes: Buffer): void | Promise<void> {
    if (bytes.length === 0) return;
    const harmless = this.#filter.write(bytes);
    this.#bar?.read(harmless);
    this.#atLineStart = bytes[bytes.length - 1] === 0x0a;
    this.#afterOurs = undefined;
    return this.#output.write([harmless]);
  }

  /** One character a byte: the bytes stay what they are. */
  #lookAtLines(bytes: Buffer): void | Promise<void> {
    const text = this.#held + bytes.toString('latin1');
    this.#held = '';
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      this.#line(text.slice(from, at), '\n');
      from = at + 1;
      if (this.#scriptWrites) return this.#show(Buffer.from(text.slice(from), 'latin1'));
    }
    const rest = text.slice(from);
    if (this.#atLineStart && mayBecomeOurs(rest)) this.#held = rest;
    else if (rest !== '') this.#line(rest, '');
  }

  #line(text: string, end: '\n' | ''): void {
    const ours = this.#atLineStart ? ownLine(text) : undefined;
    if (ours === undefined) {
      if (this.#atLineStart && !isContinued(text)) this.#afterOurs = undefined;
      if (this.#afterOurs === 'shown') this.#ourLine(text.trim());
      else if (this.#afterOurs === undefined && this.#scriptBegan) this.#show(Buffer.from(text + end, 'latin1'));
      return;
    }
    this.#showEndedPhases();
    this.#afterOurs = ours.kind === 'warning' ? 'shown' : 'hidden';
    if (ours.kind === 'warning')
      this.#ourLine(this.#style.yellow(plainLine(Buffer.from(ours.text, 'latin1').toString())));
    if (ours.kind !== 'heading' || ours.text !== SCRIPT_BEGINS) return;
    this.#scriptBegan = true;
    this.#scriptWrites = this.#phase === 'script';
  }

  #phaseLine(name: Phase, ms: number): string[] {
    const early = name === 'pull' || name === 'prepare' || name === 'script' || name === 'reboot';
    if (!early && ms < LONG_MS) return [];
    const pulled = name === 'pull' && this.#pulled ? `, ${formatSize(this.#pulled.total)}` : '';
    return [this.#style.dim(`${name.padEnd(8)} ${duration(ms)}${pulled}`)];
  }

  #showEndedPhases(): void {
    for (const line of this.#endedPhases.splice(0)) this.#ourLine(line);
  }

  #ourLine(text: string): void {
    const before = this.#atLineStart ? '' : '\n';
    this.#output.write([this.#filter.end(), Buffer.from(`${before}${text}\n`)]);
    this.#atLineStart = true;
  }

  #tick(): void {
    if (this.#phase === undefined || this.#phase === 'report') return;
    const quiet = monotonicMs() - this.#lastWrite;
    if (!this.#spinner.isSpinning) {
      const after = this.#scriptWrites && this.#bar === undefined ? QUIET_MS : TICK_MS;
      // Between two lines only, and after everything that the terminal has not taken yet.
      if (quiet < after || !this.#atLineStart || !this.#output.idle || this.#terminal.writableNeedDrain) return;
    }
    this.#shown = this.#status(quiet);
    this.#spinner.text = this.#shown;
    if (this.#spinner.isSpinning) return;
    this.#terminal.write(this.#filter.end());
    this.#takenBack = true;
    this.#spinner.start();
  }

  #status(quiet: number): string {
    const parts = [`${this.#phase} ${elapsed(monotonicMs() - this.#phaseBegan)}`];
    if (this.#phase === 'pull' && this.#pulled !== undefined) {
      parts.push(pulledText(this.#pulled));
    }
    if (this.#phase === 'script') {
      const bar = this.#bar?.text(this.#terminal.columns < 70 ? 10 : 30) ?? '';
      if (bar !== '') parts.push(bar);
      if (quiet >= SILENT_MS) parts.push(`silent for ${elapsed(quiet)}`);
    }
    // Two columns for the sign that moves, and one that stays free.
    return fitted(parts.join('  '), this.#terminal.columns - 3);
  }

  #hide(): void {
    this.#spinner.stop();
  }

  /** A line that the narrower terminal has wrapped leaves its first rows behind. */
  readonly #resized = (): void => {
    if (!this.#spinner.isSpinning) return;
    const added = rowsAdded([`  ${this.#shown}`], this.#terminal.columns);
    this.#hide();
    this.#terminal.write('\x1b[1A\x1b[2K'.repeat(added));
  };
}
