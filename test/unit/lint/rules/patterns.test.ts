import { describe, expect, it } from 'vitest';
import { check } from '../../../../src/lint/index.js';
import { definition, findings, summary } from './findings.js';

/** Rules about patterns: Python's syntax, and what the server asks of them. */

const GOOD = '(?P<name>\\w+): (?P<result>PASSED|FAILED)';
const grepping = (parts: string) => definition({ run: `test-grepping:\n${parts.replaceAll(/^(?=.)/gm, '  ')}` });
const result = (pattern: string) => grepping(`result-pattern: '${pattern}'`);

describe('invalid-regex', () => {
  it.each([
    ['a parenthesis that is never closed', '(?P<name>x'],
    ['a parenthesis too much', `${GOOD})`],
    ['a class that is never closed', `${GOOD}[a-z`],
    ['a range the wrong way round', `${GOOD}[z-a]`],
    ['a repetition of nothing', `*${GOOD}`],
    ['a repetition of a repetition', `${GOOD}a**`],
    ["JavaScript's named groups", '(?<name>x) (?<result>y)'],
    ['a group twice', `${GOOD}(?P<name>x)`],
    ['a reference to no group', `${GOOD}(?P=other)`],
    ['an escape that Python does not have', `${GOOD}\\y`],
    ['a look-behind of any width', `(?<=a*)${GOOD}`],
    ['flags that Python does not have', `(?g)${GOOD}`],
    ['flags that are not at the start', `${GOOD}(?i)`],
    ['too much to repeat', `${GOOD}a{99999999999}`],
  ])('%s', (_, pattern) => {
    const found = findings(result(pattern));
    expect(found).toMatchObject([{ rule: 'invalid-regex', severity: 'error', server: 'fails', line: 11 }]);
    expect(check(result(pattern)).accepted).toBe(true);
  });

  it('is a warning in a pattern for progress, which the server only hands out', () => {
    const text = definition({ run: "console-progress:\n  progress-pattern: '(?P<current>[0-9]+)(?P<total>'" });
    expect(findings(text)).toMatchObject([{ rule: 'invalid-regex', severity: 'warning', server: 'misbehaves' }]);
  });

  it.each([GOOD, `(?i)${GOOD}`, `(?x) ${GOOD} # why`, `^${GOOD}$`, `(?:a|b)*?${GOOD}`, `${GOOD}(?!x)(?<=ab)\\Z`])(
    'not: %s',
    (pattern) => {
      expect(findings(result(pattern), 'invalid-regex')).toEqual([]);
    },
  );
});

describe('regex-missing-group', () => {
  it('names each group that is missing', () => {
    const [finding] = findings(grepping(`test-pattern: 'SUITE (.*)'\nresult-pattern: '${GOOD}'`));
    expect(finding).toMatchObject({ rule: 'regex-missing-group', severity: 'error', server: 'fails', line: 11 });
    expect(finding?.help).toContain('(?P<name>…)');
    expect(findings(result('ok'))[0]?.message).toContain('`name` and `result`');
  });

  it('an empty test-pattern is none', () => {
    expect(summary(grepping(`test-pattern: ''\nresult-pattern: '${GOOD}'`))).toEqual([]);
  });
});

describe('unknown-result-status', () => {
  it('what fixupdict makes', () => {
    const text = grepping(`result-pattern: '${GOOD}'\nfixupdict: { ok: PASSD, bad: RUNNING }`);
    expect(summary(text)).toEqual(['unknown-result-status 12:28 PASSD', 'unknown-result-status 12:40 RUNNING']);
    expect(findings(text)).toMatchObject([{ severity: 'error' }, { severity: 'warning' }]);
  });

  it('words of the pattern that nothing translates', () => {
    const [finding] = findings(
      grepping("result-pattern: '(?P<name>x) (?P<result>ok|PASSED|bad)'\nfixupdict: { ok: PASSED }"),
    );
    expect(finding).toMatchObject({ rule: 'unknown-result-status', severity: 'warning' });
    expect(finding?.message).toContain('`bad`');
  });

  it('a list of a thousand words is not read out', () => {
    const words = Array.from({ length: 1000 }, (_, i) => `w${i}`);
    const [finding] = findings(result(`(?P<name>x) (?P<result>${words.join('|')})`));
    expect(finding?.message).toMatch(/^`w0`, .*`w9` and 990 more are not results of a test/);
    expect(finding?.help).toMatch(/`w9: …`, … to `fixupdict`/);
  });

  it.each(['(?P<name>x) (?P<result>.*)', '(?P<name>x) (?P<result>(?:PASS|FAIL)ED)'])('not: %s', (pattern) => {
    expect(summary(result(pattern))).toEqual([]);
  });
});

describe('regex-backtracking', () => {
  it.each([
    ['(?=:)', 'look-around', 'bound on time'],
    ['\\N{BULLET}', 'names a character', 'cannot evaluate it, and fails the run'],
    [`${'('.repeat(200)}a${')'.repeat(200)}`, 'is nested too deeply', 'cannot evaluate it, and fails the run'],
  ])('%.12s', (part, ...words) => {
    const [finding] = findings(result(`${GOOD}${part}`), 'regex-backtracking');
    expect(finding).toMatchObject({ severity: 'warning', server: 'accepts' });
    for (const word of words) expect(finding?.message).toContain(word);
  });

  it.each([GOOD, `${GOOD}\\\\N{2}`])('not: %s', (pattern) => {
    expect(findings(result(pattern), 'regex-backtracking')).toEqual([]);
  });
});

describe('regex-slow', () => {
  it.each([
    '(?:a+)+',
    '(?:a*)*',
    '(?:x|a+)*',
    '(?:\\w+\\s?)*',
    '(?:(?:ab?)+)+',
    '(?:aa?){20}',
    '(?:.*,)*',
    '(?:a?b?)+',
  ])('%s', (slow) => {
    const pattern = `${slow}(?P<name>x) (?P<result>PASSED)`;
    expect(findings(result(pattern), 'regex-slow')).toHaveLength(1);
  });

  it.each(['(?:\\w+\\s)+', '[a-z]+[0-9]*', '(?:a|b)*', '(?:ab)+c?', '.*', '(?:ab?)*', '(?:a++)+', '(?>(?:a+)+)'])(
    'not: %s',
    (pattern) => {
      expect(findings(result(`${pattern}(?P<name>x) (?P<result>PASSED)`), 'regex-slow')).toEqual([]);
    },
  );

  it('not where nothing that can fail follows', () => {
    expect(findings(result('(?P<name>x) (?P<result>PASSED)(?:a+)+'), 'regex-slow')).toEqual([]);
  });

  it('a hostile one is reported in bounded time', () => {
    const deep = `${'('.repeat(50)}a+${')+'.repeat(50)}(?P<name>x) (?P<result>PASSED)`;
    expect(findings(result(deep), 'regex-slow')).toHaveLength(1);
    const wide = `(?:${Array.from({ length: 300 }, (_, i) => `w${i}+`).join('|')})*(?P<name>x) (?P<result>PASSED)`;
    expect(findings(result(wide), 'invalid-regex')).toEqual([]);
  });
});
