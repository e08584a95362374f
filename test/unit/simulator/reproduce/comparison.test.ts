import { describe, expect, it } from 'vitest';
import type { Test } from '../../../../src/schema/index.js';
import {
  compareConsoles,
  differencesOf,
  judge,
  normaliseLine,
  pinImage,
  type RunResult,
  type ServerSide,
} from '../../../../src/simulator/index.js';

describe('a line of the console, normalised', () => {
  it.each([
    ['built at 2026-01-02T03:04:05.678Z', 'built at 2026-11-30T23:59:59Z'],
    ['Fri Nov 27 07:24:53 UTC 2026', 'Sat Nov 28 17:04:03 UTC 2026'],
    ['[03:04:05] start', '[23:14:55] start'],
    ['container 3f2a9c81d04b', 'container 77ac01b2e9f3'],
    ['at 0x7ffd3a10', 'at 0x55d00c2b'],
    ['id 9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', 'id 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed'],
    ['ok (1.23s)', 'ok (17s)'],
    ['real 0m1.234s', 'real 12m0.2s'],
    ['at 12.5 MB/s', 'at 800 kB/s'],
    ['in /tmp/tmp.Xa9/f.c:3', 'in /tmp/b.77/q:3'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['10%\r50%\rdone', 'done'],
    ['pid 123', 'pid 4567'],
    ['listening on port 31877', 'listening on port 40123'],
    ['http://127.0.0.1:41873/x', 'http://127.0.0.1:8080/x'],
    ['inet 172.17.0.2 ether 02:42:ac:11:00:02', 'inet 172.18.0.9 ether 02:42:ac:12:00:09'],
    ['stamp 1795864042123456789', 'stamp 1795864999123456789'],
    ['out in build/tmp.aX81kQ', 'out in build/tmp.9ZyxWv'],
    ['[ 12%] Building main.o', '[  9%] Building main.o'],
  ])('%j is %j', (a, b) => {
    expect(normaliseLine(a)).toBe(normaliseLine(b));
    expect(normaliseLine(a)).toBeDefined();
  });

  it.each([
    ['3 tests passed', '4 tests passed'],
    ['error: cafe', 'error: face'],
    ['version 1.2.3', 'version 1.2.4'],
    ['line 12', 'line 13'],
    ['-DSIZE=1024', '-DSIZE=2048'],
    ['coverage 71% is below 80%', 'coverage 92% is below 80%'],
    ['[ 12%] Building main.o', '[ 12%] Building other.o'],
    ['connect to 10.1.2.3:9000', 'connect to 10.1.2.4:9000'],
    ['exposes port 80', 'exposes port 443'],
  ])('%j is not %j', (a, b) => {
    expect(normaliseLine(a)).not.toBe(normaliseLine(b));
  });

  it('only shows how far something is: it is left out', () => {
    expect(normaliseLine('[=====>     ] 12/40')).toBeUndefined();
    expect(normaliseLine('Receiving objects:  45% (9/20)')).toBeUndefined();
    expect(normaliseLine('  45%')).toBeUndefined();
    expect(normaliseLine('sdk.tar  45%  12 MB  3.1MB/s')).toBeUndefined();
  });

  it('costs little however it was made to cost much', () => {
    const long = [
      '1% '.repeat(20_000),
      `${'\r'.repeat(60_000)}x`,
      '[==='.repeat(15_000),
      `\u001b${';#'.repeat(30_000)}`,
    ];
    for (let round = 0; round < 20; round++) expect(long.map((line) => normaliseLine(line))).not.toContain(undefined);
  });

  it('has names that only one side can have replaced', () => {
    expect(normaliseLine('on lab-7', new Map([['lab-7', '<worker>']]))).toBe('on <worker>');
  });
});

describe('two consoles', () => {
  const side = (...texts: string[]) => ({
    lines: (async function* () {
      for (const [index, text] of texts.entries()) yield [{ number: index + 10, text }];
    })(),
    names: new Map<string, string>(),
  });

  it('are the same, or part at the first line that is another', async () => {
    await expect(compareConsoles(side('a', '1 s', 'b'), side('a', '2 s', 'b'))).resolves.toEqual({ same: 3 });
    await expect(compareConsoles(side('a', '7%', 'b', 'x'), side('a', 'b', 'y'))).resolves.toEqual({
      same: 2,
      divergence: { server: { number: 13, text: 'x' }, local: { number: 12, text: 'y' } },
    });
    await expect(compareConsoles(side('a', 'b'), side('a'))).resolves.toEqual({
      same: 1,
      divergence: { server: { number: 11, text: 'b' } },
    });
  });

  it('may have a few lines in another order, as two streams are mixed', async () => {
    await expect(compareConsoles(side('out', 'err', 'x'), side('err', 'out', 'x'))).resolves.toEqual({ same: 3 });
    const workers = (...order: string[]) =>
      order.flatMap((one) => Array.from({ length: 60 }, (_, n) => `${one}: test ${n}`));
    await expect(compareConsoles(side(...workers('a', 'b', 'c')), side(...workers('c', 'a', 'b')))).resolves.toEqual({
      same: 180,
    });
    const many = Array.from({ length: 1000 }, (_, n) => `line ${n}`);
    const turned = await compareConsoles(side(...many), side(...many.toReversed()));
    expect(turned).toMatchObject({ divergence: { server: { text: 'line 0' }, local: { text: 'line 999' } } });
  });

  it('are read to their ends, wherever they part', async () => {
    const rest = Array.from({ length: 100 }, (_, n) => `more ${n}`);
    const [there, here] = [side('a', ...rest), side('a', ...rest.map((text) => `other ${text}`))];
    await expect(compareConsoles(there, here)).resolves.toMatchObject({
      same: 1,
      divergence: { server: { text: 'more 0' }, local: { text: 'other more 0' } },
    });
    for (const { lines } of [there, here]) {
      await expect(lines[Symbol.asyncIterator]().next()).resolves.toEqual({ done: true, value: undefined });
    }
  });
});

const test = (name: string, results: [string, string][]): Test => ({
  name,
  context: null,
  status: results.some(([, status]) => status === 'FAILED') ? 'FAILED' : 'PASSED',
  results: results.map(([result, status]) => ({ name: result, context: null, status, output: null })),
});

function server(parts: Partial<ServerSide> = {}): ServerSide {
  const image = { reference: 'x:1' };
  return {
    url: 'u',
    run: 'unit',
    status: 'FAILED',
    cause: 'script',
    image,
    tests: [],
    artifacts: [],
    console: 'c',
    ...parts,
  };
}

function local(parts: Partial<RunResult> = {}): RunResult {
  return {
    trigger: 'simple',
    run: 'unit',
    status: 'FAILED',
    cause: 'script',
    message: 'The script exited with status 1.',
    exitCode: 1,
    startedAt: '',
    durationMs: 1,
    phases: [],
    image: { reference: 'x:1' },
    tests: [],
    artifacts: [],
    workspace: '',
    console: '',
    fidelity: { exact: true, differences: [] },
    ...parts,
  };
}

const PASSED = (() => {
  const { cause: _, message: __, ...rest } = local({ status: 'PASSED', exitCode: 0 });
  return rest as RunResult;
})();

it('a server may send as many results of one name as it likes', () => {
  const results = Array.from({ length: 50_000 }, (): [string, string] => ['same', 'FAILED']);
  const differences = differencesOf(server({ tests: [test('t', [['same (2)', 'PASSED'], ...results])] }), local(), {
    same: 0,
  });
  expect(differences).toHaveLength(50_001);
  expect(differences.at(-1)?.message).toContain('Test t › same (50001): FAILED on the server');
});

describe('the verdict', () => {
  it.each<[string, ServerSide, RunResult[], string]>([
    ['the same failure', server(), [local()], 'reproduced'],
    ['the same failure, each time', server(), [local(), local()], 'reproduced'],
    ['it passes here', server(), [PASSED], 'not-reproduced'],
    ['now and then', server(), [local(), PASSED], 'flaky'],
    ['another failure each time', server({ exitCode: 2 }), [local()], 'not-reproduced'],
    ['another failure, and a pass', server({ exitCode: 2 }), [local(), PASSED], 'flaky'],
    ['a timeout there, a failure here', server({ cause: 'timeout' }), [local()], 'not-reproduced'],
    ['a reason that nobody knows', server({ cause: 'unknown' }), [local()], 'reproduced'],
    [
      'other tests failed',
      server({ cause: 'tests', tests: [test('t', [['a', 'FAILED']])] }),
      [local({ cause: 'tests', tests: [test('t', [['b', 'FAILED']])] })],
      'not-reproduced',
    ],
    [
      'the same tests failed',
      server({ cause: 'tests', tests: [test('t', [['a', 'FAILED']])] }),
      [
        local({
          cause: 'tests',
          tests: [
            test('t', [
              ['a', 'FAILED'],
              ['b', 'PASSED'],
            ]),
          ],
        }),
      ],
      'reproduced',
    ],
    ['it passed, and does here', server({ status: 'PASSED' }), [PASSED], 'reproduced'],
    ['it passed, and fails here', server({ status: 'PASSED' }), [local()], 'not-reproduced'],
    ['no engine here', server(), [local({ cause: 'setup', environment: 'registry' })], 'inconclusive'],
    ['it cannot be set up here', server(), [local({ cause: 'setup' })], 'inconclusive'],
    ['it could not be set up there either', server({ cause: 'setup' }), [local({ cause: 'setup' })], 'reproduced'],
    [
      'its image could be had there, and cannot here',
      server({ cause: 'setup', setup: 'prepare' }),
      [local({ cause: 'setup', phases: [{ name: 'pull', durationMs: 1 }] })],
      'inconclusive',
    ],
    [
      'its image could not be had there, and can here',
      server({ cause: 'setup', setup: 'pull' }),
      [
        local({
          cause: 'setup',
          phases: [
            { name: 'pull', durationMs: 1 },
            { name: 'prepare', durationMs: 1 },
          ],
        }),
      ],
      'not-reproduced',
    ],
    [
      'its container could be started nowhere',
      server({ cause: 'setup', setup: 'start' }),
      [
        local({
          cause: 'setup',
          phases: [
            { name: 'prepare', durationMs: 1 },
            { name: 'script', durationMs: 1 },
          ],
        }),
      ],
      'reproduced',
    ],
    ['no worker ever had it', server({ cause: 'not-started', console: null }), [], 'inconclusive'],
    ['its worker was lost', server({ cause: 'lost' }), [local()], 'inconclusive'],
    ['it goes on', server({ status: 'RUNNING' }), [], 'inconclusive'],
  ])('%s', (_, there, here, verdict) => {
    const judgement = judge(there, here);
    expect(judgement.verdict).toBe(verdict);
    expect(judgement.reason).toMatch(/\.$/);
    if (verdict === 'inconclusive') expect(judgement.next).not.toEqual([]);
  });

  it('names the tests that fail, and what could not be set up', () => {
    const tests = [
      test('t', [
        ['a', 'FAILED'],
        ['b', 'FAILED'],
        ['c', 'PASSED'],
        ['d', 'FAILED'],
        ['e', 'FAILED'],
      ]),
    ];
    expect(judge(server({ cause: 'tests', tests }), [local({ cause: 'tests', tests })]).reason).toBe(
      'It fails here as it failed on the server: the same tests fail: t › a, t › b, t › d, and 1 more.',
    );
    const unable = judge(server({ cause: 'setup', setup: 'pull' }), [local({ cause: 'setup', message: 'No x:1.' })]);
    expect(unable.reason).toBe('It fails here as it failed on the server: its image cannot be pulled (No x:1).');
    expect(unable.next).toEqual([expect.stringContaining('the script was not even started')]);
  });

  it('says why the worker could not set up what can be set up here', () => {
    const there = server({ cause: 'setup', setup: 'prepare', message: 'Host does not have shared volume v.' });
    expect(judge(there, [PASSED]).reason).toBe(
      'It failed on the server (Host does not have shared volume v), and passes here.',
    );
  });

  it('says what may be why, and what to try', () => {
    const differences = [{ kind: 'secret-placeholder' as const, message: 'The secret x has no real value.' }];
    const { next } = judge(server(), [{ ...PASSED, fidelity: { exact: false, differences } }]);
    expect(next.join(' ')).toContain('The secret x has no real value.');
    expect(next.at(-1)).toEqual(['reproduce', '--repeat', '5']);
  });
});

describe('the differences', () => {
  it('of the outputs cannot be told when the server has no console any more', () => {
    const [told] = differencesOf(server({ console: null }), local(), { same: 0 });
    expect(told).toMatchObject({ kind: 'console', message: expect.stringContaining('no console') });
  });

  it('name tests and artifacts that only one side has; hung-*.txt is one name', () => {
    const there = server({
      tests: [
        test('t', [
          ['a', 'PASSED'],
          ['b', 'PASSED'],
        ]),
      ],
      artifacts: [{ path: 'log.txt' }, { path: 'hung-1700000000.5.txt' }],
    });
    const here = local({
      tests: [test('t', [['a', 'FAILED']])],
      artifacts: [{ path: 'hung-1800000000.txt', sizeBytes: 1 }],
    });
    expect(differencesOf(there, here, { same: 3 })).toMatchObject([
      { kind: 'test', server: 'PASSED', local: 'FAILED' },
      { kind: 'test', server: 'PASSED', local: null },
      { kind: 'artifact', server: 'log.txt', local: null },
    ]);
  });
});

describe('the image to pin', () => {
  const digest = `sha256:${'0a'.repeat(32)}`;
  it.each([
    ['alpine:3.20', `alpine@${digest}`],
    ['alpine', `alpine@${digest}`],
    ['host:5000/a/b:c', `host:5000/a/b@${digest}`],
    ['host:5000/a/b', `host:5000/a/b@${digest}`],
  ])('%s', (reference, pinned) => {
    expect(pinImage(reference, digest)).toEqual({ reference, pinned });
  });

  it('is none where the rundef has a digest, or the console has none', () => {
    expect(pinImage(`alpine@${digest}`, digest)).toBeUndefined();
    expect(pinImage('alpine:3', undefined)).toBeUndefined();
  });
});
