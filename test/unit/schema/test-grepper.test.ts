import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { PatternError, type TimeBounds } from '../../../src/python/index.js';
import { type FoundLine, TestGrepper, type TestGrepping } from '../../../src/schema/index.js';

const SUITE = '^== SUITE (?P<name>.*)$';
const RESULT = '(?P<name>\\S+): (?P<result>\\w+)';

/** What is read from a console, fed in one piece. */
async function read(grepping: TestGrepping, console: string | Uint8Array, bounds?: TimeBounds) {
  const grepper = new TestGrepper(grepping, undefined, bounds);
  await grepper.write(typeof console === 'string' ? Buffer.from(console) : console);
  return grepper.end();
}

const grep = async (grepping: TestGrepping, console: string | Uint8Array) => (await read(grepping, console)).tests;

/** `test status: name=status …` of each. */
const summary = async (grepping: TestGrepping, console: string | Uint8Array) =>
  (await grep(grepping, console)).map(
    ({ name, status, results }) => `${name} ${status}: ${results.map((one) => `${one.name}=${one.status}`).join(' ')}`,
  );

describe('tests and results', () => {
  it('a line of the test pattern opens a test, the results after it are its own', async () => {
    const text = '== SUITE one\na: PASSED\nb: SKIPPED\n== SUITE two\nc: FAILED\n';
    expect(await summary({ 'test-pattern': SUITE, 'result-pattern': RESULT }, text)).toEqual([
      'one PASSED: a=PASSED b=SKIPPED',
      'two FAILED: c=FAILED',
    ]);
  });

  it('a test has the pattern as its context, and `default` has none', async () => {
    const grepping = { 'test-pattern': SUITE, 'result-pattern': RESULT };
    expect((await grep(grepping, 'a: PASSED\n== SUITE x\n')).map(({ name, context }) => [name, context])).toEqual([
      ['default', null],
      ['x', SUITE],
    ]);
  });

  it('results before any test belong to `default`, which begins with the status of the first', async () => {
    const grepping = { 'test-pattern': SUITE, 'result-pattern': RESULT };
    expect(await summary(grepping, 'a: SKIPPED\nb: PASSED\n== SUITE x\nc: PASSED\n')).toEqual([
      'default SKIPPED: a=SKIPPED b=PASSED',
      'x PASSED: c=PASSED',
    ]);
  });

  it('a failure stays a failure, whatever follows', async () => {
    expect(await summary({ 'result-pattern': RESULT }, 'a: FAILED\nb: PASSED\n')).toEqual([
      'default FAILED: a=FAILED b=PASSED',
    ]);
  });

  it('one line may open a test and be its first result', async () => {
    const grepping = { 'test-pattern': '(?P<name>\\w+)', 'result-pattern': RESULT };
    expect(await summary(grepping, 'a: PASSED\n')).toEqual(['a PASSED: a=PASSED']);
  });

  it('a test without results is there, and two of one name are two', async () => {
    const grepping = { 'test-pattern': SUITE, 'result-pattern': RESULT };
    expect(await summary(grepping, '== SUITE x\n== SUITE x\na: PASSED\n')).toEqual([
      'x PASSED: ',
      'x PASSED: a=PASSED',
    ]);
  });

  it('without a test pattern, or with an empty one, all is `default`', async () => {
    for (const grepping of [{ 'result-pattern': RESULT }, { 'test-pattern': '', 'result-pattern': RESULT }]) {
      expect(await summary(grepping, '== SUITE x\na: PASSED\n')).toEqual(['default PASSED: a=PASSED']);
    }
  });

  it('a console without any has no tests', async () => {
    expect(await grep({ 'result-pattern': RESULT }, '')).toEqual([]);
    expect(await grep({ 'result-pattern': RESULT }, 'nothing here\n')).toEqual([]);
  });
});

