import { describe, expect, it } from 'vitest';
import { containerEnv } from '../../../src/executor/index.js';

describe('the environment, as docker run --env-file reads it', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['plain', { A: 'b', C: '' }, ['A=b', 'C=']],
    ['a newline in a value becomes two characters', { A: 'b\nc' }, ['A=b\\nc']],
    ['leading blanks of a key go', { ' \t A': 'b' }, ['A=b']],
    ['a key that begins with # is dropped', { '#A': 'b', ' #B': 'c', D: 'e' }, ['D=e']],
    ['one trailing CR goes', { A: 'b\r', C: 'd\r\r', E: '\r' }, ['A=b', 'C=d\r', 'E=']],
    ['a CR inside stays', { A: 'b\rc' }, ['A=b\rc']],
    ['blanks of a value stay', { A: ' b ' }, ['A= b ']],
    ['a key with = ends at the first', { 'A=B': 'c' }, ['A=B=c']],
    ['a mark of byte order goes from the first key only', { '\ufeffA': 'b', '\ufeffC': 'd' }, ['A=b', '\ufeffC=d']],
    ['no key is special to us', JSON.parse('{"__proto__":"x"}'), ['__proto__=x']],
  ])('%s', (_, env, expected) => {
    expect(containerEnv(env)).toEqual(expected);
  });

  it.each([
    ['a blank inside a key', { 'A B': 'c' }, /"A B".*blank/],
    ['a tab inside a key', { 'A\tB': 'c' }, /blank/],
    ['no key', { '': 'c' }, /no name/],
    ['a line beyond 64 KiB', { A: 'x'.repeat(65_536) }, /longer than 65534 bytes/],
  ])('refuses %s', (_, env, message) => {
    expect(() => containerEnv(env)).toThrow(message);
  });
});
