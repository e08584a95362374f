/** What a JobServ server answers to workers; and to definitions, and to paths that it does not have. */
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { FIRST_LINE, OK } from './runs.js';
import { elsewhere, file, good, type Row, refused, type Spec, type Stage, spoken, unforeseen } from './story.js';

const PROPERTIES = {
  name: 'not looked at',
  api_key: 'key1',
  distro: 'd',
  mem_total: 5_000_000_000,
  cpu_total: 2,
  cpu_type: 'x86_64',
  concurrent_runs: 1,
  host_tags: 'a,b',
  surges_only: false,
};
const { api_key: _key, name: _name, ...SHOWN } = PROPERTIES;
const KEY = { as: 'Token key1' };
const SEEN = { name: '<worker>', url: '<server>/workers/<worker>/', online: true, version: '<version>' };
const DISK = 'disk_free=99999999999';
const ANY_CHECK_IN = `GET {worker}?available_runners=1&mem_free=1&${DISK}&load_avg_1=0.5&load_avg_5=0.5&load_avg_15=0.5`;
const FORBIDDEN: Spec = { ...refused(403), body: { status: 'error', data: {} } };

/** With a key: somebody has to enlist it first. */
const WITH_KEY: readonly Row[] = [
  ['POST {worker}', refused(400), { json: { distro: 'd' } }],
  ['POST {worker}', spoken(415), {}],
  ['POST {worker}', good({}, 201), { json: PROPERTIES }],
  ['POST {worker}', unforeseen, { json: PROPERTIES }],
  ['GET {worker}', refused(401)],
  ['GET {worker}', refused(401), { as: 'Token wrong' }],
  ['GET {worker}', refused(401), { as: 'key1' }],
  ['GET {worker}', refused(401), { as: 'Basic key1' }],
  ['GET /workers/nobody-of-this-name/', refused(404), KEY],
  [ANY_CHECK_IN, good({ worker: { ...SHOWN, ...SEEN, host_tags: ['a', 'b'], enlisted: false } }), KEY],
  ['POST {worker}events/', FORBIDDEN, { ...KEY, json: { title: 't', msg: 'm', type: 'info' } }],
  ['PUT {worker}logs/', FORBIDDEN, { ...KEY, headers: { 'content-encoding': 'gzip' }, body: gzipSync('log') }],
  ['GET {worker}volumes-deleted/', FORBIDDEN, { ...KEY, json: { directories: ['a'] } }],
  ['PATCH {worker}', OK, { ...KEY, json: { mem_total: 6, host_tags: 'c', surges_only: true, other: 1 } }],
  ['GET {worker}', good({ worker: { ...SHOWN, ...SEEN, mem_total: 6, host_tags: ['c'], enlisted: false } }), KEY],
  ['PATCH {worker}', spoken(415), { ...KEY, body: 'x' }],
  ['PATCH {worker}', refused(401), { json: {} }],
  ['GET {worker}?available_runners=x', unforeseen, KEY],
  ['DELETE {worker}', refused(401)],
  ['DELETE {worker}', OK, KEY],
  ['DELETE {worker}', refused(404), KEY],
  ['GET {worker}', refused(404), KEY],
  // Its name is taken for ever.
  ['POST {worker}', unforeseen, { json: PROPERTIES }],
];

const AS_WORKER = { as: 'worker' } as const;
const UNKNOWN = { distro: '?', mem_total: 1, cpu_total: 1, cpu_type: '?', concurrent_runs: 1, surges_only: null };
/** Before anything of it was changed: then it is false. */
const ENLISTED = { ...SEEN, ...UNKNOWN, enlisted: true };

