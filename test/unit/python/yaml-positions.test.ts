import { describe, expect, it } from 'vitest';
import type { Range } from '../../../src/lint/index.js';
import { loadYaml } from '../../../src/python/index.js';

/** The piece of text that a range names, found the way an editor does. */
function cut(text: string, range: Range | undefined): string | undefined {
  if (range === undefined) return undefined;
  const lines = text.replace(/^\ufeff/, '').split(/(?<=\r\n|\n|\r(?!\n))/);
  const offset = (line: number, column: number) => lines.slice(0, line - 1).join('').length + column - 1;
  return lines.join('').slice(offset(range.line, range.column), offset(range.endLine, range.endColumn));
}

function located(text: string, pointer: string): { key: string | undefined; value: string | undefined } {
  const place = loadYaml(text).locate(pointer);
  return { key: cut(text, place?.key), value: cut(text, place?.value) };
}

describe('the place of a value', () => {
  const block = 'timeout: 5\nruns:\n  - name: one  # first\n    params:\n      A: "x"\n\n  - name: two\nlast: end\n';

  it('in block collections is its text, without what follows', () => {
    expect(located(block, '/timeout')).toEqual({ key: 'timeout', value: '5' });
    expect(located(block, '/runs/0/params/A')).toEqual({ key: 'A', value: '"x"' });
    expect(located(block, '/runs/0')).toEqual({
      key: undefined,
      value: 'name: one  # first\n    params:\n      A: "x"',
    });
    expect(located(block, '/runs/1/name')).toEqual({ key: 'name', value: 'two' });
    expect(located(block, '')).toEqual({ key: undefined, value: block.trimEnd() });
  });

  it('in flow collections ends with the bracket', () => {
    const text = 'a: {b: [1, {c: d}], "e" : f}\n';
    expect(located(text, '/a')).toEqual({ key: 'a', value: '{b: [1, {c: d}], "e" : f}' });
    expect(located(text, '/a/b')).toEqual({ key: 'b', value: '[1, {c: d}]' });
    expect(located(text, '/a/b/1/c')).toEqual({ key: 'c', value: 'd' });
    expect(located(text, '/a/e')).toEqual({ key: '"e"', value: 'f' });
  });

  it('that is missing is empty and stands where it could be written', () => {
    expect(loadYaml('a:\nb: 1').locate('/a')?.value).toEqual({ line: 1, column: 3, endLine: 1, endColumn: 3 });
    expect(loadYaml('- &x\n- 1').locate('/0')?.value).toEqual({ line: 1, column: 5, endLine: 1, endColumn: 5 });
  });

  it('behind an alias is where it is written, without the anchor', () => {
    const text = 'a: &x {b: 1}\nc: *x\nd: [*x, 2]\n';
    expect(located(text, '/c')).toEqual({ key: 'c', value: '{b: 1}' });
    expect(located(text, '/d/0/b')).toEqual({ key: 'b', value: '1' });
    expect(located(text, '/d')).toEqual({ key: 'd', value: '[*x, 2]' });
  });

  it('of a collection that ends in an alias includes the alias', () => {
    expect(located('a: &x 1\nb:\n  c: *x\nd: 2\n', '/b')).toEqual({ key: 'b', value: 'c: *x' });
  });

  it('that came by a merge is in the mapping that brought it', () => {
    const text = 'base: &b {x: 1, y: 2}\nrun:\n  <<: *b\n  y: 3\n';
    expect(located(text, '/run/x')).toEqual({ key: 'x', value: '1' });
    expect(loadYaml(text).locate('/run/x')?.value.line).toBe(1);
    expect(loadYaml(text).locate('/run/y')?.value.line).toBe(4);
  });

  it('is the one of the key that wins when a key is repeated', () => {
    expect(loadYaml('a: 1\na: 2').locate('/a')?.value.line).toBe(2);
  });

  it('counts lines by LF, CRLF and CR, and columns in UTF-16 code units', () => {
    for (const eol of ['\n', '\r\n', '\r']) {
      const text = `a: 1${eol}${eol}"😀": [é, 漢, x]${eol}`;
      expect(loadYaml(text).locate('/😀/2')?.value).toEqual({ line: 3, column: 14, endLine: 3, endColumn: 15 });
      expect(located(text, '/😀/2')).toEqual({ key: undefined, value: 'x' });
    }
  });

  it('does not count the separators of Unicode as lines, unlike PyYAML, because editors do not', () => {
    expect(loadYaml('a: x\u2028b: 1').locate('/b')?.key).toMatchObject({ line: 1, column: 6 });
  });

  it('does not count a byte order mark', () => {
    expect(loadYaml('\ufeffa: 1').locate('/a')?.key).toEqual({ line: 1, column: 1, endLine: 1, endColumn: 2 });
  });

  it('takes pointers with escapes, and says nothing where there is no value', () => {
    const text = '"a/b": {c~d: 1}\n';
    expect(located(text, '/a~1b/c~0d').value).toBe('1');
    const { locate } = bound(text);
    expect(locate('/x')).toBeUndefined();
    expect(locate('/a~1b/c~0d/e')).toBeUndefined();
    expect(loadYaml('[1]').locate('/01')).toBeUndefined();
    expect(loadYaml('a: [').locate('/a')).toBeUndefined();
  });
});

