import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import type { ReproduceResult, RunResult } from '../../../src/simulator/index.js';
import { failureReport, reproductionReport, runsJunit, simulationReport } from '../../../src/terminal/index.js';

const result = (run: string, more: Partial<RunResult> = {}): RunResult => ({
  trigger: 'ci',
  run,
  status: 'PASSED',
  startedAt: '2026-11-30T10:00:00.000Z',
  durationMs: 1500,
  phases: [],
  image: { reference: 'x:1' },
  tests: [],
  artifacts: [],
  workspace: '/w',
  console: `/w/${run}.log`,
  fidelity: { exact: true, differences: [] },
  ...more,
});
const failed = result('test', {
  status: 'FAILED',
  cause: 'tests',
  message: 'A test <failed> & "more".',
  tests: [
    {
      name: 'suite',
      context: 'junit.xml skipped=1',
      status: 'FAILED',
      results: [
        { name: 'a', context: 'c', status: 'PASSED', output: null },
        { name: 'b', context: null, status: 'FAILED', output: '\u001b[31mexpected 1\u001b[0m\n]]> & <got> 2' },
        { name: 'd', context: null, status: 'SKIPPED', output: null },
      ],
    },
    { name: 'alone', context: null, status: 'FAILED', results: [] },
  ],
});
const runs = [
  result('build'),
  failed,
  result('stop', { status: 'INTERRUPTED', message: 'The user interrupted it.' }),
  (({ startedAt: _, ...rest }) => rest)(result('later', { status: 'NOT_STARTED', message: 'Interrupted before.' })),
];
const again = ({ run }: RunResult) => `jobserv simulate ci/${run}`;

/** Elements with their attributes and texts, as a strict parser reads them. */
function parsed(xml: Iterable<string>): { name: string; attributes: Record<string, string>; text: string }[] {
  const all: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) =>
    all.push({ name, attributes: attributes as Record<string, string>, text: '' }),
  );
  parser.on('text', (text) => {
    const last = all.at(-1);
    if (last) last.text += text;
  });
  parser.write([...xml].join('')).close();
  return all;
}

describe('the JUnit of a simulation', () => {
  it('is written soon, whatever a test printed', () => {
    const output = `\u001b${';#'.repeat(300_000)}`;
    const test = { name: 't', context: null, status: 'FAILED' };
    const tests = [{ ...test, results: [{ ...test, output }] }];
    const xml = runsJunit('jobserv simulate', simulationReport([result('test', { tests })], again));
    expect(parsed(xml).find(({ name }) => name === 'failure')?.text).toContain('#;#;#');
  });

  it('comes a case at a time, since all of it may be longer than a text can be; an attribute quotes no whole output', () => {
    const test = { name: 't', context: null, status: 'FAILED' };
    const results = Array.from({ length: 3 }, () => ({ ...test, output: 'x'.repeat(100_000) }));
    const tests = [{ ...test, results }];
    const parts = [...runsJunit('x', simulationReport([result('test', { tests })], again))];
    expect(parts.filter((part) => part.includes('x'.repeat(100_000)))).toHaveLength(3);
    const failure = parsed(parts).find(({ name }) => name === 'failure');
    expect(failure?.attributes['message']).toHaveLength(10_000);
    expect(failure?.text.trim()).toHaveLength(100_000);
  });

  const elements = parsed(runsJunit('jobserv simulate', simulationReport(runs, again)));
  const outcomes = elements.filter(({ name }) => ['failure', 'error', 'skipped'].includes(name));

  it('has a test case for each run, with its reason', () => {
    expect(elements[1]?.attributes).toEqual({
      name: 'runs',
      tests: '4',
      failures: '1',
      errors: '1',
      skipped: '1',
      time: '6',
    });
    const cases = elements.filter(({ name }) => name === 'testcase').slice(0, 4);
    expect(cases.map(({ attributes }) => attributes['name'])).toEqual(['ci/build', 'ci/test', 'ci/stop', 'ci/later']);
    expect(cases[0]?.attributes).toEqual({ name: 'ci/build', classname: 'ci', time: '1.5' });
    expect(outcomes.slice(0, 3).map(({ name, attributes }) => [name, attributes])).toEqual([
      ['failure', { message: 'A test <failed> & "more".', type: 'tests' }],
      ['error', { message: 'The user interrupted it.' }],
      ['skipped', { message: 'Interrupted before.' }],
    ]);
    expect(outcomes[0]?.text).toContain('jobserv simulate ci/test\n/w/test.log');
  });

  it("has each run's own tests as suites, with their output", () => {
    const suites = elements.filter(({ name }) => name === 'testsuite').slice(1);
    expect(suites.map(({ attributes }) => [attributes['name'], attributes['tests'], attributes['failures']])).toEqual([
      ['ci/test: suite', '3', '1'],
      ['ci/test: alone', '1', '1'],
    ]);
    const failure = outcomes.find(({ text }) => text.includes('expected'));
    expect(failure?.attributes['message']).toBe('expected 1');
    expect(failure?.text.trim()).toBe('expected 1\n]]> & <got> 2');
  });
});

