import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RunFailure } from '../../../src/executor/index.js';
import { type RunResult, unopened } from '../../../src/simulator/index.js';
import { renderSummary, styleFor } from '../../../src/terminal/index.js';
import { plannedRun, runResult } from '../../support/runs.js';

const style = styleFor({});
const again = (run: RunResult | undefined) =>
  run ? `jobserv simulate ${run.trigger}/${run.run}` : 'jobserv simulate --failed';
const pulled = { kind: 'image-not-pulled' as const, message: 'The image was not pulled.' };
const differs = (...messages: string[]): RunResult['fidelity'] => ({
  exact: false,
  differences: [pulled, ...messages.map((message) => ({ kind: 'working-tree' as const, message }))],
});

function failedRun(run: string, lines: string[]): RunResult {
  const console = join(mkdtempSync(join(tmpdir(), 'jobserv-summary-')), 'console.log');
  writeFileSync(
    console,
    `${lines.join('\n')}\n== 2026-11-30 11:56:28.389343: The run has FAILED (script): why\n   | more\n`,
  );
  const message = 'The script exited with status 2.';
  return runResult(run, { status: 'FAILED', cause: 'script', message, console, durationMs: 2000, fidelity: differs() });
}

it('of several runs has a line for each that passed, what differs once, and last what failed and how to go on', async () => {
  const lines = Array.from({ length: 12 }, (_, n) => `line ${n}`);
  const failed = failedRun('b', lines);
  const runs = [
    runResult('a', {
      durationMs: 1000,
      fidelity: differs('Only a differs so.'),
      artifacts: [{ path: 'x', sizeBytes: 1 }] as RunResult['artifacts'],
    }),
    failed,
    runResult('longer', { durationMs: 61_000, fidelity: differs() }),
  ];
  expect((await renderSummary(runs, { style, again })).split('\n')).toEqual([
    '',
    'PASSED  unit/a         1.00 s  1 artifact',
    'PASSED  unit/longer  1 min 1 s',
    '',
    '  folder     /w/unit',
    '  fidelity   differs from a run on a worker:',
    '             - The image was not pulled.',
    '             - unit/a: Only a differs so.',
    '',
    'FAILED  unit/b  2.00 s',
    '  reason     The script exited with status 2.',
    ...lines.slice(2).map((line, index) => `  ${index === 0 ? 'output' : '      '}     | ${line}`),
    `  console    ${failed.console}`,
    '  again      jobserv simulate unit/b',
    '',
    '2 of 3 runs passed; 1 failed: unit/b.',
    'Run again what failed: jobserv simulate --failed',
    '',
  ]);
});

it('names the runs that were interrupted and those that were not started', async () => {
  const not = (run: string) => runResult(run, { status: 'NOT_STARTED', message: 'It was interrupted.' });
  const interrupted = runResult('b', { status: 'INTERRUPTED', fidelity: { exact: true, differences: [] } });
  const text = await renderSummary([runResult('a'), interrupted, not('c'), not('d')], { style });
  expect(text).toContain('not started  unit/c, unit/d\n  It was interrupted.\n');
  expect(text).toContain('\ninterrupted  unit/b  0.00 s\n');
  expect(text).toContain('1 of 4 runs passed; 1 interrupted: unit/b; 2 not started.');
});

it('of one run repeats no output that was just shown', async () => {
  const run = failedRun('a', ['the end']);
  expect(await renderSummary([run], { style, consoleShown: true })).not.toContain('the end');
  expect(await renderSummary([run], { style, consoleShown: false })).toContain('output     | the end');
});

it('names no console where the workspace could not be opened, shows none of another run, and compares nothing', async () => {
  const failure = new RunFailure('setup', 'It is in use.', { environment: 'workspace' });
  const { console } = failedRun('other', ['a line of the other run']);
  const run = { ...unopened(plannedRun('a'), failure), console };
  expect(run).toMatchObject({ status: 'FAILED', cause: 'setup', environment: 'workspace' });
  expect(await renderSummary([run], { style })).toBe('\nFAILED  unit/a  0.00 s\n  reason     It is in use.\n');
});

it.each([
  ['a phase that took long', { durationMs: 12_000 }, false, 'pull 12.0 s'],
  ['all phases with --verbose', { durationMs: 10 }, true, 'pull 0.01 s, script 20.0 s'],
])('shows %s', async (_, pull, verbose, shown) => {
  const phases = [
    { name: 'pull' as const, ...pull },
    { name: 'script' as const, durationMs: 20_000 },
  ];
  const text = await renderSummary([runResult('a', { phases })], { style, verbose });
  expect(text).toContain(`phases     ${shown}\n`);
});

it('shows no phases that took as long as always', async () => {
  const phases = [{ name: 'pull' as const, durationMs: 300 }];
  expect(await renderSummary([runResult('a', { phases })], { style })).not.toContain('phases');
});

it('lets nothing in names, reasons or output act on the terminal', async () => {
  const run = { ...failedRun('x\x1b[2J', ['\x1b]0;t\x07a\rb\x1b[31m red']), message: 'a\x1b[6nb' };
  const text = await renderSummary([run, runResult('b')], { style });
  expect(text).not.toContain('\x1b');
  expect(text).toContain('| b red');
});
