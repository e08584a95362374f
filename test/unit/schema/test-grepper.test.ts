import { describe, expect, it } from 'vitest';
import { PatternError } from '../../../src/python/regex/python-regex.js';
import type { TestGrepping } from '../../../src/schema/model.js';
import { type FoundLine, TestGrepper } from '../../../src/schema/test-grepper.js';

const SUITE = '^== SUITE (?P<name>.*)$';
const RESULT = '(?P<name>\\S+): (?P<result>\\w+)';

/** The tests in a console, fed in one piece. */
function grep(grepping: TestGrepping, console: string | Uint8Array) {
  const grepper = new TestGrepper(grepping);
  grepper.write(typeof console === 'string' ? Buffer.from(console) : console);
  return grepper.end();
}

/** `test status: name=status …` of each. */
const summary = (grepping: TestGrepping, console: string | Uint8Array) =>
  grep(grepping, console).map(
    ({ name, status, results }) => `${name} ${status}: ${results.map((one) => `${one.name}=${one.status}`).join(' ')}`,
  );

describe('tests and results', () => {
  it('a line of the test pattern opens a test, the results after it are its own', () => {
    const text = '== SUITE one\na: PASSED\nb: SKIPPED\n== SUITE two\nc: FAILED\n';
    expect(summary({ 'test-pattern': SUITE, 'result-pattern': RESULT }, text)).toEqual([
      'one PASSED: a=PASSED b=SKIPPED',
      'two FAILED: c=FAILED',
    ]);
  });

  it('a test has the pattern as its context, and `default` has none', () => {
    const grepping = { 'test-pattern': SUITE, 'result-pattern': RESULT };
    expect(grep(grepping, 'a: PASSED\n== SUITE x\n').map(({ name, context }) => [name, context])).toEqual([
      ['default', null],
      ['x', SUITE],
    ]);
  });

  it('results before any test belong to `default`, which begins with the status of the first', () => {
    const grepping = { 'test-pattern': SUITE, 'result-pattern': RESULT };
    expect(summary(grepping, 'a: SKIPPED\nb: PASSED\n== SUITE x\nc: PASSED\n')).toEqual([
      'default SKIPPED: a=SKIPPED b=PASSED',
      'x PASSED: c=PASSED',
    ]);
  });

  it('a failure stays a failure, whatever follows', () => {
    expect(summary({ 'result-pattern': RESULT }, 'a: FAILED\nb: PASSED\n')).toEqual([
      'default FAILED: a=FAILED b=PASSED',
    ]);
  });

  it('one line may open a test and be its first result', () => {
    const grepping = { 'test-pattern': '(?P<name>\\w+)', 'result-pattern': RESULT };
    expect(summary(grepping, 'a: PASSED\n')).toEqual(['a PASSED: a=PASSED']);
  });

  it('a test without results is there, and two of one name are two', () => {
    const grepping = { 'test-pattern': SUITE, 'result-pattern': RESULT };
    expect(summary(grepping, '== SUITE x\n== SUITE x\na: PASSED\n')).toEqual(['x PASSED: ', 'x PASSED: a=PASSED']);
  });

  it('without a test pattern, or with an empty one, all is `default`', () => {
    for (const grepping of [{ 'result-pattern': RESULT }, { 'test-pattern': '', 'result-pattern': RESULT }]) {
      expect(summary(grepping, '== SUITE x\na: PASSED\n')).toEqual(['default PASSED: a=PASSED']);
    }
  });

  it('a console without any has no tests', () => {
    expect(grep({ 'result-pattern': RESULT }, '')).toEqual([]);
    expect(grep({ 'result-pattern': RESULT }, 'nothing here\n')).toEqual([]);
  });
});

describe('fixupdict', () => {
  const grepping = (fixupdict: Record<string, string>) => ({ 'result-pattern': RESULT, fixupdict });

  it('says what the text of a result means; what it does not name stays', () => {
    const fixups = grepping({ ok: 'PASSED', broken: 'FAILED' });
    expect(summary(fixups, 'a: ok\nb: broken\nc: SKIPPED\n')).toEqual(['default FAILED: a=PASSED b=FAILED c=SKIPPED']);
  });

  it('is asked once: what it answers is not looked up again', () => {
    expect(summary(grepping({ ok: 'PASSED', PASSED: 'FAILED' }), 'a: ok\n')).toEqual(['default PASSED: a=PASSED']);
  });

  it('has nothing that is not written there', () => {
    expect(summary(grepping({}), 'a: constructor\n')).toEqual(['default constructor: a=constructor']);
  });

  it('looks at cases and blanks', () => {
    expect(summary(grepping({ OK: 'PASSED' }), 'a: ok\n')).toEqual(['default ok: a=ok']);
  });
});

it('a status that the server does not know is kept as it is read: the server fails at it, others tell of it', () => {
  expect(summary({ 'test-pattern': SUITE, 'result-pattern': RESULT }, '== SUITE x\na: fine\n')).toEqual([
    'x PASSED: a=fine',
  ]);
});

