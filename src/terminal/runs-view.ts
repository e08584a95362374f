/** What shows the runs of a simulation while they go on, and the views for those who do not watch. `openRunsView` chooses. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Phase } from '../executor/index.js';
import { duration, HarmlessText, plainLine } from '../lib/index.js';
import type { PlannedRun, RunResult } from '../simulator/results.js';
import type { Output } from './output.js';

export interface RunsView {
  /** A run begins. */
  begin(run: PlannedRun): RunView;
  /** A run has ended; after the `end` of its own view. */
  ended(result: RunResult): void | Promise<void>;
  /** No run goes on any more: the live part is taken away. May be called twice. */
  close(): void;
}

/** One run in the view. Only the bytes of its console are always in order. */
export interface RunView {
  /** A phase begins; undefined: it has ended, and no other has begun. */
  phase?(name: Phase | undefined): void;
  /** How far the download of the run's image is, in bytes. */
  pulling?(bytes: { current: number; total: number }): void;
  /** @returns a promise where the next bytes are to wait for their reader */
  write(parts: readonly Buffer[]): void | Promise<void>;
  /** Shows what was held back, and leaves the output at the start of a line. */
  end(): void | Promise<void>;
}

export const labelOf = ({ trigger, run }: Pick<RunResult, 'trigger' | 'run'>): string => plainLine(`${trigger}/${run}`);

/** Where nothing was started, the console of another run may lie there. */
export const consoleOf = ({ startedAt, console }: RunResult): string | undefined =>
  startedAt === undefined ? undefined : console;

const nothing = (): void => {};

/** The console is in its file only. */
export const quietView: RunsView = { begin: () => ({ write: nothing, end: nothing }), ended: nothing, close: nothing };

/** One console after the other, as bytes; harmless on a terminal. */
export function streamedView(output: Output): RunsView {
  return {
    begin: () => {
      const filter = output.isTerminal ? new HarmlessText() : undefined;
      return {
        write: (parts) => output.write(filter === undefined ? parts : parts.map((part) => filter.write(part))),
        end: () => {
          if (filter !== undefined) output.write([filter.end()]);
          return output.settle();
        },
      };
    },
    ended: nothing,
    close: nothing,
  };
}

/** Each run's whole console when it has ended, out of its file. GitHub's runner shows each as a group that opens. */
export function groupedView(output: Output, onGitHub = process.env['GITHUB_ACTIONS'] === 'true'): RunsView {
  let last: Promise<void> = Promise.resolve();
  const show = async (result: RunResult) => {
    const head = `${labelOf(result)}: ${result.status} in ${duration(result.durationMs)}`;
    // A line of a script that begins with `::` would be a command to that runner.
    const token = randomBytes(16).toString('hex');
    const [before, after] = onGitHub
      ? [`::group::${head}\n::stop-commands::${token}\n`, `::${token}::\n::endgroup::\n`]
      : [`--- ${head}\n`, '\n'];
    const filter = output.isTerminal ? new HarmlessText() : undefined;
    let atLineStart = true;
    await output.write([Buffer.from(before)]);
    const console = consoleOf(result);
    const chunks: AsyncIterable<Buffer> | [] = console === undefined ? [] : createReadStream(console);
    try {
      for await (const chunk of chunks) {
        await output.write([filter === undefined ? chunk : filter.write(chunk)]);
        atLineStart = chunk.at(-1) === 0x0a;
      }
    } catch (error) {
      // The next simulation in this workspace may have cleared it already.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await output.write([
      ...(filter === undefined ? [] : [filter.end()]),
      Buffer.from(`${atLineStart ? '' : '\n'}${after}`),
    ]);
    await output.settle();
  };
  return {
    begin: () => ({ write: nothing, end: nothing }),
    ended: (result) => {
      last = last.then(() => show(result));
      return last;
    },
    close: nothing,
  };
}

const LONGEST_LINE = 64 * 1024;

/** Whole lines of all consoles as they come, each behind the name of its run. */
export function interleavedView(output: Output, planned: readonly PlannedRun[]): RunsView {
  let width = 0;
  return {
    begin: (run) => {
      for (const one of planned) width = Math.max(width, labelOf(one).length);
      return prefixedView(output, `${labelOf(run).padEnd(width)} | `);
    },
    ended: nothing,
    close: nothing,
  };
}

function prefixedView(output: Output, label: string): RunView {
  const prefix = Buffer.from(label);
  const filter = output.isTerminal ? new HarmlessText() : undefined;
  // The next line may be another run's: a colour ends with its own.
  const reset = Buffer.from(filter === undefined ? '' : '\x1b[0m');
  let rest: Buffer = Buffer.alloc(0);
  const line = (bytes: Buffer) => [prefix, bytes, ...(bytes.includes(0x1b) ? [reset] : [])];
  const lastLine = () => {
    const out = rest.length === 0 ? [] : [...line(rest), Buffer.from('\n')];
    rest = Buffer.alloc(0);
    return out;
  };
  const show = (parts: Buffer[]) => (parts.length === 0 ? undefined : output.write([Buffer.concat(parts)]));
  return {
    write: (parts) => {
      const bytes = Buffer.concat(parts);
      const all = Buffer.concat([rest, filter === undefined ? bytes : filter.write(bytes)]);
      const out: Buffer[] = [];
      let from = 0;
      for (let at = all.indexOf('\n'); at >= 0; at = all.indexOf('\n', from)) {
        out.push(...line(all.subarray(from, at + 1)));
        from = at + 1;
      }
      rest = Buffer.from(all.subarray(from));
      if (rest.length > LONGEST_LINE) out.push(...lastLine());
      return show(out);
    },
    end: async () => {
      await show([...lastLine(), ...(filter === undefined ? [] : [filter.end()])]);
      await output.settle();
    },
  };
}