describe('fixupdict', () => {
  const grepping = (fixupdict: Record<string, string>) => ({ 'result-pattern': RESULT, fixupdict });

  it('says what the text of a result means; what it does not name stays', async () => {
    const fixups = grepping({ ok: 'PASSED', broken: 'FAILED' });
    expect(await summary(fixups, 'a: ok\nb: broken\nc: SKIPPED\n')).toEqual([
      'default FAILED: a=PASSED b=FAILED c=SKIPPED',
    ]);
  });

  it('is asked once: what it answers is not looked up again', async () => {
    expect(await summary(grepping({ ok: 'PASSED', PASSED: 'FAILED' }), 'a: ok\n')).toEqual([
      'default PASSED: a=PASSED',
    ]);
  });

  it('has nothing that is not written there', async () => {
    expect(await summary(grepping({}), 'a: constructor\n')).toEqual(['default constructor: a=constructor']);
  });

  it('looks at cases and blanks', async () => {
    expect(await summary(grepping({ OK: 'PASSED' }), 'a: ok\n')).toEqual(['default ok: a=ok']);
  });
});

it('a status that the server does not know is kept as it is read', async () => {
  expect(await summary({ 'test-pattern': SUITE, 'result-pattern': RESULT }, '== SUITE x\na: fine\n')).toEqual([
    'x PASSED: a=fine',
  ]);
});

describe('lines', () => {
  it('keep their newline', async () => {
    expect((await grep({ 'result-pattern': '(?s)(?P<name>.)(?P<result>.*)' }, 'ab\nc'))[0]?.results).toMatchObject([
      { name: 'a', status: 'b\n' },
      { name: 'c', status: '' },
    ]);
  });

  it('end in \\n, \\r\\n or a lone \\r, and none of these is part of the next', async () => {
    const grepping = { 'result-pattern': '^(?P<name>\\w) (?P<result>\\w+)$' };
    expect(await summary(grepping, 'a PASSED\r\nb PASSED\rc PASSED\n\rd FAILED')).toEqual([
      'default FAILED: a=PASSED b=PASSED c=PASSED d=FAILED',
    ]);
  });

  it('do not end at what is a line end elsewhere', async () => {
    const grepping = { 'result-pattern': '(?P<name>.)(?P<result>.*)$' };
    expect((await grep(grepping, 'a\u2028\x0b\x0c\x85z\n'))[0]?.results).toMatchObject([
      { status: '\u2028\x0b\x0c\x85z' },
    ]);
  });

  it('are those of the tool too', async () => {
    const text = '== 2024-01-01 00:00:00 UTC: a: PASSED\n   2024-01-01 00:00:00 UTC: INFO  b: FAILED\n';
    expect(await summary({ 'result-pattern': '.*UTC: (?:INFO +)?(?P<name>\\w): (?P<result>\\w+)' }, text)).toEqual([
      'default FAILED: a=PASSED b=FAILED',
    ]);
  });

  it('are matched from their beginning', async () => {
    expect(await summary({ 'result-pattern': RESULT }, '  a: PASSED\nb: PASSED\n')).toEqual([
      'default PASSED: b=PASSED',
    ]);
  });

  it('are counted', async () => {
    const grepper = new TestGrepper({ 'result-pattern': RESULT });
    grepper.write(Buffer.from('1\r\n2\r3\n\n5'));
    await grepper.end();
    expect(grepper.lines).toBe(5);
  });

  it('beyond all measure are cut, and the next one is found', async () => {
    const long = 'x'.repeat(5_000_000);
    expect(await summary({ 'result-pattern': RESULT }, `${long}\na: PASSED\n`)).toEqual(['default PASSED: a=PASSED']);
  });

  it('of which not all was looked at are reported', async () => {
    const pieces = Array.from({ length: 50 }, () => Buffer.from('x'.repeat(100_000)));
    const grepper = new TestGrepper({ 'result-pattern': RESULT });
    for (const piece of [Buffer.from('first\n'), ...pieces, Buffer.from('\nlast')]) grepper.write(piece);
    expect((await grepper.end()).troubles).toEqual([
      { line: 2, message: expect.stringContaining('4194304 characters') },
    ]);
  });
});

