/** Signed uploads, and the artifacts that come of them. */
import { expect } from 'vitest';
import { AS_RUN, OK, post } from './runs.js';
import { file, good, type Row, refusedData, type Stage, spoken, unforeseen } from './story.js';

const type = (value: string) => ({ headers: { 'content-type': value } });
const signed = (name: string, kind: string) => ({
  url: `<server>/local-storage/<signature>/<project>/builds/<number>/runs/unit/${name}`,
  'content-type': kind,
});

const UPLOADS: readonly Row[] = [
  (stage) => stage.start(),
  [
    'POST {run}create_signed',
    good({
      urls: {
        'a.txt': signed('a.txt', 'text/plain'),
        'sub/b.bin': signed('sub/b.bin', 'application/octet-stream'),
        'c.log': signed('c.log', 'text/plain'),
        'd.tar.gz': signed('d.tar.gz', 'application/x-tar'),
        'e.html': signed('e.html', 'text/html'),
        noext: signed('noext', ''),
      },
    }),
    { ...AS_RUN, json: ['a.txt', 'sub/b.bin', 'c.log', 'd.tar.gz', 'e.html', 'noext'] },
  ],
  ['POST {run}create_signed', good({ urls: {} }), { ...AS_RUN, json: [] }],
  ['POST {run}create_signed', spoken(415), { ...AS_RUN, body: '[]' }],
  ['POST {run}create_signed', spoken(400), { ...AS_RUN, ...type('application/json'), body: '{' }],
  ['POST {run}create_signed', unforeseen, { ...AS_RUN, headers: { 'x-url-expiration': '60' }, json: ['a'] }],
  ['GET {run}create_signed', refusedData(404)],
  async (stage) => {
    const names = Array.from({ length: 120 }, (_, index) => `many/${index}.txt`);
    const wanted = [...names, 'a.txt', 'sub/b.bin', 'e.html', 'noext'];
    const { body } = await stage.ask('POST {run}create_signed', { ...AS_RUN, json: wanted });
    stage.signed = (JSON.parse(body) as { data: { urls: Stage['signed'] } }).data.urls;
  },
  ['PUT {signed:many/119.txt}', { ...spoken(200), body: 'ok' }, { ...type('text/plain'), body: 'x' }],
  ['PUT {signed:a.txt}', spoken(401), { body: 'no type' }],
  ['PUT {signed:a.txt}', spoken(401), { ...type('text/html'), body: 'wrong type' }],
  ['PUT {signed:a.txt}', { ...spoken(200), body: 'ok' }, { ...type('text/plain'), body: 'first' }],
  ['PUT {signed:a.txt}', { ...spoken(200), body: 'ok' }, { ...type('text/plain'), body: 'again' }],
  ['PUT {signed:noext}', spoken(401), { body: 'the empty type is a type' }],
  ['PUT {signed:noext}', { ...spoken(200), body: 'ok' }, { ...type(''), body: 'x' }],
  ['PUT {signed:e.html}', { ...spoken(200), body: 'ok' }, { ...type('text/html'), body: '<p>' }],
  ['GET {signed:a.txt}', spoken(405)],
  ['GET {run}a.txt', refusedData(404)],
  ['POST {run}', OK, post('', 'PASSED')],
  ['PUT {signed:sub/b.bin}', { ...spoken(200), body: 'ok' }, { ...type('application/octet-stream'), body: 'late' }],
  ['GET {run}a.txt', file('again', 'PASSED')],
  ['GET {run}sub/b.bin', file('late', 'PASSED', 'application/octet-stream')],
  ['GET {run}e.html', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' }],
  ['GET {run}noext', unforeseen],
  async (stage) => {
    const { body } = await stage.ask('GET {run}?version=v2');
    const { artifacts } = (JSON.parse(body) as { data: { run: { artifacts: { url: string; size_bytes: number }[] } } })
      .data.run;
    const sizes = Object.fromEntries(artifacts.map(({ url, size_bytes }) => [url.replace(stage.run, ''), size_bytes]));
    const log = `# Run sent to worker: ${stage.worker}\n`.length;
    expect.soft(sizes).toEqual({
      'a.txt': 5,
      'sub/b.bin': 4,
      'e.html': 3,
      noext: 1,
      'many/119.txt': 1,
      'console.log': log,
    });
  },
];

export const UPLOAD_STORIES: readonly (readonly [string, readonly Row[]])[] = [['signed uploads', UPLOADS]];
