/** What a JobServ server answers to a worker at a run, and to those who read it. */
import {
  file,
  good,
  JSON_TYPE,
  type Row,
  refused,
  refusedData,
  type Spec,
  type Stage,
  spoken,
  unforeseen,
} from './story.js';

export const FIRST_LINE = '# Run sent to worker: <worker>\n';
const STARTED = { time: '<time>', status: 'RUNNING', worker: '<worker>' };

const summary = (status: string, more: object = {}) => ({
  name: 'unit',
  url: '<run>',
  status,
  log_url: '<run>console.log',
  host_tag: '<tag>',
  ...more,
});
const BEGUN = { created: '<time>' };
const ENDED = { ...BEGUN, completed: '<time>' };

/** A run that `<worker>` has; `events` are those after it got it. */
export const shown = (events: string[], artifacts: unknown[] = [], more: object = {}): Spec => {
  const status_events = [STARTED, ...events.map((status) => ({ time: '<time>', status }))];
  const status = events.at(-1) ?? 'RUNNING';
  const times = ['PASSED', 'FAILED'].includes(status) ? ENDED : BEGUN;
  return good({
    run: { ...summary(status, { ...times, ...more }), worker_name: '<worker>', status_events, artifacts },
  });
};

const RUNDEF = {
  project: '<project>',
  timeout: 5,
  run_url: '<run>',
  frontend_url: '<run>',
  runner_url: '<server>/runner',
  trigger_type: 'simple',
  container: 'busybox',
  'container-auth': null,
  privileged: false,
  'cap-add': null,
  'cap-drop': null,
  'container-user': null,
  'container-entrypoint': null,
  env: { H_PROJECT: '<project>', H_BUILD: '<number>', H_RUN: 'unit' },
  'test-grepping': null,
  'persistent-volumes': null,
  'shared-volumes': null,
  'host-tag': '<tag>',
  'console-progress': null,
  script: '#!/bin/sh\ntrue\n',
};
const rundef = (more: object): Spec => ({ status: 200, headers: JSON_TYPE, body: { ...RUNDEF, ...more } });
const HIDDEN = rundef({ secrets: { word: 'TODO' } });

export const OK = good({});
const CANCEL: Spec = { ...OK, headers: { ...JSON_TYPE, 'x-jobserv-cancel': '1' } };
export const AS_RUN = { as: 'run' } as const;
export const post = (body: string, status?: string) => ({
  ...AS_RUN,
  body,
  headers: status ? { 'x-run-status': status } : {},
});

const cancel = ({ target, run }: Stage) => target.cancel(run);

const QUEUED: readonly Row[] = [
  (stage) => stage.queue(),
  ['GET {run}', good({ run: { ...summary('QUEUED'), worker_name: null, status_events: [], artifacts: [] } })],
  [
    'GET {run}console.log',
    { status: 200, headers: { 'content-type': 'text/plain', 'x-run-status': 'QUEUED' }, body: '<text>' },
  ],
  ['GET {run}result.txt', refusedData(404)],
  ['GET {run}.rundef.json', HIDDEN],
  ['GET {run}progress-regex', refusedData(404)],
  ['GET {run}tests/', good({ tests: [] })],
  ['GET {run}tests/none/', refused(404)],
  ['GET {build}runs/', good({ runs: [summary('QUEUED')] })],
  ['POST {run}', refusedData(401), { body: 'x' }],
  cancel,
  ['GET {run}console.log', spoken(404, { 'x-run-status': 'FAILED' })],
  ['GET {build}runs/', good({ runs: [summary('FAILED', ENDED)] })],
];

const KEYS: readonly Row[] = [
  (stage) => stage.start(),
  ['POST {run}', refusedData(401), { body: 'x' }],
  ['POST {run}', refusedData(401), { as: 'Token wrong', body: 'x' }],
  ['POST {run}', refusedData(401), { as: 'Token two words', body: 'x' }],
  ['POST {run}', refusedData(401), { as: 'Bearer x', body: 'x' }],
  ['POST {run}create_signed', refusedData(401), { json: ['a'] }],
  ['POST {run}tests/t/', refusedData(401), { json: {} }],
  ['GET {run}.rundef.json', HIDDEN, { as: 'Token wrong' }],
  ['GET {run}.rundef.json', rundef({ api_key: '<key>', secrets: { word: 'sesame' } }), AS_RUN],
  ['POST {run}', OK, AS_RUN],
  async (stage) => void (await stage.ask(`POST {run}?apikey=${stage.key}`, { body: 'by query\n' })),
  ['GET {run}console.log', file(`${FIRST_LINE}by query\n`, 'RUNNING')],
];