describe('pieces', () => {
  const text = Buffer.from('== SUITE größe\r\na: PASSED\rb: FAILED\n😀: PASSED');
  const grepping = { 'test-pattern': SUITE, 'result-pattern': RESULT };

  it.each(Array.from({ length: text.length }, (_, at) => at))('cut at byte %i are the same console', async (at) => {
    const grepper = new TestGrepper(grepping);
    grepper.write(text.subarray(0, at));
    grepper.write(text.subarray(at));
    const { tests } = await grepper.end();
    expect(tests.map(({ name, results }) => [name, results.length])).toEqual([['größe', 3]]);
    expect(await summary(grepping, text)).toEqual(['größe FAILED: a=PASSED b=FAILED 😀=PASSED']);
  });

  it('that are no UTF-8 do not end the reading', async () => {
    const console = Buffer.concat([Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('a: PASSED\n')]);
    expect(await summary({ 'result-pattern': RESULT }, console)).toEqual(['default PASSED: a=PASSED']);
  });
});

it('each line that opened a test or added a result is reported when it is read', async () => {
  const found: FoundLine[] = [];
  const grepper = new TestGrepper({ 'test-pattern': SUITE, 'result-pattern': RESULT }, (line) => found.push(line));
  grepper.write(Buffer.from('noise\n== SUITE x\n\na: PASSED\n'));
  expect(found.map(({ line, text, result }) => [line, text, result?.name])).toEqual([
    [2, '== SUITE x', undefined],
    [4, 'a: PASSED', 'a'],
  ]);
  expect((await grepper.end()).tests).toEqual([found[0]?.test]);
});

describe('patterns that cannot be used are refused before anything is read', () => {
  it.each([
    ['one that Python refuses', '(?P<name>', 'Python refuses', true],
    ['one that names a character', '(?P<name>a)(?P<result>\\N{BULLET})', 'Write the character itself', false],
  ])('%s', (_, pattern, reason, isInvalid) => {
    expect(() => new TestGrepper({ 'result-pattern': pattern })).toThrow(PatternError);
    expect(() => new TestGrepper({ 'result-pattern': pattern })).toThrow(
      expect.objectContaining({ isInvalid, message: expect.stringContaining(reason) }),
    );
  });
});

describe('what the server fails at', () => {
  const troubles = async (grepping: TestGrepping, console: string | Uint8Array) =>
    (await read(grepping, console)).troubles.map(({ line, message }) => [line, message]);

  it.each([
    ['a status that it does not know', { 'result-pattern': RESULT }, 'x\na: ok\n', 2, 'no status "ok"'],
    ['a missing group `result`', { 'result-pattern': '(?P<name>a)' }, 'b\na\n', 2, 'no group (?P<result>…)'],
    ['a missing group `name`', { 'result-pattern': '(?P<result>a)' }, 'a\n', 1, 'no group (?P<name>…)'],
    [
      'a test pattern without `name`',
      { 'test-pattern': '(?P<title>a)', 'result-pattern': RESULT },
      'a\n',
      1,
      'the test-pattern',
    ],
    ['a group that took no part', { 'result-pattern': '(?P<name>\\w)(?P<result>!)?' }, 'a\n', 1, 'took no part'],
  ])('is reported with its line: %s', async (_, grepping: TestGrepping, console, line, message) => {
    expect(await troubles(grepping, console)).toEqual([[line, expect.stringContaining(message)]]);
  });

  it('is not reported where no line matches', async () => {
    expect(await troubles({ 'result-pattern': '(?P<name>a)' }, 'b\n')).toEqual([]);
  });

  it('includes bytes that are no UTF-8, and no character that is cut by a piece', async () => {
    const grepping = { 'result-pattern': RESULT };
    expect(await troubles(grepping, Buffer.from([0x61, 0xff, 0x0a]))).toEqual([
      [null, expect.stringContaining('UTF-8')],
    ]);
    expect(await troubles(grepping, Buffer.from([0x61, 0xc3]))).toEqual([[null, expect.stringContaining('UTF-8')]]);
    const grepper = new TestGrepper(grepping);
    for (const byte of Buffer.from('größe 日本 😀\n')) grepper.write(Uint8Array.of(byte));
    expect((await grepper.end()).troubles).toEqual([]);
  });
});

