import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { RunFailure } from '../../../src/executor/index.js';
import { unopened } from '../../../src/simulator/index.js';
import { groupedView, interleavedView, type Output, outputOf, streamedView } from '../../../src/terminal/index.js';
import { plannedRun, runResult } from '../../support/runs.js';

function collector(isTerminal = false): Output & { text(): string; writes: string[] } {
  const writes: string[] = [];
  return {
    isTerminal,
    idle: true,
    writes,
    write: (parts) => void writes.push(Buffer.concat(parts).toString('latin1')),
    settle: () => {},
    text: () => writes.join(''),
  };
}

describe('one console after the other', () => {
  it('passes bytes as they are where nobody looks', async () => {
    const out = collector();
    await streamedView(out)
      .begin(plannedRun('a'))
      .write([Buffer.from('\x1b]0;t\x07'), Buffer.from([0xff, 0])]);
    expect(out.text()).toBe('\x1b]0;t\x07\xff\0');
  });

  it('lets nothing act on a terminal, and ends its colours', async () => {
    const out = collector(true);
    const view = streamedView(out).begin(plannedRun('a'));
    await view.write([Buffer.from('\x1b]0;t\x07\x1b[31mred\n')]);
    await view.end();
    expect(out.text()).toBe('\x1b[31mred\n\x1b[0m');
  });

  it('makes the writer wait for a slow reader, and lets it go when the reader goes away', async () => {
    const pipe = new PassThrough({ highWaterMark: 1 });
    const output = outputOf(pipe);
    let taken = false;
    const waiting = Promise.resolve(output.write([Buffer.alloc(10), Buffer.alloc(10)])).then(() => {
      taken = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(false);
    pipe.resume();
    await waiting;
    pipe.pause();
    pipe.on('error', () => {});
    await Promise.all([output.write([Buffer.alloc(10)]), pipe.destroy(new Error('EPIPE'))]);
    expect(output.write([Buffer.from('more')])).toBeUndefined();
  });
});

describe('interleaved consoles', () => {
  const planned = [plannedRun('a'), plannedRun('longer')];

  it('have the name of their run before each whole line, in one column, and no line is cut in two', async () => {
    const out = collector();
    const runs = interleavedView(out, planned);
    const [a, longer] = [runs.begin(plannedRun('a')), runs.begin(plannedRun('longer'))];
    await a.write([Buffer.from('one\ntw')]);
    await longer.write([Buffer.from('other\n')]);
    await a.write([Buffer.from('o\n')]);
    await a.write([Buffer.from('no newline')]);
    await a.end();
    expect(out.text().split('\n')).toEqual([
      'unit/a      | one',
      'unit/longer | other',
      'unit/a      | two',
      'unit/a      | no newline',
      '',
    ]);
  });

  it('show a line that never ends in pieces of bounded size', async () => {
    const out = collector();
    const view = interleavedView(out, planned).begin(plannedRun('a'));
    for (let piece = 0; piece < 40; piece++) await view.write([Buffer.alloc(4096, 'x')]);
    expect(out.text().length).toBeGreaterThan(128 * 1024);
  });

  it('end a colour of one run before the line of another', async () => {
    const out = collector(true);
    await interleavedView(out, [])
      .begin(plannedRun('a'))
      .write([Buffer.from('\x1b[31mred\nplain\n')]);
    expect(out.text()).toBe('unit/a | \x1b[31mred\n\x1b[0munit/a | plain\n');
  });
});

describe('grouped consoles', () => {
  function ended(run: string, console: string) {
    const path = join(mkdtempSync(join(tmpdir(), 'jobserv-view-')), 'console.log');
    writeFileSync(path, console);
    return runResult(run, { console: path, durationMs: 1500 });
  }

  it('are shown whole, in the order in which the runs end', async () => {
    const out = collector();
    const view = groupedView(out, false);
    await view.begin(plannedRun('a')).write([Buffer.from('not yet')]);
    await Promise.all([view.ended(ended('b', 'B1\nB2\n')), view.ended(ended('a', 'A without an end'))]);
    expect(out.text()).toBe(
      '--- unit/b: PASSED in 1.50 s\nB1\nB2\n\n--- unit/a: PASSED in 1.50 s\nA without an end\n\n',
    );
  });

  it("are groups for GitHub's runner, and their lines are no commands to it", async () => {
    const out = collector();
    await groupedView(out, true).ended(ended('a', '::set-output name=x::y\n'));
    expect(out.text()).toMatch(
      /^::group::unit\/a: PASSED in 1\.50 s\n::stop-commands::(\w{32})\n::set-output name=x::y\n::\1::\n::endgroup::\n$/,
    );
  });

  it('of a run that failed before it had a console are empty', async () => {
    const out = collector();
    await groupedView(out, false).ended(unopened(plannedRun('a'), new RunFailure('setup', 'No place.')));
    expect(out.text()).toContain('unit/a: FAILED');
  });
});
