import { expect, it } from 'vitest';
import type { RunOutcome } from '../../../src/executor/ports.js';
import type { Test } from '../../../src/schema/model.js';
import { withConsoleTests } from '../../../src/simulator/run/run-result.js';

const PASSED: RunOutcome = { status: 'PASSED', tests: [], artifacts: [], warnings: ['first'] };
const read = (...statuses: string[]): Test[] => [
  {
    name: 'default',
    context: null,
    status: 'PASSED',
    results: statuses.map((status) => ({ name: 'x', context: null, status, output: null })),
  },
];

it('a status in the console that the server does not know is warned of, once: there the run would not end', () => {
  expect(withConsoleTests(PASSED, read('ok', 'PASSED', 'ok')).warnings).toEqual([
    'first',
    'In the console, the server knows no status "ok" and cannot end the run: map it to PASSED, FAILED or SKIPPED in fixupdict.',
  ]);
});

it('a test in the console that failed fails the run', () => {
  expect(withConsoleTests(PASSED, read('PASSED', 'FAILED'))).toMatchObject({ status: 'FAILED', cause: 'tests' });
  expect(withConsoleTests(PASSED, read('SKIPPED'))).toMatchObject({ status: 'PASSED', warnings: ['first'] });
});