describe('patterns that only backtracking can evaluate', () => {
  it.each([
    ['look-ahead', '(?P<name>\\w+)(?=:): (?P<result>\\w+)'],
    ['look-behind', '(?P<name>\\w+):(?<=:) (?P<result>\\w+)'],
    ['a reference to a group', '(?P<name>(?P<q>[at])\\w*): (?P<result>PASSE(?P<d>D)|F(?P=q)ILED|.*)'],
    ['an atomic group', '(?P<name>(?>\\w+)): (?P<result>\\w+)'],
    ['a possessive repetition', '(?P<name>\\w++): (?P<result>\\w+)'],
    ['a condition', '(<)?(?P<name>\\w+)(?(1)>): (?P<result>\\w+)'],
    ['more repetitions than a linear engine counts', '(?P<name>\\w{1,2000}): (?P<result>\\w+)'],
  ])('are evaluated: %s', async (_, pattern) => {
    const found = await read({ 'result-pattern': pattern }, 'noise\nalpha: PASSED\ntau: FAILED\n');
    expect(found.troubles).toEqual([]);
    expect(found.tests[0]?.results.map(({ name, status }) => [name, status])).toEqual([
      ['alpha', 'PASSED'],
      ['tau', 'FAILED'],
    ]);
    expect(found.failed).toBe(true);
  });

  it('may stand beside one that needs none', async () => {
    const grepping = { 'test-pattern': SUITE, 'result-pattern': '(?P<name>\\w+)(?=:): (?P<result>\\w+)' };
    expect(await summary(grepping, '== SUITE one\na: PASSED\n')).toEqual(['one PASSED: a=PASSED']);
  });

  it('that take too long are not read as if nothing was there', async () => {
    const pattern = '(?P<name>(a+)+)(?!a)!(?P<result>x)';
    const console = `a: PASSED\n${'a'.repeat(40)}b!x\n`;
    const { troubles } = await read({ 'result-pattern': pattern }, console, { line: 50, all: 1000 });
    expect(troubles).toEqual([{ line: 2, message: expect.stringContaining('takes longer than 0.05 s') }]);
  });

  it('that need too much stack are not read as if nothing was there', async () => {
    const pattern = '(?P<name>(?:a|b)*)(?!a)!(?P<result>x)';
    const { troubles } = await read({ 'result-pattern': pattern }, `${'ab'.repeat(1_000_000)}c!x\n`);
    // It takes too much memory, or on a busy machine too much time before that.
    expect(troubles).toEqual([{ line: 1, message: expect.stringContaining('cannot be evaluated on this line') }]);
  });
});

it('a console with more results than can be kept is counted to its end', async () => {
  const { tests, more, failed } = await read(
    { 'result-pattern': RESULT },
    `${'a: PASSED\n'.repeat(100_010)}b: FAILED\n`,
  );
  expect([tests[0]?.results.length, more, failed, tests[0]?.status]).toEqual([99_999, 12, true, 'FAILED']);
});

it('results keep their names in memory, not the long lines that they stand in', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const found: FoundLine[] = [];
  const grepper = new TestGrepper({ 'result-pattern': RESULT }, (one) => found.push(one));
  const line = Buffer.from(`a-name-of-many-letters: PASSED ${'x'.repeat(1024 * 1024)}\n`);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 50; count++) await grepper.write(line);
  collect();
  expect((process.memoryUsage().heapUsed - before) / line.length).toBeLessThan(10);
  expect(found.map(({ text }) => text.length)).toEqual(Array(50).fill(1000));
  expect((await grepper.end()).tests[0]?.results).toHaveLength(50);
});
