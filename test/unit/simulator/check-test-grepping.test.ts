import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Test } from '../../../src/schema/index.js';
import { checkTestGrepping, type GreppingRequest, greppingOf } from '../../../src/simulator/index.js';
import { renderFoundTests, styleFor } from '../../../src/terminal/index.js';
import { fakeServer, sendJson } from '../server/fake-server.js';

const grepping = {
  'test-pattern': 'suite: (?P<name>\\w+)',
  'result-pattern': ' *(?P<result>ok|bad|odd) (?P<name>\\w+)',
  fixupdict: { ok: 'PASSED', bad: 'FAILED' },
};
const CONSOLE = 'ok early\nsuite: boot\n  ok loader\r\nnoise\n  bad sum\n';

const check = (text: string | Buffer, recorded?: Test[]) =>
  checkTestGrepping({ run: 'ci/unit', console: 'console.log' }, grepping, Readable.from([Buffer.from(text)]), recorded);

const result = (name: string, status: string) => ({ name, status, context: null, output: null });
const recordedTests: Test[] = [
  { name: 'default', context: null, status: 'PASSED', results: [result('early', 'PASSED')] },
  {
    name: 'boot',
    context: grepping['test-pattern'],
    status: 'FAILED',
    results: [result('loader', 'PASSED'), result('sum', 'FAILED')],
  },
];

describe('what a server would read', () => {
  it('is shown with the line that made it', async () => {
    const { tests, status, lines } = await check(CONSOLE);
    expect({ status, lines }).toEqual({ status: 'FAILED', lines: 5 });
    expect(tests.map(({ name, status: of, line, text }) => [name, of, line, text])).toEqual([
      ['default', 'PASSED', null, null],
      ['boot', 'FAILED', 2, 'suite: boot'],
    ]);
    expect(tests[1]?.results).toEqual([
      { ...result('loader', 'PASSED'), line: 3, text: '  ok loader' },
      { ...result('sum', 'FAILED'), line: 5, text: '  bad sum' },
    ]);
  });

  it('is told to a person without what a terminal would act on', async () => {
    const text = renderFoundTests(
      await check('suite: boot\u001b]0;x\u0007\nok one\n'),
      await styleFor(new Readable() as never),
    );
    expect(text).toBe(
      [
        'PASSED   boot  1: suite: boot',
        '  PASSED   one  2: ok one',
        '',
        '1 test with 1 result in the 2 lines of console.log: the server would not fail the run for them.',
        '',
      ].join('\n'),
    );
  });

  it('may be what the server cannot take', async () => {
    const { troubles } = await check(Buffer.concat([Buffer.from('odd one\n'), Buffer.from([0xff, 0x0a])]));
    expect(troubles).toEqual([
      { line: 1, message: expect.stringContaining('the server knows no status "odd" and cannot end the run') },
      { line: null, message: expect.stringContaining('bytes that are not UTF-8') },
    ]);
  });
});

describe('against what the server recorded', () => {
  it('agrees, whatever the run sent besides', async () => {
    const junit = { name: 'unit', context: 'junit.xml skipped=0', status: 'FAILED', results: [] };
    expect((await check(CONSOLE, [...recordedTests, junit])).server).toMatchObject({ agrees: true, differences: [] });
  });

  it('differs by test and by result', async () => {
    const [first, second] = recordedTests as [Test, Test];
    const other = [
      { ...second, status: 'PASSED', results: [result('loader', 'FAILED')] },
      { ...second, name: 'radio' },
    ];
    expect((await check(CONSOLE, other)).server?.differences).toEqual([
      { test: 'default', here: 'PASSED', server: null },
      { test: 'boot', here: 'FAILED', server: 'PASSED' },
      { test: 'boot', result: 'loader', here: 'PASSED', server: 'FAILED' },
      { test: 'boot', result: 'sum', here: 'FAILED', server: null },
      { test: 'radio', here: null, server: 'FAILED' },
    ]);
    const renamed = [first, { ...second, results: [result('x', 'PASSED'), result('sum', 'FAILED')] }];
    expect((await check(CONSOLE, renamed)).server?.differences).toEqual([
      { test: 'boot', result: 'loader', here: 'PASSED', server: null },
      { test: 'boot', result: 'x', here: null, server: 'PASSED' },
    ]);
  });

  it('of several tests of one name compares the results of the first, which are all that is shown', async () => {
    const twice = CONSOLE + CONSOLE.slice(9);
    const second = { ...(recordedTests[1] as Test), results: [] };
    expect((await check(twice, [...recordedTests, second])).server?.agrees).toBe(true);
  });
});

