import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunResult } from '../../../src/simulator/index.js';
import { manyRunsView, printMessage } from '../../../src/terminal/index.js';
import { plannedRun, runResult } from '../../support/runs.js';
import { screen } from '../../support/screen.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'hrtime', 'Date'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function shown(count: number, columns = 80, rows = 24) {
  const terminal = screen(columns, rows);
  const planned = Array.from({ length: count }, (_, n) => plannedRun(`run-${n}`));
  const view = manyRunsView(terminal.stream, planned);
  const begin = (n: number) => view.begin(planned[n] as (typeof planned)[number]);
  return { terminal, view, begin, planned };
}

async function end({ view, begin }: ReturnType<typeof shown>, n: number, change: Partial<RunResult> = {}) {
  begin(n).end();
  await view.ended(runResult(`run-${n}`, change));
}

describe('several runs on a terminal', () => {
  it('have a line each, and a count', async () => {
    const many = shown(5);
    const first = many.begin(0);
    first.phase?.('pull');
    first.pulling?.({ current: 1_000_000, total: 2_000_000 });
    many.begin(1).phase?.('script');
    await end(many, 2);
    vi.advanceTimersByTime(65_000);
    expect(many.terminal.rows()).toEqual([
      'unit/run-0  pull    1:05  1.0 MB of 2.0 MB',
      'unit/run-1  script  1:05  silent for 1:05',
      'unit/run-3  waiting',
      'unit/run-4  waiting',
      '1/5 passed, 2 running, 2 waiting  1:05',
    ]);
    many.view.close();
    expect(many.terminal.rows()).toEqual([]);
  });

  it('keep room for what they are doing on a narrow terminal, and their names stay different', () => {
    const terminal = screen(50, 24);
    const planned = ['gcc', 'clang'].map((compiler) => plannedRun(`build-for-nrf52840-${compiler}`));
    const view = manyRunsView(terminal.stream, planned);
    const pulls = planned.map((run) => view.begin(run));
    for (const run of pulls) run.phase?.('pull');
    pulls[0]?.pulling?.({ current: 77_700_000, total: 100_000_000 });
    pulls[1]?.pulling?.({ current: 100_000_000, total: 100_000_000 });
    vi.advanceTimersByTime(1_000);
    expect(terminal.rows()).toEqual([
      'unit/bu…40-gcc  pull    0:01  77.7 MB of 100.0 MB',
      'unit/bu…-clang  pull    0:01  100.0 MB, unpacking',
      '0/2 passed, 2 running  0:01',
    ]);
    view.close();
  });

  it('that fail stand above the others at once, with their last lines', async () => {
    const console = join(mkdtempSync(join(tmpdir(), 'jobserv-view-')), 'console.log');
    const lines = Array.from({ length: 30 }, (_, n) => `line ${n} \x1b]0;title\x07of it`).join('\n');
    writeFileSync(console, `${lines}\n== 2026-11-30 11:56:28.389343: The run has FAILED (script)\n`);
    const many = shown(2);
    many.begin(1).phase?.('script');
    vi.advanceTimersByTime(1_000);
    await end(many, 0, { status: 'FAILED', message: 'The script exited with status 1.', console });
    expect(many.terminal.rows()).toEqual([
      'FAILED  unit/run-0  0.00 s',
      '  The script exited with status 1.',
      ...Array.from({ length: 10 }, (_, n) => `  | line ${n + 20} of it`),
      'unit/run-1  script  0:01',
      '0/2 passed, 1 failed, 1 running  0:01',
    ]);
  });

  it.each([50, 80, 120])('never take more than their share of a terminal of %s columns', async (columns) => {
    const many = shown(60, columns, 20);
    for (let n = 0; n < 8; n++) many.begin(n).phase?.('script');
    vi.advanceTimersByTime(1_000);
    const rows = many.terminal.rows();
    expect(rows).toHaveLength(9);
    expect(rows.at(-1)).toBe('0/60 passed, 8 running, 52 waiting  0:01');
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThan(columns);
  });

  it('leave nothing behind when the terminal becomes narrower, or wider', () => {
    const many = shown(4, 120);
    for (let n = 0; n < 3; n++) many.begin(n).phase?.('script');
    vi.advanceTimersByTime(60_000);
    for (const columns of [20, 120, 30]) {
      many.terminal.resize(columns);
      vi.advanceTimersByTime(200);
      const rows = many.terminal.rows();
      expect(rows).toHaveLength(5);
      expect(rows.every((row) => row.length < columns)).toBe(true);
      expect(rows[3]).toMatch(/^unit\/run-3 +waiting$/);
    }
  });

  it('write nothing while nothing changes but the time, and then only what is another line', () => {
    const many = shown(3);
    many.begin(0).phase?.('script');
    vi.advanceTimersByTime(1_000);
    const before = many.terminal.written().length;
    vi.advanceTimersByTime(600);
    expect(many.terminal.written()).toHaveLength(before);
    vi.advanceTimersByTime(10_000);
    // Two lines with a time, ten times.
    expect(many.terminal.written().length - before).toBeLessThan(10 * 300);
  });

  it('make room for a message on standard error', () => {
    const many = shown(2);
    many.begin(0).phase?.('script');
    vi.advanceTimersByTime(1_000);
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => many.terminal.stream.write(text));
    printMessage('Stopping.');
    write.mockRestore();
    many.begin(1).phase?.('script');
    vi.advanceTimersByTime(1_000);
    const rows = ['unit/run-0  script  0:02', 'unit/run-1  script  0:01', '0/2 passed, 2 running  0:02'];
    expect(many.terminal.rows()).toEqual(['Stopping.', ...rows]);
  });

  it('have no colours with NO_COLOR', async () => {
    vi.stubEnv('NO_COLOR', '1');
    const many = shown(2);
    many.begin(0).phase?.('script');
    vi.advanceTimersByTime(1_000);
    await end(many, 1, { status: 'FAILED', message: 'why', console: '/nowhere' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one.
    expect(many.terminal.written()).not.toMatch(/\x1b\[[\d;]*m/);
  });
});