/** With a JWT: known and enlisted at the first call. */
const WITH_JWT: readonly Row[] = [
  ['GET {worker}', good({ worker: { ...ENLISTED, host_tags: [''] } }), AS_WORKER],
  ['GET {worker}', refused(401), { as: 'Bearer abc' }],
  (stage) =>
    stage.play([
      ['GET {worker}', refused(401), { as: `Bearer ${stage.target.jwt(stage.worker, { expiresIn: -5 })}` }],
      ['GET {worker}', refused(404), { as: `Bearer ${stage.target.jwt('another')}` }],
      [
        'PATCH {worker}',
        refused(403),
        { as: `Bearer ${stage.target.jwt(stage.worker, { tagged: true })}`, json: { host_tags: 'amd64,zap' } },
      ],
    ]),
  ['PATCH {worker}', OK, { ...AS_WORKER, json: { host_tags: 'c', distro: 'd' } }],
  ['GET {worker}', good({ worker: { ...ENLISTED, surges_only: false, distro: 'd', host_tags: ['c'] } }), AS_WORKER],
  ['GET {worker}volumes-deleted/', spoken(415), AS_WORKER],
  ['GET {worker}volumes-deleted/', refused(400), { ...AS_WORKER, json: {} }],
  (stage) => {
    const { project } = stage.target;
    const directories = [project, project.slice(0, -2), `${project}/x`, 'no-such-project'];
    const volumes = ['<project>/x', 'no-such-project'];
    return stage.play([['GET {worker}volumes-deleted/', good({ volumes }), { ...AS_WORKER, json: { directories } }]]);
  },
  ['POST {worker}volumes-deleted/', spoken(405), { ...AS_WORKER, json: { directories: ['a'] } }],
  [
    'PUT {worker}logs/',
    good({}, 202),
    { ...AS_WORKER, headers: { 'content-encoding': 'gzip' }, body: gzipSync('log') },
  ],
  ['PUT {worker}logs/', refused(400), { ...AS_WORKER, headers: { 'content-encoding': 'deflate' }, body: 'x' }],
  ['PUT {worker}logs/', unforeseen, { ...AS_WORKER, body: 'x' }],
  ['GET {worker}logs/', spoken(405), AS_WORKER],
  ['DELETE {worker}', OK, AS_WORKER],
  ['GET {worker}', refused(404), AS_WORKER],
];

const EVENT = { ...AS_WORKER, json: { title: 't', msg: 'm', type: 'info' } };

const EVENTS: readonly Row[] = [
  ['POST {worker}events/', good({}, 201), EVENT],
  ['POST {worker}events/', good({}, 201), EVENT],
  ['POST {worker}events/', good({}, 201), { ...AS_WORKER, json: {} }],
  ['POST {worker}events/', spoken(415), { ...AS_WORKER, body: 'x' }],
  ['POST {worker}events/', refused(401), { json: {} }],
  ['GET {worker}', good({ worker: { ...ENLISTED, host_tags: [''] } }), AS_WORKER],
  ['POST {worker}events/', good({}, 201), EVENT],
];

/** The check-in has made the folder that the first event wants to make. */
const EVENT_AFTER_CHECK_IN: readonly Row[] = [
  ['GET {worker}', good({ worker: { ...ENLISTED, host_tags: [''] } }), AS_WORKER],
  ['POST {worker}events/', unforeseen, EVENT],
];

const IDLE = good({ worker: { ...ENLISTED, surges_only: false, host_tags: ['<tag>'] } });