describe('lines', () => {
  it('keep their newline', () => {
    expect(grep({ 'result-pattern': '(?s)(?P<name>.)(?P<result>.*)' }, 'ab\nc')[0]?.results).toMatchObject([
      { name: 'a', status: 'b\n' },
      { name: 'c', status: '' },
    ]);
  });

  it('end in \\n, \\r\\n or a lone \\r, and none of these is part of the next', () => {
    const grepping = { 'result-pattern': '^(?P<name>\\w) (?P<result>\\w+)$' };
    expect(summary(grepping, 'a PASSED\r\nb PASSED\rc PASSED\n\rd FAILED')).toEqual([
      'default FAILED: a=PASSED b=PASSED c=PASSED d=FAILED',
    ]);
  });

  it('do not end at what is a line end elsewhere', () => {
    const grepping = { 'result-pattern': '(?P<name>.)(?P<result>.*)$' };
    expect(grep(grepping, 'a\u2028\x0b\x0c\x85z\n')[0]?.results).toMatchObject([{ status: '\u2028\x0b\x0c\x85z' }]);
  });

  it('are those of the tool too', () => {
    const text = '== 2024-01-01 00:00:00 UTC: a: PASSED\n   2024-01-01 00:00:00 UTC: INFO  b: FAILED\n';
    expect(summary({ 'result-pattern': '.*UTC: (?:INFO +)?(?P<name>\\w): (?P<result>\\w+)' }, text)).toEqual([
      'default FAILED: a=PASSED b=FAILED',
    ]);
  });

  it('are matched from their beginning', () => {
    expect(summary({ 'result-pattern': RESULT }, '  a: PASSED\nb: PASSED\n')).toEqual(['default PASSED: b=PASSED']);
  });

  it('are counted', () => {
    const grepper = new TestGrepper({ 'result-pattern': RESULT });
    grepper.write(Buffer.from('1\r\n2\r3\n\n5'));
    grepper.end();
    expect(grepper.lines).toBe(5);
  });

  it('beyond all measure are cut, and the next one is found', () => {
    const long = 'x'.repeat(5_000_000);
    expect(summary({ 'result-pattern': RESULT }, `${long}\na: PASSED\n`)).toEqual(['default PASSED: a=PASSED']);
  });
});

describe('pieces', () => {
  const text = Buffer.from('== SUITE größe\r\na: PASSED\rb: FAILED\n😀: PASSED');
  const grepping = { 'test-pattern': SUITE, 'result-pattern': RESULT };
  const whole = summary(grepping, text);

  it.each(Array.from({ length: text.length }, (_, at) => at))('cut at byte %i are the same console', (at) => {
    const grepper = new TestGrepper(grepping);
    grepper.write(text.subarray(0, at));
    grepper.write(text.subarray(at));
    const tests = grepper.end();
    expect(tests.map(({ name, results }) => [name, results.length])).toEqual([['größe', 3]]);
    expect(whole).toEqual(['größe FAILED: a=PASSED b=FAILED 😀=PASSED']);
  });

  it('that are no UTF-8 do not end the reading', () => {
    const console = Buffer.concat([Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('a: PASSED\n')]);
    expect(summary({ 'result-pattern': RESULT }, console)).toEqual(['default PASSED: a=PASSED']);
  });
});

it('each line that opened a test or added a result is told when it is read', () => {
  const found: FoundLine[] = [];
  const grepper = new TestGrepper({ 'test-pattern': SUITE, 'result-pattern': RESULT }, (line) => found.push(line));
  grepper.write(Buffer.from('noise\n== SUITE x\n\na: PASSED\n'));
  expect(found.map(({ line, text, result }) => [line, text, result?.name])).toEqual([
    [2, '== SUITE x', undefined],
    [4, 'a: PASSED', 'a'],
  ]);
  expect(grepper.end()).toEqual([found[0]?.test]);
});

describe('patterns that cannot be used are refused before anything is read', () => {
  it.each([
    ['a result pattern without `result`', { 'result-pattern': '(?P<name>a)' }, 'result-pattern'],
    ['a result pattern without `name`', { 'result-pattern': '(?P<result>a)' }, '(?P<name>'],
    ['a test pattern without `name`', { 'test-pattern': '(?P<title>a)', 'result-pattern': RESULT }, 'test-pattern'],
    ['one that Python refuses', { 'result-pattern': '(?P<name>' }, 'Python refuses'],
    ['one that takes more than linear time', { 'result-pattern': '(?P<name>a)(?P<result>(?=b))' }, 'linear time'],
  ])('%s', (_, grepping: TestGrepping, reason) => {
    expect(() => new TestGrepper(grepping)).toThrow(PatternError);
    expect(() => new TestGrepper(grepping)).toThrow(reason);
  });

  it('a group that took no part is empty', () => {
    expect(summary({ 'result-pattern': '(?P<name>\\w)(?P<result>!)?' }, 'a\n')).toEqual(['default : a=']);
  });
});
