import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { labelledView, plainView, terminalView } from '../../../src/terminal/console-view.js';
import { type Output, outputOf } from '../../../src/terminal/output.js';
import { ProgressBar } from '../../../src/terminal/progress.js';

function collector(isTerminal = false): Output & { text(): string; writes: string[] } {
  const writes: string[] = [];
  return {
    isTerminal,
    writes,
    write: (parts) => void writes.push(Buffer.concat(parts).toString('latin1')),
    settle: () => {},
    text: () => writes.join(''),
  };
}

const ofFour = (line: string) => {
  const found = /^task (\d+) of (\d+)/.exec(line);
  return found ? { current: Number(found[1]), total: Number(found[2]) } : undefined;
};

describe('the view of a console', () => {
  it('passes bytes as they are where nobody looks', async () => {
    const out = collector();
    await plainView(out).write([Buffer.from('\x1b]0;t\x07'), Buffer.from([0xff, 0])]);
    expect(out.text()).toBe('\x1b]0;t\x07\xff\0');
  });

  it('puts the name of its run before each whole line, and never cuts a line in two', async () => {
    const out = collector();
    const view = labelledView(out, 'unit/a');
    await view.write([Buffer.from('one\ntw')]);
    await view.write([Buffer.from('o\n')]);
    await view.write([Buffer.from('no newline')]);
    expect(out.writes).toEqual(['unit/a | one\n', 'unit/a | two\n']);
    await view.end();
    expect(out.writes.at(-1)).toBe('unit/a | no newline\n');
  });

  it('shows a line that never ends in pieces of bounded size', async () => {
    const out = collector();
    const view = labelledView(out, 'a');
    for (let piece = 0; piece < 40; piece++) await view.write([Buffer.alloc(4096, 'x')]);
    expect(out.text().length).toBeGreaterThan(128 * 1024);
  });

  const OURS = '== 2026-11-30 11:56:28.389343: Found 0 artifacts, 0 bytes\n';

  it.each([
    ['in the same piece', ['\x1b[31mred\n', OURS].join(''), ''],
    ['in an earlier piece', '\x1b[31mred\n', OURS],
    ['in a line without an end', '\x1b[31mred', `\n${OURS}`],
  ])('a colour that the script left on, %s, ends before a line of the tool', async (_, first, second) => {
    const out = collector(true);
    const view = terminalView(out);
    await view.write([Buffer.from(first)]);
    await view.write([Buffer.from(second)]);
    expect(out.text()).toBe(`${first}${second}`.replace(OURS, `\x1b[0m${OURS}`));
  });

  it('a colour that a script took back, and one over several lines, are left alone', async () => {
    const out = collector(true);
    const view = terminalView(out);
    const console = `\x1b[31mred\n== not ours\nstill red\x1b[m\n${OURS}`;
    await view.write([Buffer.from(console.slice(0, 20))]);
    await view.write([Buffer.from(console.slice(20))]);
    expect(out.text().replace(`\x1b[0m${OURS}`, OURS)).toBe(console);
  });

  it('a colour of one run ends before the line of another', async () => {
    const out = collector(true);
    await labelledView(out, 'a').write([Buffer.from('\x1b[31mred\nplain\n')]);
    expect(out.text()).toBe('a | \x1b[31mred\n\x1b[0ma | plain\n');
  });

  it('a spinner shows how much of the image is there, and goes before the next line', async () => {
    const out = collector(true);
    const spinner = {
      text: '',
      start: () => out.writes.push(`<${spinner.text}>`),
      stop: () => out.writes.push('<stopped>'),
    };
    const view = terminalView(out, undefined, spinner);
    await view.write([Buffer.from('== Pulling\n')]);
    view.pulling?.({ current: 1_000_000, total: 85_400_000 });
    view.pulling?.({ current: 2_500_000, total: 85_400_000 });
    expect(spinner.text).toBe('Pulling the image: 2.5 MB of 85.4 MB');
    await view.write([Buffer.from('== Pulled\n')]);
    await view.end();
    expect(out.text()).toBe('== Pulling\n<Pulling the image: 1.0 MB of 85.4 MB><stopped>== Pulled\n');
  });

  it('draws the progress below the console, takes it away before the next line and at the end', async () => {
    const out = collector(true);
    const view = terminalView(out, new ProgressBar(ofFour));
    await view.write([Buffer.from('task 1 of 4\n')]);
    expect(out.text()).toMatch(/^task 1 of 4\n\[#{8}\.{22}\] 25 % \(1 of 4\)$/);
    await view.write([Buffer.from('half a line, task 2')]);
    expect(out.writes.at(-1)).toBe('\r\x1b[Khalf a line, task 2');
    await view.write([Buffer.from('\ntask 4 o')]);
    await view.write([Buffer.from('f 4\n')]);
    expect(out.writes.at(-1)).toContain('100 % (4 of 4)');
    await view.end();
    expect(out.writes.at(-1)).toBe('\r\x1b[K');
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
