import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkTestGrepping, type GreppingRequest, greppingOf } from '../../../src/simulator/index.js';
import { renderFoundTests, styleFor } from '../../../src/terminal/index.js';
import { fakeServer, sendJson } from '../server/fake-server.js';

const grepping = {
  'test-pattern': 'suite: (?P<name>\\w+)',
  'result-pattern': ' *(?P<result>ok|bad|odd) (?P<name>\\w+)',
  fixupdict: { ok: 'PASSED', bad: 'FAILED' },
};
const CONSOLE = 'ok early\nsuite: boot\n  ok loader\r\nnoise\n  bad sum\n';

const check = (text: string | Buffer) =>
  checkTestGrepping({ run: 'ci/unit', console: 'console.log' }, grepping, Readable.from([Buffer.from(text)]));

const result = (name: string, status: string) => ({ name, status, context: null, output: null });

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

  async function server() {
    return fakeServer(({ url }, response) => {
      if (url === `${RUN}.rundef.json`) return sendJson(response, rundef);
      response.writeHead(200, { 'x-run-status': 'FAILED' });
      response.end(CONSOLE);
    });
  }

  it('a run on a server, and its console', async () => {
    const { url } = await server();
    expect(await greppingOf(request(url + RUN))).toMatchObject({
      run: url + RUN,
      console: `${url}${RUN}console.log`,
      status: 'FAILED',
      lines: 5,
    });
  });

  it('a rundef file, and the standard input, a file, or the console of a server', async () => {
    const { url } = await server();
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
