import { describe, expect, it } from 'vitest';
import { loadYaml, PyFloat } from '../../../src/python/index.js';

const FAILS = Symbol('cannot be read');
const NO_JSON = Symbol('cannot be posted');

/** The value of `text` in a place where any value may stand. */
function read(text: string): unknown {
  const { value, problem } = loadYaml(`- ${text}\n`);
  if (problem?.stage === 'yaml') return FAILS;
  if (problem?.stage === 'json') return NO_JSON;
  return (value as unknown[])[0];
}

const float = (value: number) => new PyFloat(value);

const TABLES: Record<string, [string, unknown][]> = {
  booleans: [
    ['yes', true],
    ['Yes', true],
    ['NO', false],
    ['on', true],
    ['Off', false],
    ['true', true],
    ['FALSE', false],
    ['y', 'y'],
    ['N', 'N'],
    ['yEs', 'yEs'],
    ['!!bool yEs', true],
    ['!!bool maybe', FAILS],
    ['"yes"', 'yes'],
    ['! "yes"', true],
  ],
  nulls: [
    ['', null],
    ['~', null],
    ['null', null],
    ['NULL', null],
    ['nULL', 'nULL'],
    ['!!null anything', null],
    ['!!str', ''],
    ['!!str ~', '~'],
  ],
  'whole numbers': [
    ['5', 5],
    ['-5', -5],
    ['+5', 5],
    ['0', 0],
    ['-0', 0],
    ['010', 8],
    ['-010', -8],
    ['08', '08'],
    ['0o17', '0o17'],
    ['0b101', 5],
    ['0x1F', 31],
    ['0xfg', '0xfg'],
    ['1_000', 1000],
    ['_1', '_1'],
    ['1:30', 90],
    ['-1:30', -90],
    ['190:20:30', 685230],
    ['1:60', '1:60'],
    ['12e3', '12e3'],
    ['9007199254740993', 9007199254740993n],
    ['-99999999999999999999', -99999999999999999999n],
    ['0b', '0b'],
    ['0b_', FAILS],
    ['!!int "7"', 7],
    ['!!int " 7 "', 7],
    ['!!int 0o17', 15],
    ['!!int 0b0b1', 1],
    ['!!int "\\u0663\\uff14"', 34],
    ['!!int "\\u20035\\x85"', 5],
    ['!!int "\\x1f5"', FAILS],
    ['!!int "5\\ufeff"', FAILS],
    ['!!int x', FAILS],
    ['!!int ""', FAILS],
    ['!!int 5.0', FAILS],
    [`${'9'.repeat(4300)}`, BigInt('9'.repeat(4300))],
    [`${'9'.repeat(4301)}`, FAILS],
    [`0x${'f'.repeat(4000)}`, NO_JSON],
  ],
  floats: [
    ['5.0', float(5)],
    ['1.5', float(1.5)],
    ['-1.5', float(-1.5)],
    ['1.', float(1)],
    ['.5', float(0.5)],
    ['-.5', '-.5'],
    ['+.5', '+.5'],
    ['.', '.'],
    ['1_0.5', float(10.5)],
    ['1e3', '1e3'],
    ['1.e+3', float(1000)],
    ['1.0e3', '1.0e3'],
    ['1.5E-3', float(0.0015)],
    ['1.0e+999', float(Number.POSITIVE_INFINITY)],
    ['.inf', float(Number.POSITIVE_INFINITY)],
    ['-.INF', float(Number.NEGATIVE_INFINITY)],
    ['.nan', float(Number.NaN)],
    ['-.nan', '-.nan'],
    ['1:05.5', float(65.5)],
    ['!!float 5', float(5)],
    ['!!float 1e3', float(1000)],
    ['!!float "\\u0661.\\u0665"', float(1.5)],
    ['!!float "inf\\ufeff"', FAILS],
    ['!!float nan', float(Number.NaN)],
    ['!!float x', FAILS],
  ],
  'dates and bytes': [
    ['2024-01-01', NO_JSON],
    ['2024-1-1', '2024-1-1'],
    ['2024-02-30', FAILS],
    ['2023-02-29', FAILS],
    ['2024-02-29', NO_JSON],
    ['0000-01-01', FAILS],
    ['2024-01-01T10:00:00Z', NO_JSON],
    ['2024-01-01 10:00:00.25 -05:00', NO_JSON],
    ['2024-01-01 24:00:00', FAILS],
    ['2024-01-01T10:00:00+24:00', FAILS],
    ['2024-01-01T10:00', '2024-01-01T10:00'],
    ['!!timestamp 2024-1-1', NO_JSON],
    ['!!timestamp today', FAILS],
    ['!!binary aGk=', NO_JSON],
    ['!!binary aGk', FAILS],
    ['!!binary ä', FAILS],
  ],
  'tags and words of YAML itself': [
    ['=', FAILS],
    ['<<', FAILS],
    ['"="', '='],
    ['!foo x', FAILS],
    ['!!python/none x', FAILS],
    ['!<tag:yaml.org,2002:int> "5"', 5],
    ['!!str 5', '5'],
    ['!!str [a]', FAILS],
    ['!!str {=: 5}', '5'],
    ['!!seq {a: 1}', FAILS],
    ['!!map [a]', FAILS],
    ['!!set {a, b}', NO_JSON],
    [
      '!!omap [a: 1, b: 2]',
      [
        ['a', 1],
        ['b', 2],
      ],
    ],
    [
      '!!pairs [a: 1, a: 2]',
      [
        ['a', 1],
        ['a', 2],
      ],
    ],
    ['!!omap [a]', FAILS],
    ['!e!x y', FAILS],
  ],
  'texts in quotes': [
    ["'it''s'", "it's"],
    ["'\\n'", '\\n'],
    ['"\\n\\t\\x41\\u00e9\\U0001f600\\\\"', '\n\tAé😀\\'],
    ['"\\ud83d\\ude00"', '😀'],
    ['"\\U00110000"', FAILS],
    ['"\\x4"', FAILS],
    ['"\\q"', FAILS],
    ['"a\n  b\n\n  c"', 'a b\nc'],
    ['"a\\\n   b"', 'ab'],
    ["'a   \n   b'", 'a b'],
    ['"a', FAILS],
  ],
  'texts over several lines': [
    ['a\n  b', 'a b'],
    ['a\n\n  b', 'a\nb'],
    ['|\n  a\n   b\n', 'a\n b\n'],
    ['|-\n  a\n', 'a'],
    ['|+\n  a\n', 'a\n\n'],
    ['|2\n    a\n', '  a\n'],
    ['>\n  a\n  b\n\n  c\n', 'a b\nc\n'],
    ['>\n  a\n   b\n  c\n', 'a\n b\nc\n'],
    ['|0\n  a', FAILS],
    ['| a', FAILS],
    ['|\n\ta', FAILS],
    ['|-\n  \ta', '\ta'],
  ],
  'plain texts': [
    ['a:b', 'a:b'],
    ['a#b', 'a#b'],
    ['a #b', 'a'],
    ['"a"#b', 'a'],
    [':a', ':a'],
    ['-a', '-a'],
    ['?a', '?a'],
    ['@a', FAILS],
    ['`a`', FAILS],
    ['%a', FAILS],
    ['a\t', FAILS],
    ['a\tb', FAILS],
    ['a: b: c', FAILS],
    ['a\u2028  b', 'a\u2028b'],
  ],
  'flow collections': [
    ['[a:b]', ['a:b']],
    ['["a":b]', [{ a: 'b' }]],
    ['[a: b, c]', [{ a: 'b' }, 'c']],
    ['[? a : b]', [{ a: 'b' }]],
    ['{a}', { a: null }],
    ['{a, b: 1,}', { a: null, b: 1 }],
    ['{? a}', { a: null }],
    ['{a:1}', { 'a:1': null }],
    ['[a?b]', FAILS],
    ['[,]', FAILS],
    ['[a', FAILS],
    ['[a}', FAILS],
    ['a]', 'a]'],
    [']', FAILS],
    ['[|]', FAILS],
    ['[a\n,b\n]', ['a', 'b']],
  ],
};

