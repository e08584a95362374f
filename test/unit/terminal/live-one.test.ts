import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { oneRunView, outputOf } from '../../../src/terminal/index.js';
import { plannedRun } from '../../support/runs.js';
import { screen } from '../../support/screen.js';

const TIME = '2026-11-30 11:56:28.389343';
const BEGINS = `== ${TIME}: Running the script in its container\n`;

// The view's clock is the machine's monotonic one: `hrtime` is set forward with the timers.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'hrtime', 'Date'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function shown(columns = 80, rundef = {}) {
  const terminal = screen(columns);
  const view = oneRunView(terminal.stream, outputOf(terminal.stream));
  return { terminal, view, run: view.begin(plannedRun('a', rundef)), text: () => terminal.rows().join('\n') };
}
type Shown = ReturnType<typeof shown>;

/** The queue of the terminal is empty after a turn of the event loop. */
const written = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

async function write({ run }: Shown, text: string) {
  await run.write([Buffer.from(text)]);
  await written();
}

async function toTheScript(one: Shown) {
  one.run.phase?.('pull');
  await write(one, `== ${TIME}: Pulling image busybox\n17a: Pulling fs layer\n`);
  vi.advanceTimersByTime(2_000);
  one.run.phase?.(undefined);
  one.run.phase?.('prepare');
  await write(one, `== ${TIME}: Preparing secrets\n   ${TIME}: INFO  H_RUN=a\n   | more\n`);
  one.run.phase?.('script');
  await write(one, BEGINS);
}

describe('a run on a terminal', () => {
  it("has the script's output as it is, and a line for each phase in the place of the tool's own lines", async () => {
    const one = shown();
    await toTheScript(one);
    await write(one, `== ${TIME}: of the script itself\n  its text`);
    vi.advanceTimersByTime(61_000);
    one.run.phase?.(undefined);
    one.run.phase?.('upload');
    await write(one, `\n== ${TIME}: Found 0 artifacts, 0 bytes\n`);
    one.run.phase?.('report');
    await write(one, `== ${TIME}: The run has PASSED\n`);
    await one.run.end();
    expect(one.terminal.rows()).toEqual([
      'pull     2.00 s',
      'prepare  0.00 s',
      `== ${TIME}: of the script itself`,
      '  its text',
      'script   1 min 1 s',
    ]);
  });

  it("shows the tool's warnings, whole, wherever the console is cut", async () => {
    const one = shown();
    one.run.phase?.('prepare');
    for (const piece of `   ${TIME}: WARN  this is odd\n   | and goes on\n   ${TIME}: INFO  x\n`)
      await write(one, piece);
    expect(one.text()).toBe('this is odd\n| and goes on');
  });

  it("has none of the script's colours in the moving line, and gives them back to the script after it", async () => {
    const one = shown();
    await toTheScript(one);
    await write(one, '\x1b[1m\x1b[31mred\n');
    const before = one.terminal.written().length;
    vi.advanceTimersByTime(1_200);
    await write(one, 'still red\x1b[0m\n');
    const later = one.terminal.written().slice(before);
    expect(later.indexOf('\x1b[0m')).toBeGreaterThanOrEqual(0);
    expect(later.indexOf('\x1b[0m')).toBeLessThan(later.indexOf('script 0:01'));
    expect(later).toContain('\x1b[1m\x1b[31mstill red');
    one.run.phase?.(undefined);
    await one.run.end();
  });

  it('holds nothing of a script back, and shows its last line when it ends without a newline', async () => {
    const one = shown();
    await toTheScript(one);
    await write(one, '== not a line of ours');
    expect(one.text()).toContain('== not a line of ours');
    one.run.phase?.(undefined);
    await write(one, '\n==');
    await one.run.end();
    expect(one.terminal.rows().slice(2, 4)).toEqual(['== not a line of ours', '==']);
  });

  it('says what goes on while nothing is written, how long, and for how long it has been silent', async () => {
    const one = shown();
    await toTheScript(one);
    await write(one, 'begin\n');
    vi.advanceTimersByTime(900);
    expect(one.terminal.rows().at(-1)).toBe('begin');
    vi.advanceTimersByTime(4_100);
    expect(one.terminal.rows().at(-1)).toMatch(/^. script 0:0[45]$/u);
    vi.advanceTimersByTime(125_000);
    expect(one.terminal.rows().at(-1)).toMatch(/^. script 2:\d\d {2}silent for 2:\d\d$/u);
    await write(one, 'end\n');
    expect(one.terminal.rows().slice(2)).toEqual(['begin', 'end']);
  });

  it('says how much of the image is there', () => {
    const one = shown();
    one.run.phase?.('pull');
    one.run.pulling?.({ current: 2_500_000, total: 85_400_000 });
    vi.advanceTimersByTime(3_000);
    expect(one.text()).toMatch(/^. pull 0:0[23] {2}2\.5 MB of 85\.4 MB$/u);
    one.view.close();
    expect(one.text()).toBe('');
  });

  it('never draws into a line that the script has not ended', async () => {
    const one = shown();
    await toTheScript(one);
    await write(one, 'Password: ');
    vi.advanceTimersByTime(30_000);
    expect(one.terminal.rows().at(-1)).toBe('Password:');
  });

  it.each([
    [120, '##############################'],
    [50, '##########'],
  ])('shows the progress of a script, on %s columns', async (columns, bar) => {
    const pattern = { 'console-progress': { 'progress-pattern': 'task (?P<current>\\d+) of (?P<total>\\d+)' } };
    const one = shown(columns, pattern);
    await toTheScript(one);
    await write(one, 'task 4 of 4\n');
    vi.advanceTimersByTime(300);
    expect(one.terminal.rows().at(-1)).toMatch(/^. script 0:00 {2}\[#+\] 100 % \(4 of 4\)$/u);
    expect(one.terminal.rows().at(-1)).toContain(`[${bar}]`);
  });

  it('leaves nothing behind when the terminal becomes narrower', async () => {
    const one = shown(120, {
      'console-progress': { 'progress-pattern': 'task (?P<current>\\d+) of (?P<total>\\d+)' },
    });
    await toTheScript(one);
    await write(one, 'task 1 of 2\n');
    vi.advanceTimersByTime(20_000);
    expect(one.terminal.rows().at(-1)?.length).toBeGreaterThan(50);
    one.terminal.resize(40);
    vi.advanceTimersByTime(200);
    const rows = one.terminal.rows();
    expect(rows.slice(0, -1)).toEqual(['pull     2.00 s', 'prepare  0.00 s', 'task 1 of 2']);
    expect(rows.at(-1)?.length).toBeLessThan(40);
  });

  it('has no colours of its own with NO_COLOR', async () => {
    vi.stubEnv('NO_COLOR', '1');
    const one = shown();
    await toTheScript(one);
    vi.advanceTimersByTime(5_000);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one.
    expect(one.terminal.written()).not.toMatch(/\x1b\[[\d;]+m/);
  });

  it('moves no cursor for a script that writes all the time', async () => {
    const one = shown();
    await toTheScript(one);
    const before = one.terminal.movesUp();
    for (let n = 0; n < 500; n++) {
      await one.run.write([Buffer.from(`line ${n}\n`)]);
      vi.advanceTimersByTime(50);
    }
    expect(one.terminal.movesUp()).toBe(before);
    expect(one.terminal.written()).not.toContain('script 0:');
  });
});