const CONSOLE: readonly Row[] = [
  (stage) => stage.start(),
  ['GET {run}', shown([])],
  ['POST {run}', OK, post('one\n')],
  ['POST {run}', OK, post('one\n', 'RUNNING')],
  ['GET {run}console.log', file(`${FIRST_LINE}one\none\n`, 'RUNNING')],
  ['GET {run}console.log', file(`${FIRST_LINE}one\none\n`, 'RUNNING'), { headers: { 'x-offset': '0' } }],
  ['GET {run}console.log', file(`${FIRST_LINE}one\none\n`, 'RUNNING'), { headers: { range: 'bytes=3-' } }],
  async (stage) => {
    const length = `# Run sent to worker: ${stage.worker}\none\none\n`.length;
    const end = { status: 200, headers: { 'content-type': 'text/html', 'x-run-status': 'RUNNING' }, body: '' };
    const from = (offset: number) => ({ headers: { 'x-offset': String(offset) } });
    await stage.play([
      ['GET {run}console.log', file('one\n', 'RUNNING'), from(length - 4)],
      ['GET {run}console.log', end, from(length)],
      ['GET {run}console.log', end, from(length + 1)],
    ]);
  },
  ['GET {run}console.log', unforeseen, { headers: { 'x-offset': 'x' } }],
  ['GET {run}console.log', unforeseen, { headers: { 'x-offset': '-3' } }],
  ['POST {run}', unforeseen, post('kept\n', 'BOGUS')],
  ['POST {run}', OK, { ...AS_RUN, headers: { 'x-run-metadata': 'm' } }],
  ['POST {run}', OK, post('', 'UPLOADING')],
  ['POST {run}', OK, post('end\n', 'PASSED')],
  ['GET {run}', shown(['UPLOADING', 'PASSED'], ['<run>console.log'])],
  ['POST {run}', refusedData(401), post('late\n')],
  ['POST {run}', refusedData(401), post('late\n', 'PASSED')],
  ['POST {run}create_signed', refusedData(401), { ...AS_RUN, json: ['a'] }],
  ['POST {run}tests/t/', refusedData(401), { ...AS_RUN, json: {} }],
  ['GET {run}.rundef.json', HIDDEN, AS_RUN],
  ['GET {run}console.log', file(`${FIRST_LINE}one\none\nkept\nend\n`, 'PASSED'), { headers: { 'x-offset': '9' } }],
  ['GET {run}none.txt', spoken(404, { 'x-run-status': 'PASSED' })],
  ['GET {run}none.html', refusedData(404)],
];

const CANCELLED: readonly Row[] = [
  (stage) => stage.start(),
  ['POST {run}', OK, post('one\n')],
  cancel,
  ['GET {run}', shown(['CANCELLING'])],
  ['POST {run}', CANCEL, AS_RUN],
  ['POST {run}', CANCEL, post('two\n')],
  ['POST {run}', OK, post('end\n', 'FAILED')],
  ['GET {run}', shown(['CANCELLING', 'FAILED'], ['<run>console.log'])],
];

/** A status that is posted wins over the cancel, and the worker is never told. */
const CANCEL_OVERWRITTEN: readonly Row[] = [
  (stage) => stage.start(),
  cancel,
  ['POST {run}', OK, post('', 'UPLOADING')],
  ['POST {run}', OK, AS_RUN],
  ['POST {run}', OK, post('', 'PASSED')],
  ['GET {run}', shown(['CANCELLING', 'UPLOADING', 'PASSED'], ['<run>console.log'])],
];

/** Only a run that is RUNNING is asked to stop; another one is over at once, its console out of reach. */
const CANCELLED_WHILE_UPLOADING: readonly Row[] = [
  (stage) => stage.start(),
  ['POST {run}', OK, post('one\n', 'UPLOADING')],
  cancel,
  ['GET {run}', shown(['UPLOADING', 'FAILED'])],
  ['POST {run}', refusedData(401), post('two\n')],
  ['GET {run}console.log', spoken(404, { 'x-run-status': 'FAILED' })],
];

export const RUN_STORIES: readonly (readonly [string, readonly Row[]])[] = [
  ['a run that nobody has yet', QUEUED],
  ['keys of a run', KEYS],
  ['the console, blindly appended to, up to the end', CONSOLE],
  ['a cancel', CANCELLED],
  ['a cancel that the next status overwrites', CANCEL_OVERWRITTEN],
  ['a cancel during the uploads', CANCELLED_WHILE_UPLOADING],
];