const WORK: readonly Row[] = [
  (stage) => stage.queue(),
  [ANY_CHECK_IN, good({ worker: { ...ENLISTED, host_tags: [''] } }), AS_WORKER],
  async (stage) => void (await stage.ask('PATCH {worker}', { ...AS_WORKER, json: { host_tags: stage.target.tag } })),
  [`GET {worker}?available_runners=0&${DISK}`, IDLE, AS_WORKER],
  ['GET {worker}?available_runners=1&disk_free=29', IDLE, AS_WORKER],
  async (stage) => {
    const { body } = await stage.ask(ANY_CHECK_IN, AS_WORKER);
    const { 'run-defs': texts, ...worker } = (JSON.parse(body) as { data: { worker: { 'run-defs': string[] } } }).data
      .worker;
    expect(worker).toMatchObject({ name: stage.worker });
    const rundefs = texts.map((text) => JSON.parse(text) as Record<string, unknown>);
    const [rundef] = rundefs;
    expect(rundefs).toHaveLength(1);
    expect(rundef).toMatchObject({ secrets: { word: 'sesame' }, run_url: stage.run });
    expect(rundef?.['env']).toMatchObject({ H_RUN: 'unit', H_RUN_URL: stage.run });
    expect(String(rundef?.['api_key'])).toMatch(/^\w{32}$/);
    stage.key = String(rundef?.['api_key']);
  },
  // Once only.
  [ANY_CHECK_IN, IDLE, AS_WORKER],
  ['GET {run}console.log', file(FIRST_LINE, 'RUNNING')],
  ['POST {run}', OK, { as: 'run' }],
];

const definition = (script: string, more: object = {}) => ({
  timeout: 5,
  scripts: { go: '#!/bin/sh\ntrue\n' },
  triggers: [{ name: 't', type: 'simple', runs: [{ name: 'r', container: 'c', 'host-tag': 'h', script }] }],
  ...more,
});

const DEFINITIONS: readonly Row[] = [
  ['POST /simulator-validate', OK, { json: definition('go') }],
  ['POST /simulator-validate', refused(400), { json: definition('none') }],
  ['POST /simulator-validate', refused(400), { json: definition('go', { timeout: 'x' }) }],
  ['POST /simulator-validate', refused(400), { json: { timeout: 5 } }],
  ['POST /simulator-validate', refused(400), { json: [1] }],
  ['POST /simulator-validate', refused(400), { json: {} }],
  ['POST /simulator-validate', spoken(415), { body: '{}' }],
  ['POST /simulator-validate', spoken(400), { headers: { 'content-type': 'application/json' }, body: '{x' }],
];

const withoutSlash = async (stage: Stage): Promise<void> => {
  const run = stage.run.slice(0, -1);
  await stage.play([
    [`GET ${run}`, elsewhere('<run>')],
    [`GET ${run}?version=v2`, elsewhere('<run>?version=v2')],
    [`POST ${run}`, elsewhere('<run>'), { body: 'x' }],
    [`GET ${run}/tests`, elsewhere('<run>tests/')],
    [`POST ${run}/tests/t`, elsewhere('<run>tests/t/'), { json: {} }],
    [`PUT ${run}/`, spoken(405)],
    [`PUT ${run}/create_signed`, spoken(405)],
    [`GET ${run}-not/`, refused(404)],
    [`GET ${run.replace(/builds\/\d+/, 'builds/999999')}/`, refused(404)],
    [`GET ${run.replace(/builds\/\d+/, 'builds/x')}/`, refused(404)],
  ]);
};

const PATHS: readonly Row[] = [
  (stage) => stage.queue(),
  withoutSlash,
  ['GET /nowhere', refused(404)],
  ['GET /nowhere/', refused(404)],
  ['GET /projects/nobody-of-this-name/builds/1/runs/unit/', refused(404)],
  ['GET /projects/x%2e%2e/y', refused(400)],
  ['GET {project}x', elsewhere('<server>/projects/<project>/x/')],
  ['GET {project}x/', refused(404)],
  ['POST {project}x/', spoken(405)],
  ['GET /workers/a/b/', refused(404)],
  ['GET /workers/a', elsewhere('<server>/workers/a/')],
];

export const WORKER_STORIES: readonly (readonly [string, readonly Row[]])[] = [
  ['a worker with a key', WITH_KEY],
  ['a worker with a JWT', WITH_JWT],
  ['events', EVENTS],
  ['an event after a check-in', EVENT_AFTER_CHECK_IN],
  ['a worker that wants work', WORK],
  ['definitions', DEFINITIONS],
  ['paths that are not there', PATHS],
];