function bound(text: string) {
  const loaded = loadYaml(text);
  return { locate: (pointer: string) => loaded.locate(pointer) };
}

describe('the layout of a scalar', () => {
  it.each([
    ['a: x y', 'plain', 'x y'],
    ["a: 'x'", 'single-quoted', "'x'"],
    ['a: "x\n  y"', 'double-quoted', '"x\n  y"'],
    ['a: !!str x', 'plain', 'x'],
    ['a: |\n  x\n', 'literal', '|\n  x'],
    ['a: >-\n  x\n  y\n\n', 'folded', '>-\n  x\n  y'],
  ])('%j', (text, style, raw) => {
    expect(loadYaml(text).layout('/a')).toMatchObject({ style, raw });
  });

  it('says where the text of a block scalar begins and how far it is indented', () => {
    const text = 'scripts:\n  s: | # a comment\n\n    #!/bin/sh\n      echo\nx: 1\n';
    const loaded = loadYaml(text);
    expect(loaded.layout('/scripts/s')?.block).toEqual({ line: 4, indent: 4 });
    expect((loaded.value as { scripts: { s: string } }).scripts.s).toBe('\n#!/bin/sh\n  echo\n');
    expect(loaded.layout('/scripts')).toBeUndefined();
    expect(loaded.layout('/x')?.block).toBeUndefined();
  });
});

describe('comments', () => {
  it('are listed with their places, and what only looks like one is not', () => {
    const text = '# top\na: x#y # end\nb: "# no"\nc: | # header\n  # text\n# last';
    const { comments } = loadYaml(text);
    expect(comments.map(({ text, range }) => [range.line, range.column, text])).toEqual([
      [1, 1, '# top'],
      [2, 8, '# end'],
      [4, 6, '# header'],
      [6, 1, '# last'],
    ]);
  });
});

describe('repeated keys', () => {
  it('are reported where they stand, and the last one wins', () => {
    const text = 'a:\n  x/y: 1\n  b: 2\n  x/y: 3\nc: [{d: 1, d: 2, d: 3}]\n';
    const loaded = loadYaml(text);
    expect(loaded.value).toEqual({ a: { 'x/y': 3, b: 2 }, c: [{ d: 3 }] });
    expect(
      loaded.duplicates.map(({ path, key, range, first }) => [path, key, cut(text, range), range.line, first.line]),
    ).toEqual([
      ['/a/x~1y', 'x/y', 'x/y', 4, 2],
      ['/c/0/d', 'd', 'd', 5, 5],
      ['/c/0/d', 'd', 'd', 5, 5],
    ]);
  });

  it('are those that Python takes for one key, also inside a value that is itself hidden', () => {
    expect(loadYaml('1: a\ntrue: b').duplicates).toMatchObject([{ path: '/1', key: '1' }]);
    expect(loadYaml('a: {b: 1, b: 2}\na: x').duplicates.map(({ path }) => path)).toEqual(['/a/b', '/a']);
  });

  it('are not those that a merge brings', () => {
    expect(loadYaml('a: &x {b: 1}\nc: {<<: *x, b: 2}\nd: {<<: [*x, *x]}').duplicates).toEqual([]);
  });
});

describe('the place of a fault at the end of a line', () => {
  it.each([
    ['an anchor without a name', 'a: &\nb: 1\n', '1:4-1:5'],
    ['an alias without a name', 'a: *\nb: 1\n', '1:4-1:5'],
    ['a directive that is cut off', '%YAML\na: b\n', '1:1-1:6'],
    ['a tag that is cut off', '!<x\nb: 1\n', '1:4-1:4'],
  ])('%s does not reach into the next line', (_, text, place) => {
    for (const end of ['\n', '\r\n', '\r']) {
      const range = loadYaml(text.replaceAll('\n', end)).problem?.range;
      expect(`${range?.line}:${range?.column}-${range?.endLine}:${range?.endColumn}`).toBe(place);
    }
  });
});