it('a command that failed before its runs is a failure in JUnit, too', () => {
  const report = failureReport('jobserv simulate', 'No container engine can be reached.', false);
  const xml = [...runsJunit('jobserv simulate', report)].join('');
  expect(parsed(xml)[0]?.attributes).toMatchObject({ tests: '1', failures: '1' });
  expect(xml).toContain('<failure message="No container engine can be reached."');
  expect([...runsJunit('x', failureReport('x', 'Interrupted.', true))].join('')).toContain(
    '<error message="Interrupted."',
  );
});

it('the page of a simulation names what did not pass, and shows no console of an earlier run', () => {
  const report = simulationReport(runs, again);
  expect(report).toMatchObject({
    title: '1 of 4 runs passed',
    status: 'FAILED',
    summary: 'Failed: ci/test. Interrupted: ci/stop. Not started: ci/later.',
  });
  expect(report.runs.map(({ consoles }) => consoles.length)).toEqual([1, 1, 1, 0]);
  expect(simulationReport([result('build')], again)).toMatchObject({
    title: 'ci/build',
    status: 'PASSED',
    summary: '',
  });
});

describe('the page of a reproduction', () => {
  const reproduction: ReproduceResult = {
    version: 1,
    verdict: 'flaky',
    reason: 'It does not always end the same.',
    next: [],
    server: {
      url: 'https://x/',
      run: 'unit',
      status: 'FAILED',
      image: { reference: 'x' },
      tests: [],
      artifacts: [],
      console: null,
    },
    local: [result('unit'), failed],
    differences: [{ kind: 'status', message: 'It passed here.' }] as ReproduceResult['differences'],
    console: { same: 3, divergence: { server: { number: 4, text: 'a' }, local: { number: 9, text: 'b' } } },
  };

  it('shows both consoles of the replay that was compared, and where they part', () => {
    const { status, runs: shown } = reproductionReport(reproduction, { server: '/s', local: '/l', replay: 1 }, 'again');
    expect(status).toBe('FLAKY');
    expect(shown.map(({ label }) => label)).toEqual(['unit, replay 1 of 2', 'unit, replay 2 of 2']);
    expect(shown[0]?.consoles).toEqual([]);
    expect(shown[1]?.consoles).toEqual([
      { title: 'On the server', path: '/s', firstDifference: 3 },
      { title: 'Here', path: '/l', firstDifference: 8 },
    ]);
    expect(shown[1]?.differs).toEqual(['It passed here.']);
  });

  it("shows the server's console alone where nothing was replayed", () => {
    const { runs: shown } = reproductionReport({ ...reproduction, local: [] }, { server: '/s', replay: 0 }, 'again');
    expect(shown).toMatchObject([{ label: 'unit', status: 'FAILED', consoles: [{ path: '/s' }] }]);
  });
});