describe('where patterns and console come from', () => {
  const RUN = '/projects/acme/blinky/builds/7/runs/unit/';
  const rundef = {
    project: 'acme/blinky',
    timeout: 5,
    trigger_type: 'simple',
    container: 'alpine',
    script: 'true',
    'test-grepping': grepping,
  };
  const request = (run: string, log?: string): GreppingRequest => ({
    run,
    log,
    loadDefinition: () => Promise.reject(new Error('not asked for')),
    access: { env: { XDG_CONFIG_HOME: '/nonexistent' } },
    stdin: Readable.from([Buffer.from(CONSOLE)]),
  });

  async function server(status: string) {
    return fakeServer(({ url }, response) => {
      const [path = ''] = url.split('?');
      if (path === `${RUN}.rundef.json`) return sendJson(response, rundef);
      if (path === RUN) return sendJson(response, { status: 'success', data: { run: { name: 'unit', status } } });
      if (path === `${RUN}console.log`) {
        response.writeHead(200, { 'x-run-status': status });
        return void response.end(CONSOLE);
      }
      const test = recordedTests.find(({ name }) => path === `${RUN}tests/${name}/`);
      sendJson(response, { status: 'success', data: test ? { test } : { tests: recordedTests } });
    });
  }

  it('a run on a server, its console and its tests', async () => {
    const { url } = await server('FAILED');
    expect(await greppingOf(request(url + RUN))).toMatchObject({
      run: url + RUN,
      console: `${url}${RUN}console.log`,
      status: 'FAILED',
      server: { agrees: true },
    });
  });

  it('a run that goes on has no tests yet', async () => {
    const { url } = await server('RUNNING');
    expect(await greppingOf(request(url + RUN))).not.toHaveProperty('server');
  });

  it('a rundef file, and the standard input, a file, or the console of a server', async () => {
    const { url } = await server('FAILED');
    const folder = mkdtempSync(join(tmpdir(), 'jobserv-grepping-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'rundef.json');
    const log = join(folder, 'log');
    writeFileSync(file, JSON.stringify(rundef));
    writeFileSync(log, 'ok one\n');
    const consoles = [undefined, '-', log, `${url}${RUN}console.log`];
    const checks = await Promise.all(consoles.map((from) => greppingOf(request(file, from))));
    expect(checks.map(({ lines, console }) => [lines, console])).toEqual([
      [5, '<stdin>'],
      [5, '<stdin>'],
      [1, log],
      [5, `${url}${RUN}console.log`],
    ]);
  });

  it('nothing to read, or to read it with, is told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jobserv-grepping-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'rundef.json');
    writeFileSync(file, JSON.stringify({ ...rundef, 'test-grepping': null }));
    await expect(greppingOf(request(file))).rejects.toThrow('has no test-grepping');
    writeFileSync(file, JSON.stringify({ ...rundef, 'test-grepping': { 'result-pattern': '(' } }));
    await expect(greppingOf(request(file))).rejects.toThrow(`The test-grepping of ${file} cannot be evaluated`);
    writeFileSync(file, JSON.stringify(rundef));
    await expect(greppingOf(request(file, join(folder, 'none')))).rejects.toThrow('cannot be read');
    const terminal = Object.assign(Readable.from([]), { isTTY: true });
    await expect(greppingOf({ ...request(file), stdin: terminal })).rejects.toThrow('Which console?');
  });
});
