import { describe, expect, test } from 'vitest';
import { Ini, IniError } from '../../../src/worker/index.js';

/** Texts, and what Python 3.11's configparser makes of `[s]` in them; null: it refuses the file, or the value. */
const CASES: [text: string, values: Record<string, string | null> | null][] = [
  ['[s]\na = 1\nB: 2\n', { a: '1', b: '2' }],
  ['[s]\nkey = a#b;c!@$^&*~\n', { key: 'a#b;c!@$^&*~' }],
  ['[s]\na = 1 ; no comment\n# one\n  ; another\nb = 2', { a: '1 ; no comment', b: '2' }],
  ['[s]\na = 1\n  2\n\t3\nb = 4\n', { a: '1\n2\n3', b: '4' }],
  ['[s]\na = 1\n\n  2\n\n\nb = 3\n', { a: '1\n\n2', b: '3' }],
  ['[s]\na = 1\n# between\n  2\n', { a: '1\n2' }],
  ['[s]\na =\n  one\n  two\n', { a: '\none\ntwo' }],
  ['[s]\n  a = 1\n  b = 2\n    3\n', { a: '1', b: '2\n3' }],
  ['[s]\na = x = y : z\n', { a: 'x = y : z' }],
  ['[s]\nwith blank = 1\n', { 'with blank': '1' }],
  ['[s]\na = "1"\n', { a: '"1"' }],
  ['[s]\nempty =\n', { empty: '' }],
  ['[DEFAULT]\nhome = /srv\n[s]\na = %(home)s/x\nb = 100%%\n', { home: '/srv', a: '/srv/x', b: '100%' }],
  ['[s]\na = %(B)s\nb = %(c)s\nc = 1\n', { a: '1', b: '1', c: '1' }],
  ['[s]\na = 50%\nb = %(none)s\nc = %(c)s\n', { a: null, b: null, c: null }],
  ['[s] and more\na = 1\r\nb = 2\r\n', { a: '1', b: '2' }],
  ['\uFEFF[s]\na = 1', { a: '1' }],
  ['[s]\na = 1\nA = 2\n', null],
  ['[s]\na = 1\n[s]\nb = 2\n', null],
  ['a = 1\n[s]\n', null],
  ['[s]\nneither\n', null],
  ['[s]\n= 1\n', null],
];

describe('settings are read as configparser reads them', () => {
  test.each(CASES)('%j', (text, values) => {
    if (values === null) {
      expect(() => new Ini(text)).toThrow(IniError);
      return;
    }
    const ini = new Ini(text);
    expect(ini.keys('s').sort()).toEqual(Object.keys(values).sort());
    for (const [key, value] of Object.entries(values)) {
      if (value === null) expect(() => ini.get('s', key)).toThrow(IniError);
      else expect(ini.get('s', key)).toBe(value);
    }
  });
});

test('no message of a file that cannot be read quotes a value', () => {
  const secret = 'hunter2';
  for (const text of [
    `${secret}\n[s]\n`,
    `[s]\n${secret}\n`,
    `[s]\na = ${secret}\na = ${secret}\n`,
    `[s]\na = ${secret}%`,
  ]) {
    let message = '';
    try {
      new Ini(text).get('s', 'a');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).not.toBe('');
    expect(message).not.toContain(secret);
  }
});

describe('a value that is set', () => {
  test('replaces its own lines, and leaves all others as they were', () => {
    const ini = new Ini('# mine\n[other]\nx = 1 ; kept\n\n[s]\n; about a\na = 1\n  and 2\nUnknown = %(x)s\n\n[last]\n');
    ini.set('s', 'a', 'new');
    ini.set('s', 'b', '50%\nof it');
    expect(ini.toString()).toBe(
      '# mine\n[other]\nx = 1 ; kept\n\n[s]\n; about a\na = new\nUnknown = %(x)s\nb = 50%%\n\tof it\n\n[last]\n',
    );
    expect(ini.get('s', 'b')).toBe('50%\nof it');
  });

  test('makes its section at the end when there is none', () => {
    const ini = new Ini('[other]\nx = 1\n');
    ini.set('s', 'a', '1');
    expect(ini.toString()).toBe('[other]\nx = 1\n\n[s]\na = 1\n');
  });

  test('may be empty', () => {
    const ini = new Ini('');
    ini.set('s', 'host_api_key', '');
    expect(ini.toString()).toBe('[s]\nhost_api_key =\n');
    expect(new Ini(ini.toString()).get('s', 'host_api_key')).toBe('');
  });
});
