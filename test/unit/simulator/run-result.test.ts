import { describe, expect, it } from 'vitest';
import type { RunOutcome } from '../../../src/executor/index.js';
import type { GreppedTests, RunDefinition, Trouble } from '../../../src/schema/index.js';
import { openConsoleTests, withConsoleTests } from '../../../src/simulator/index.js';

const PASSED: RunOutcome = { status: 'PASSED', tests: [], artifacts: [], warnings: ['first'] };
const read = (status: string, ...troubles: Trouble[]): GreppedTests => ({
  tests: [{ name: 'default', context: null, status, results: [{ name: 'x', context: null, status, output: null }] }],
  failed: status === 'FAILED',
  troubles,
  more: 0,
});

describe('tests in the console', () => {
  it('fail the run when one failed', () => {
    expect(withConsoleTests(PASSED, read('FAILED'))).toMatchObject({ status: 'FAILED', cause: 'tests' });
    expect(withConsoleTests(PASSED, read('SKIPPED'))).toMatchObject({ status: 'PASSED', warnings: ['first'] });
  });

  it('fail the run, with the reason, when the server cannot complete it or they were not all read', () => {
    const outcome = withConsoleTests(PASSED, read('ok', { line: 3, message: 'the server fails' }));
    expect(outcome).toMatchObject({
      status: 'FAILED',
      cause: 'tests',
      message: 'In line 3 of the console, the server fails.',
      warnings: ['first'],
    });
    expect(outcome.tests[0]).toMatchObject({
      status: 'FAILED',
      results: [{ status: 'FAILED', output: 'The console says ok.' }],
    });
  });

  it('leave a run that failed its own reason, and are reported as warnings', () => {
    const failed: RunOutcome = { ...PASSED, status: 'FAILED', cause: 'script', message: 'exit code 1' };
    expect(withConsoleTests(failed, read('ok', { line: null, message: 'it fails' }))).toMatchObject({
      cause: 'script',
      message: 'exit code 1',
      warnings: ['first', 'It fails.'],
    });
  });

  it('repeat no reason, and say how many results are not listed', () => {
    const twice = [1, 2].map((line) => ({ line, message: 'the server fails' }));
    const outcome = withConsoleTests(PASSED, { ...read('ok', ...twice), more: 7 });
    expect(outcome.warnings).toEqual(['first', expect.stringContaining('7 more')]);
  });

  it.each([
    ['an invalid pattern', '(', 'The server fails at it'],
    ['a pattern that cannot be evaluated here', '\\N{BULLET}', 'is not known'],
  ])('cannot be read with %s: the run fails', async (_, pattern, reason) => {
    const tests = openConsoleTests({ 'test-grepping': { 'result-pattern': pattern } } as RunDefinition);
    const outcome = withConsoleTests(PASSED, await tests?.end());
    expect(outcome).toMatchObject({ status: 'FAILED', cause: 'tests', message: expect.stringContaining(reason) });
  });
});
