/** Test results, as a worker posts them and a reader gets them. */
import { AS_RUN, FIRST_LINE, OK, post, shown } from './runs.js';
import { file, good, type Row, refused, refusedData, spoken, unforeseen } from './story.js';

const WITH_TESTS = { tests: '<run>tests/' };
const LOG = ['<run>console.log'];

const test = (name: string, status: string, context: string | null = null) => ({
  name,
  url: `<run>tests/${name}/`,
  status,
  context,
  created: '<time>',
});
const result = (name: string, status: string, context: string | null = null, output: string | null = null) => ({
  name,
  context,
  status,
  output,
});

const ALPHA = {
  context: 'c',
  status: 'FAILED',
  results: [result('r', 'PASSED', 'k', 'said'), { name: 's', status: 'SKIPPED' }],
};
const ALPHA_RESULTS = [result('r', 'PASSED', 'k', 'said'), result('s', 'SKIPPED')];

const POSTED: readonly Row[] = [
  (stage) => stage.start(),
  ['POST {run}tests/alpha/', OK, { ...AS_RUN, json: ALPHA }],
  ['POST {run}tests/alpha/', OK, { ...AS_RUN, json: { ...ALPHA, context: 'd', results: [] } }],
  ['POST {run}tests/bare/', OK, { ...AS_RUN, json: { status: 'PASSED' } }],
  ['POST {run}tests/b%20%C3%BC/', OK, { ...AS_RUN, json: { status: 'PASSED' } }],
  ['POST {run}tests/bad/', unforeseen, { ...AS_RUN, json: { status: 'NOPE' } }],
  ['POST {run}tests/bad/', unforeseen, { ...AS_RUN, json: { status: 'PASSED', results: [{ name: 'no status' }] } }],
  ['POST {run}tests/bad/', spoken(415), { ...AS_RUN, body: '{}' }],
  ['POST {run}tests/bad/', spoken(400), { ...AS_RUN, headers: { 'content-type': 'application/json' }, body: '{' }],
  ['POST {run}tests/a%2Fb/', spoken(405), { ...AS_RUN, json: ALPHA }],
  [
    'GET {run}tests/',
    good({
      tests: [
        test('alpha', 'FAILED', 'c'),
        test('alpha', 'FAILED', 'd'),
        test('bare', 'PASSED'),
        { ...test('b ü', 'PASSED'), url: '<run>tests/b%20%C3%BC/' },
      ],
    }),
  ],
  ['GET {run}tests/alpha/', good({ test: { ...test('alpha', 'FAILED', 'c'), results: ALPHA_RESULTS } })],
  ['GET {run}tests/none/', refused(404)],
  ['GET {run}', shown([], [], WITH_TESTS)],
  // A failed test does not fail the run: that is the worker's to say.
  ['POST {run}', OK, post('', 'PASSED')],
  ['GET {run}', shown(['PASSED'], LOG, WITH_TESTS)],
];

const AWAITED: readonly Row[] = [
  (stage) => stage.start(),
  ['POST {run}tests/later/', OK, { ...AS_RUN, json: {} }],
  ['GET {run}tests/', good({ tests: [test('later', 'QUEUED', '')] })],
  ['POST {run}', OK, post('end\n', 'PASSED')],
  // Still running, though its console has moved.
  ['GET {run}', shown([], LOG, WITH_TESTS)],
  ['GET {run}console.log', file(`${FIRST_LINE}end\n`)],
  ['PUT {run}tests/none/', refused(404), { ...AS_RUN, json: { status: 'PASSED' } }],
  ['PUT {run}tests/later/', refusedData(401), { json: { status: 'PASSED' } }],
  ['PUT {run}tests/later/', good({ complete: true }), { ...AS_RUN, json: { status: 'FAILED' } }],
  ['GET {run}', shown(['FAILED'], LOG, WITH_TESTS)],
];

const GREPPING = {
  'test-pattern': '^Starting (?P<name>\\S+)',
  'result-pattern': '^TEST (?P<name>\\S+): (?P<result>\\S+)',
  fixupdict: { PASS: 'PASSED', FAIL: 'FAILED' },
};
const OPENED = GREPPING['test-pattern'];

const GREPPED: readonly Row[] = [
  (stage) => stage.start({ 'test-grepping': GREPPING, 'console-progress': { 'progress-pattern': 'x' } }),
  ['GET {run}progress-regex', good({ 'progress-pattern': 'x' })],
  ['POST {run}', OK, post('Starting boot\nTEST a: PASS\nTEST b: FAIL\n')],
  ['POST {run}', OK, post('Starting net\nTEST a: PASS\n', 'PASSED')],
  ['GET {run}', shown(['FAILED'], LOG, WITH_TESTS)],
  ['GET {run}tests/', good({ tests: [test('boot', 'FAILED', OPENED), test('net', 'PASSED', OPENED)] })],
  [
    'GET {run}tests/boot/',
    good({ test: { ...test('boot', 'FAILED', OPENED), results: [result('a', 'PASSED'), result('b', 'FAILED')] } }),
  ],
];

export const TEST_STORIES: readonly (readonly [string, readonly Row[]])[] = [
  ['test results that are posted', POSTED],
  ['a test that is awaited', AWAITED],
  ['tests in the console', GREPPED],
];
