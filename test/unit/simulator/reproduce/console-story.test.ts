import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { executeRun, LIMITS, RunFailure } from '../../../../src/executor/index.js';
import { bytesOf, noFacts, scriptLines } from '../../../../src/simulator/index.js';
import {
  type FakeWorldOptions,
  fakeWorld,
  never,
  rundef,
  scratchFolder,
  untilKilled,
} from '../../../support/fake-ports.js';

async function* chunks(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

it('an interruption ends the reading of a console that has millions of lines', async () => {
  const path = join(await scratchFolder(), 'console.log');
  const chunk = 64 * 1024;
  writeFileSync(path, `${at('Running script inside container')}${'\n'.repeat(20 * chunk)}`);
  const interruption = new AbortController();
  const reason = new RunFailure('interrupted', 'The user interrupted it.');
  let lines = 0;
  const reading = async () => {
    for await (const piece of scriptLines(bytesOf(path, interruption.signal), noFacts())) {
      if (lines === 0) interruption.abort(reason);
      lines += piece.length;
    }
  };
  await expect(reading()).rejects.toBe(reason);
  expect(lines).toBeLessThanOrEqual(chunk);
});

it('reads a console of millions of lines a piece at a time, and says how far it is', async () => {
  const path = join(await scratchFolder(), 'console.log');
  const size = 1024 * 1024;
  writeFileSync(path, '\n'.repeat(size));
  const read: (number | undefined)[] = [];
  let [lines, pieces] = [0, 0];
  const console = bytesOf(path, new AbortController().signal, (bytes) => read.push(bytes));
  const begun = Buffer.from(at('Running script inside container'));
  async function* whole() {
    yield begun;
    yield* console;
  }
  for await (const piece of scriptLines(whole(), noFacts())) {
    lines += piece.length;
    pieces++;
  }
  expect(lines).toBe(size);
  expect(pieces).toBeLessThan(100);
  expect(read.at(-1)).toBeUndefined();
  expect(read.at(-2)).toBe(size);
});

async function read(text: string) {
  const facts = noFacts();
  const lines: string[] = [];
  for await (const piece of scriptLines(chunks(text), facts)) {
    for (const { number, text: line } of piece) lines.push(`${number} ${line}`);
  }
  return { lines, facts };
}

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const at = (text: string) => `== 2026-04-05 06:07:08.123456: ${text}\n`;
const detail = (text: string) => `   2026-04-05 06:07:08.123456: INFO  ${text}\n`;

/** The form of the reference worker's consoles: its headings, and what stands between them. */
const BEFORE = `# Run sent to worker: lab-1
${at('Steps to recreate inside simulator')}
    sh ./simulate.sh
${at('Pulling container: registry.example.org/sdk:12')}12: Pulling from sdk
Digest: ${DIGEST}
Status: Image is up to date
${at('Preparing bind mounts')}${detail('Creating secret: token')}${at('Setting up container environment')}${detail('Container environment variables:')}  A=x
${at('Running script inside container')}${detail('Overriding container user to be: 1000')}`;
const AFTER = `${at('Finding artifacts to upload')}Uploading 1 items 20 bytes\n`;

describe("a console of the reference's worker", () => {
  it('of a script that passed: its lines alone, and the digest of its image', async () => {
    const { lines, facts } = await read(`${BEFORE}one\n\ntwo\nScript completed\n${AFTER}${at('Run passed')}`);
    expect(lines.map((line) => line.replace(/^\d+ /, ''))).toEqual(['one', '', 'two']);
    expect(facts).toMatchObject({ digest: DIGEST, started: true, passed: true });
    expect(facts.cause).toBeUndefined();
  });

  it('of a script that failed, and did not end its last line', async () => {
    const { lines, facts } = await read(`${BEFORE}oneScript completed with error(s)\n${AFTER}`);
    expect(lines.filter((line) => !/^\d+ =+$/.test(line))).toEqual(['16 one']);
    expect(facts).toMatchObject({ started: true, passed: false });
  });

  it.each([
    [
      'a timeout',
      `${BEFORE}one\n   2026-04-05 06:07:08.123456: ERROR Run has timed out, killing\n3f2a-container\n${at('Run timed out')}`,
      'timeout',
    ],
    [
      'a timeout in the middle of a line',
      `${BEFORE}one   2026-04-05 06:07:08.123456: ERROR Run has timed out, killing\n3f2a\n${at('Run timed out')}`,
      'timeout',
    ],
    ['a cancel in the middle of a line', `${BEFORE}one${at('Run cancelled from server')}`, 'cancelled'],
    ['a cancel', `${BEFORE}one\n${at('Run cancelled from server')}`, 'cancelled'],
    [
      'a stuck run',
      `${BEFORE}one\n${'='.repeat(72)}\n2026-04-05 06:07:08.123456 ERROR: Run appears to be stuck after 12:00\n`,
      'lost',
    ],
    ['an upload', `${BEFORE}one\nScript completed\n${AFTER}Unable to upload a.txt: HTTP_500\n`, 'artifacts'],
  ])('of %s', async (_, text, cause) => {
    const { lines, facts } = await read(text);
    expect(facts.cause).toBe(cause);
    expect(lines.filter((line) => !/^\d+ =+$/.test(line))).toEqual(['16 one']);
  });

  it('of an image that could not be pulled: nothing was started, and the reason is told', async () => {
    const { lines, facts } = await read(
      `${at('Pulling container: x')}no such image\n${at('Failed to pull container: x')}`,
    );
    expect(lines).toEqual([]);
    expect(facts).toEqual({
      begins: 1,
      taken: true,
      started: false,
      setup: 'pull',
      message: 'Failed to pull container: x',
    });
  });
});

describe("a console of the reference's worker whose container did not start", () => {
  const docker = (words: string) =>
    `${BEFORE}docker: ${words}.\n\nRun 'docker run --help' for more information\nScript completed with error(s)\n${AFTER}`;

  it.each([
    ['Error response from daemon: Duplicate mount point: /secrets', 'start', 'Duplicate mount point: /secrets'],
    ["invalid env file (/w/docker-env): variable 'A B' contains whitespaces", 'prepare', 'invalid env file'],
  ])('%s', async (words, setup, message) => {
    const { lines, facts } = await read(docker(words));
    expect(lines).toEqual([]);
    expect(facts).toMatchObject({ started: false, cause: 'setup', setup, message: expect.stringContaining(message) });
  });

  it('because of its script: that is the end of the script, with the status that docker gives', async () => {
    const words = 'unable to start container process: exec: "/script-repo/do": permission denied: unknown';
    const { lines, facts } = await read(docker(`Error response from daemon: OCI runtime create failed: ${words}`));
    expect(lines).toEqual([]);
    expect(facts).toMatchObject({ started: true, passed: false, exitCode: 126 });
    expect(facts.cause).toBeUndefined();
  });

  it('is not one whose script went on after such words of its own', async () => {
    const own = 'docker: Error response from daemon: no such image';
    const { lines, facts } = await read(`${BEFORE}${own}\nmore\nScript completed with error(s)\n${AFTER}`);
    expect(lines.map((line) => line.replace(/^\d+ /, ''))).toContain('more');
    expect(facts).toMatchObject({ started: true, passed: false });
    expect(facts.cause).toBeUndefined();
  });
});

describe('a console', () => {
  it('of a run that went to a second worker: the first one does not count', async () => {
    const again = `${BEFORE}second\nScript completed\n${AFTER}`.replace('lab-1', 'lab-2');
    const first = `${BEFORE}first\n`;
    const begins = first.split('\n').length;
    const { facts } = await read(first + again);
    expect(facts).toMatchObject({ begins, started: true, passed: true });
    const lines: string[] = [];
    for await (const piece of scriptLines(chunks(first + again), noFacts(), facts.begins)) {
      lines.push(...piece.map(({ text }) => text));
    }
    expect(lines).toEqual(['second']);
  });

  it('of a run that no worker took has the words of the server', async () => {
    const { facts } = await read('Run requested a host-tag that is not configured for this project: x');
    expect(facts).toEqual({
      begins: 1,
      taken: false,
      started: false,
      message: 'Run requested a host-tag that is not configured for this project: x',
    });
  });

  it('of a worker that stumbled has the last words of its error', async () => {
    const trace =
      ' | Traceback (most recent call last):\n |   File "w.py", line 1\n | ValueError: Host lacks a volume\n';
    const { facts } = await read(`# Run sent to worker: lab-1\n${at(`Unexpected runner error:\n${trace}`)}`);
    expect(facts).toMatchObject({ started: false, message: 'Host lacks a volume' });
  });

  it("of a script that writes a worker's lines itself ends where the worker's own line says so", async () => {
    const nested = `${at('Running the script in its container')}in\n${at('The run has FAILED (timeout): It took long.')}`;
    const { facts } = await read(`${BEFORE}out\n${nested}rest\nScript completed with error(s)\n${AFTER}`);
    expect(facts).toMatchObject({ started: true, passed: false });
    expect(facts.cause).toBeUndefined();
    const cut = await read(`${BEFORE}out\n${at('a heading of its own')}cutScript completed\n${AFTER}`);
    expect(cut.facts).toMatchObject({ started: true, passed: true });
    expect(cut.facts.message).toBeUndefined();
  });
});

describe('a console of ours', () => {
  const QUICK = { ...LIMITS, pullWaits: [] };
  /** For a script that only the clock ends. */
  const SHORT = { ...QUICK, minute: 20, drain: 100 };
  const says: FakeWorldOptions['script'] = async ({ print }) => {
    await print('one\n   indented\ntwo');
    return 3;
  };

  it.each<[string, FakeWorldOptions, object]>([
    ['a script that failed', { script: says }, { cause: 'script', exitCode: 3, passed: false, started: true }],
    ['a script that passed', {}, { started: true, passed: true }],
    ['a timeout', { script: untilKilled }, { cause: 'timeout', passed: false, started: true }],
    [
      'an image that is not there',
      { pulls: [new RunFailure('setup', 'not there')] },
      { cause: 'setup', started: false, message: 'not there' },
    ],
    [
      'an upload that could not be done',
      { store: () => Promise.reject(new RunFailure('artifacts', 'no')) },
      { cause: 'artifacts' },
    ],
  ])('of %s says so, in the form that is read here', async (_, options, expected) => {
    const { ports, workspace } = await fakeWorld(options);
    const limits = options.script === untilKilled ? SHORT : QUICK;
    const outcome = await executeRun(rundef(), workspace, ports, never, limits);
    const { facts } = await read(ports.console());
    expect(facts).toMatchObject(expected);
    if (outcome.status === 'FAILED') expect(facts.cause).toBe(outcome.cause);
  });

  it("has the script's own lines, and no other", async () => {
    const { ports, workspace } = await fakeWorld({ script: says });
    await executeRun(rundef(), workspace, ports, never, QUICK);
    const { lines } = await read(ports.console());
    expect(lines.map((line) => line.replace(/^\d+ /, ''))).toEqual(['one', '   indented', 'two']);
  });

  it('may have a line of any length', async () => {
    const { lines } = await read(`${at('Running the script in its container')}${'x'.repeat(300_000)}\nend\n`);
    expect(lines.map((line) => line.length)).toEqual([64 * 1024 + 2, 5]);
  });
});
