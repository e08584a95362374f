/** Several runs on a terminal: a line for each that goes on, what waits, a count; above them what failed, as it happens. */
import { createLogUpdate } from 'log-update';
import type { Phase } from '../executor/index.js';
import { duration, elapsed, monotonicMs, plainLine } from '../lib/index.js';
import type { PlannedRun, RunResult } from '../simulator/results.js';
import { lastLines } from './console-lines.js';
import { setLivePart } from './output.js';
import { type ProgressBar, progressBar, pulledText } from './progress.js';
import { consoleOf, labelOf, type RunsView, type RunView } from './runs-view.js';
import { fitted, rowsAdded, type Style, shortened, styleFor } from './style.js';

/** How often the lines are brought up to date, ms. Times are shown in seconds, so most of these change nothing. */
const TICK_MS = 200;
const SILENT_MS = 10_000;
const FAILED_LINES = 10;
/** So many columns what a run is doing has; its name may have the others, but a half of the screen at most. */
const STATE_COLUMNS = 36;
const NARROWEST_LABEL = 12;

export function manyRunsView(terminal: NodeJS.WriteStream, planned: readonly PlannedRun[]): RunsView {
  return new ManyRuns(terminal, planned);
}

interface Going {
  label: string;
  began: number;
  phase: Phase | undefined;
  pulled: { current: number; total: number } | undefined;
  bar: ProgressBar | undefined;
  lastWrite: number;
  /** Its console is complete; its result follows. */
  over: boolean;
}

class ManyRuns implements RunsView {
  readonly #terminal: NodeJS.WriteStream;
  readonly #planned: readonly PlannedRun[];
  readonly #style: Style;
  readonly #live;
  readonly #timer: NodeJS.Timeout;
  readonly #began = monotonicMs();
  readonly #going = new Set<Going>();
  readonly #counts = { begun: 0, passed: 0, failed: 0, interrupted: 0 };
  #shown: string[] = [];
  #closed = false;

  constructor(terminal: NodeJS.WriteStream, planned: readonly PlannedRun[]) {
    this.#terminal = terminal;
    this.#planned = planned;
    this.#style = styleFor(terminal);
    this.#live = createLogUpdate(terminal);
    this.#timer = setInterval(() => this.#render(), TICK_MS);
    this.#timer.unref();
    terminal.on('resize', this.#resized);
    setLivePart((print) => {
      this.#live.clear();
      print();
      this.#live(this.#shown.join('\n'));
    });
  }

  begin(run: PlannedRun): RunView {
    const now = monotonicMs();
    const bar = progressBar(run.rundef['console-progress']);
    const nothing = { phase: undefined, pulled: undefined };
    const going: Going = { ...nothing, label: labelOf(run), began: now, bar, lastWrite: now, over: false };
    this.#going.add(going);
    this.#counts.begun += 1;
    return {
      phase: (name) => {
        going.phase = name ?? going.phase;
        going.lastWrite = monotonicMs();
      },
      pulling: (bytes) => {
        going.pulled = bytes;
      },
      write: (parts) => {
        going.lastWrite = monotonicMs();
        for (const part of going.bar === undefined ? [] : parts) going.bar?.read(part);
      },
      end: () => {
        going.over = true;
      },
    };
  }

  async ended(result: RunResult): Promise<void> {
    const label = labelOf(result);
    const gone = [...this.#going].find((one) => one.over && one.label === label);
    if (gone !== undefined) this.#going.delete(gone);
    if (result.status === 'PASSED') this.#counts.passed += 1;
    else if (result.status === 'FAILED') this.#counts.failed += 1;
    else this.#counts.interrupted += 1;
    if (result.status !== 'FAILED') return;
    // What is printed above the live part has to fit on the screen with it.
    const room = Math.max(0, this.#terminal.rows - 4 - this.#shown.length);
    const last = await lastLines(consoleOf(result), Math.min(FAILED_LINES, room));
    if (this.#closed) return;
    const width = this.#terminal.columns - 1;
    const { red, bold, dim } = this.#style;
    const head = `${red('FAILED')}  ${bold(label)}  ${duration(result.durationMs)}`;
    const reason = fitted(`  ${plainLine(result.message ?? '')}`, width);
    this.#live.persist([head, reason, ...last.map((line) => fitted(`  ${dim('|')} ${line}`, width))].join('\n'));
    this.#shown = [];
    this.#render();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    setLivePart(undefined);
    clearInterval(this.#timer);
    this.#terminal.off('resize', this.#resized);
    this.#live.clear();
    this.#live.done();
  }

  #render(): void {
    // A terminal that does not read gets nothing new until it has what it was sent.
    if (this.#closed || this.#terminal.writableNeedDrain) return;
    this.#shown = this.#lines();
    this.#live(this.#shown.join('\n'));
  }

  #lines(): string[] {
    const { columns, rows } = this.#terminal;
    const waiting = this.#planned.slice(this.#counts.begun);
    // Half of the screen at most, so that what scrolls by above can be read.
    const room = Math.max(1, Math.floor(rows / 2) - 2);
    const going = [...this.#going].slice(0, room);
    const next = waiting.slice(0, Math.max(0, room - going.length));
    const labels = [...going.map(({ label }) => label), ...next.map(labelOf)];
    const most = Math.max(NARROWEST_LABEL, Math.min(Math.floor(columns / 2), columns - STATE_COLUMNS));
    const widest = Math.min(Math.max(0, ...labels.map((label) => label.length)), most);
    const line = (label: string, text: string) =>
      fitted(`${shortened(label, widest).padEnd(widest)}  ${text}`, columns - 1);
    return [
      ...going.map((one) => line(one.label, this.#state(one))),
      ...next.map((run) => this.#style.dim(line(labelOf(run), 'waiting'))),
      this.#style.bold(fitted(this.#count(waiting.length), columns - 1)),
    ];
  }

  #state({ phase, began, pulled, bar, lastWrite }: Going): string {
    const now = monotonicMs();
    const parts = [`${(phase ?? 'begins').padEnd(7)} ${elapsed(now - began)}`];
    if (phase === 'pull' && pulled) parts.push(pulledText(pulled));
    const progress = phase === 'script' ? (bar?.text(10) ?? '') : '';
    if (progress !== '') parts.push(progress);
    if (phase === 'script' && now - lastWrite >= SILENT_MS) parts.push(`silent for ${elapsed(now - lastWrite)}`);
    return parts.join('  ');
  }

  #count(waiting: number): string {
    const { passed, failed, interrupted } = this.#counts;
    const parts = [`${passed}/${this.#planned.length} passed`];
    if (failed > 0) parts.push(`${failed} failed`);
    if (interrupted > 0) parts.push(`${interrupted} interrupted`);
    parts.push(`${this.#going.size} running`);
    if (waiting > 0) parts.push(`${waiting} waiting`);
    return `${parts.join(', ')}  ${elapsed(monotonicMs() - this.#began)}`;
  }

  /** A narrower terminal has wrapped the lines: the rows that this added are taken away first. */
  readonly #resized = (): void => {
    if (this.#shown.length === 0) return;
    this.#terminal.write('\x1b[2K\x1b[1A'.repeat(rowsAdded(this.#shown, this.#terminal.columns)));
    this.#live.clear();
    this.#shown = [];
    this.#render();
  };
}