describe('a value', () => {
  for (const [name, table] of Object.entries(TABLES)) {
    it.each(table)(`of ${name}: %j`, (text, expected) => {
      expect(read(text)).toEqual(expected);
    });
  }
});

describe('a float', () => {
  it.each([
    [5, '5.0'],
    [-0, '-0.0'],
    [0.1, '0.1'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1234567890123456, '1234567890123456.0'],
    [1e16, '1e+16'],
    [1.5e300, '1.5e+300'],
    [Number.NaN, 'nan'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ])('%d is written as Python does: %s', (value, text) => {
    expect(String(new PyFloat(value))).toBe(text);
  });
});

describe('a key', () => {
  it.each([
    ['5: a', '5'],
    ['010: a', '8'],
    ['1.50: a', '1.5'],
    ['.inf: a', 'Infinity'],
    ['.nan: a', 'NaN'],
    ['yes: a', 'true'],
    ['~: a', 'null'],
    ['"5": a', '5'],
    ['=: a', '='],
    ['? a\n: a', 'a'],
    ['__proto__: a', '__proto__'],
  ])('becomes what JSON makes of it: %j', (text, key) => {
    expect(Object.entries(loadYaml(text).value as object)).toEqual([[key, 'a']]);
  });

  it.each([
    ['2024-01-01: a', 'json'],
    ['? !!binary aGk=\n: a', 'json'],
    ['[a]: b', 'yaml'],
    ['{a: 1}: b', 'yaml'],
    ['? !!set {a}\n: b', 'yaml'],
    [`${'k'.repeat(1025)}: a`, 'yaml'],
    [`? ${'k'.repeat(1025)}\n: a`, undefined],
    [`${'😀'.repeat(1024)}: a`, undefined],
  ])('that JSON or PyYAML does not take is refused: %j', (text, stage) => {
    expect(loadYaml(text).problem?.stage).toBe(stage);
  });

  it('that Python holds for equal to another is the same key, under the first name', () => {
    expect(Object.entries(loadYaml('{1: a, true: b, 1.0: c, "1": d}').value as object)).toEqual([['1', 'd']]);
    expect(Object.entries(loadYaml('{true: a, 1: b}').value as object)).toEqual([['true', 'b']]);
  });
});
