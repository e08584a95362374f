/** What stands on the screen while runs go on, at several widths. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { containersOf } from '../support/containers-of.js';
import { definitionOf, type World, worldOf, worldWith } from './definition.js';
import { onScreen, type TmuxScreen } from './screen.js';

const screens: TmuxScreen[] = [];
afterEach(() => {
  for (const screen of screens.splice(0)) screen.close();
});

function simulate(world: World, columns: number, ...args: string[]): TmuxScreen {
  const screen = onScreen(['simulate', ...args], world, { columns, rows: 24 });
  screens.push(screen);
  return screen;
}

/** Runs that wait until they are let go: a file in a persistent volume. */
const WAITS = '#!/bin/sh\necho it begins\nwhile [ ! -e /go/on ]; do sleep 0.2; done\necho it goes on\n';
const FAILS = '#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "error $n"; done\nexit 3\n';
const PASSES = '#!/bin/sh\necho fine\n';

const many = (count: number, script: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`run-${String(n).padStart(2, '0')}`, script]));

describe.each([50, 80, 120])('on %s columns', (columns) => {
  it('a run shows its output, its phases, and what goes on while it is silent', async () => {
    const world = await worldWith({ waits: WAITS });
    const screen = simulate(world, columns, 'waits');
    await screen.shows(/^it begins$/);
    await screen.shows(/^. script \d:\d\d/u);
    const rows = screen.rows();
    expect(rows.slice(0, 3)).toEqual([
      expect.stringMatching(/^pull +\d/),
      expect.stringMatching(/^prepare +\d/),
      'it begins',
    ]);
    expect(rows).toHaveLength(4);
    screen.press('C-c');
    await screen.shows(/^status: 130$/);
    expect(screen.rows().some((row) => row.startsWith('interrupted  manual/waits'))).toBe(true);
    expect(containersOf(world.cache)).toEqual([]);
  });

  it('many runs have a line each; what failed stands above, and last in the summary', async () => {
    const world = await worldWith({ a: FAILS, b: PASSES, ...many(4, WAITS) });
    const screen = simulate(world, columns, 'a', 'b', 'run-*', '--jobs', '3');
    await screen.shows(/^1\/6 passed, 1 failed, 3 running, 1 waiting/);
    for (const run of [0, 1, 2]) await screen.shows(new RegExp(`^manual/run-0${run} +script +\\d`));
    const rows = screen.rows();
    expect(rows[0]).toMatch(/^FAILED {2}manual\/a/);
    expect(rows).toContain('  | error 12');
    screen.resize(columns === 50 ? 120 : 40);
    // At 40 columns the middle of a name is left out.
    await screen.shows(columns === 50 ? /^manual\/run-03 +waiting$/ : /^manual…un-03 +waiting$/);
    const again = screen.rows().filter((row) => /^manual(?:\/r|…)un-/.test(row));
    expect(again).toHaveLength(4);
    screen.press('C-c');
    await screen.shows(/^status: 130$/);
    expect(screen.rows().join('\n')).toContain(
      '3 interrupted: manual/run-00, manual/run-01, manual/run-02; 1 not started.',
    );
    expect(containersOf(world.cache)).toEqual([]);
  });
});

it('a second Ctrl-C ends at once, and names what was interrupted and what was not started', async () => {
  const world = await worldWith(many(3, '#!/bin/sh\ntrap "" TERM\necho it begins\nwhile :; do sleep 0.2; done\n'));
  const screen = simulate(world, 120, '*', '--jobs', '2');
  await screen.shows(/^0\/3 passed, 2 running, 1 waiting/);
  await screen.shows(/^manual\/run-01 +script/);
  screen.press('C-c');
  screen.press('C-c');
  await screen.shows(/^status: 130$/);
  const text = screen.rows().join('\n');
  expect(text).toMatch(/interrupted/i);
  expect(text).toMatch(/not started/i);
});

it('from a matrix of 18 with one failure to a passed --failed, on one screen', async () => {
  const world = await worldWith({ ...many(17, PASSES), stubborn: FAILS });
  const screen = simulate(world, 80, '*');
  await screen.shows(/^17 of 18 runs passed; 1 failed: manual\/stubborn\.$/);
  await screen.shows(/^status: 1$/);
  const rows = screen.rows();
  expect(rows).toContain('             | error 12');
  expect(rows.some((row) => row.startsWith('FAILED  manual/stubborn'))).toBe(true);
  writeFileSync(join(world.cwd, '.jobserv.yml'), await definitionOf({ ...many(17, PASSES), stubborn: PASSES }));
  const next = simulate(world, 80, '--failed');
  await next.shows(/^status: 0$/);
  expect(next.rows().filter((row) => row.startsWith('PASSED'))).toHaveLength(1);
  const last = simulate(world, 80, '--failed');
  await last.shows(/^status: 0$/);
  expect(last.rows().join(' ')).toContain('there is nothing to run');
});

it('--watch runs again when a file changes, interrupts what goes on, and ends with q', async () => {
  const definition = (await definitionOf({ reads: '#!/bin/sh\ncat /repo/input\n' })).replace(
    '"simple"',
    '"git_poller"',
  );
  const world = worldOf({ '.jobserv.yml': definition, input: 'first\n' });
  const git = (...args: string[]) => execFileSync('git', ['-C', world.cwd, ...args]);
  git('init', '-q');
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'x');
  const screen = simulate(world, 80, 'reads', '--watch');
  await screen.shows(/^first$/);
  await screen.shows(/^Watching for changes/);
  writeFileSync(join(world.cwd, 'input'), 'second\n');
  await screen.shows(/^Changed: input\. Running again\.$/);
  await screen.shows(/^second$/);
  await vi.waitFor(() => expect(screen.rows().at(-1)).toMatch(/^Watching for changes/), { timeout: 60_000 });
  screen.press('q');
  await screen.shows(/^status: 0$/);
  expect(containersOf(world.cache)).toEqual([]);
});

it('--watch: f runs only what failed the last time', async () => {
  const world = await worldWith({ fine: '#!/bin/sh\ntrue\n', broken: '#!/bin/sh\nexit 3\n' });
  const screen = simulate(world, 80, '*', '--watch');
  await screen.shows(/^1 of 2 runs passed; 1 failed: manual\/broken\.$/);
  await screen.shows(/^Watching for changes\. Enter: run now, f: what failed, q: quit\.$/);
  screen.press('f');
  await vi.waitFor(() => expect(screen.rows().filter((row) => row.startsWith('Watching'))).toHaveLength(2), {
    timeout: 100_000,
  });
  const rows = screen.rows();
  const second = rows.slice(rows.findIndex((row) => row.startsWith('Watching')) + 1);
  expect(second.filter((row) => row.startsWith('FAILED  manual/broken'))).toHaveLength(1);
  expect(second.join('\n')).not.toContain('manual/fine');
  screen.press('q');
  await screen.shows(/^status: 1$/);
});
