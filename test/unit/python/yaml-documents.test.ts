import { describe, expect, it } from 'vitest';
import { loadYaml } from '../../../src/python/index.js';

describe('merges', () => {
  it.each([
    ['own keys win over merged ones', 'm: {<<: *a, x: 9}', { x: 9, y: 2 }],
    ['own keys win wherever the merge stands', 'm: {x: 9, <<: *a}', { x: 9, y: 2 }],
    ['of a list the earlier mapping wins', 'm: {<<: [*a, *b]}', { x: 1, y: 2, z: 4 }],
    ['of two merges the later one wins', 'm: {<<: *a, <<: *b}', { x: 1, y: 3, z: 4 }],
    ['merges of merged mappings count', 'm: {<<: {<<: *a, w: 0}}', { x: 1, y: 2, w: 0 }],
    ['a quoted << is a key', 'm: {"<<": 1}', { '<<': 1 }],
    ['an explicit tag makes one', 'm: {!!merge k: *a}', { x: 1, y: 2 }],
    ['the tag of what is merged does not matter', 'm: {<<: !foo {x: 1}}', { x: 1 }],
  ])('%s', (_, text, expected) => {
    const { value } = loadYaml(`a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\n${text}`);
    expect((value as { m: unknown }).m).toEqual(expected);
  });

  it('of a mapping into itself bring what it holds', () => {
    expect(loadYaml('&a {x: 1, <<: *a}').value).toEqual({ x: 1 });
  });

  it.each(['<<: 1', '<<: [1]', '<<: [[]]', '<<:', 'a: <<'])('of anything but mappings are refused: %s', (text) => {
    expect(loadYaml(text).problem?.stage).toBe('yaml');
  });
});

describe('a loaded value', () => {
  it('has objects without prototype, so that every key is a key like any other', () => {
    const { value } = loadYaml('__proto__: {a: 1}\nconstructor: x');
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
  });

  it('shares what an alias repeats', () => {
    const { value } = loadYaml('[&a {x: 1}, *a]');
    expect((value as unknown[])[0]).toBe((value as unknown[])[1]);
  });
});

describe('a text', () => {
  it.each(['', '# nothing', '~', '---', '{}', '[]', '""', '0', '0.0', 'false'])('without data is empty: %j', (text) => {
    expect(loadYaml(text).problem).toMatchObject({ stage: 'empty' });
  });

  it.each([
    ['---\na: 1\n...\n', true],
    ['%YAML 1.2\n---\na: 1', true],
    ['%TAG !e! tag:yaml.org,2002:\n---\na: !e!int "1"', true],
    ['%FOO bar\n---\na: 1', true],
    ['%YAML 2.0\n---\na: 1', false],
    ['%YAML 1.1\na: 1', false],
    ['%YAML 1.1\n%YAML 1.1\n---\na: 1', false],
    ['%TAG ! x\n%TAG ! y\n---\na: 1', false],
    ['a: 1\n---\nb: 1', false],
    ['a: 1\n...\n---\n', false],
    ['---\n---\n', false],
    ['\ufeffa: 1', true],
    ['a: 1\r\nb: 2\r\n', true],
    ['a: 1\u0085b: 2', true],
    ['a: \u0001', false],
    ['a: \ud800', false],
    ['a: 😀', true],
    ['a:\n\t- b', false],
    ['a: 1\n\t', false],
    ['&a x: 1\ny: &a 2', false],
    ['a: *b', false],
    ['*a : 1', false],
    ['&a x: *a', true],
  ])('with markers, directives, breaks and names loads or not: %j', (text, loads) => {
    expect(loadYaml(text).problem?.stage).toBe(loads ? undefined : 'yaml');
  });

  it('in bytes must be UTF-8, and the wrong byte is shown', () => {
    expect(loadYaml(Buffer.from('\ufeffa: é')).value).toEqual({ a: 'é' });
    expect(loadYaml(Buffer.from('a: \ufffd')).value).toEqual({ a: '\ufffd' });
    const latin = loadYaml(Buffer.concat([Buffer.from('a: \ufffd\nb: x'), Buffer.from([0xe9]), Buffer.from('y')]));
    expect(latin.problem).toMatchObject({ stage: 'yaml', range: { line: 2, column: 5 } });
    expect(loadYaml(Buffer.from('\ufeffa: 1', 'utf16le')).problem?.help).toContain('UTF-16');
  });
});

describe('an error', () => {
  it.each([
    ['a:\n\tb: 1', 2, 1, /tab/],
    ['a: b: c', 1, 5, /key cannot stand here/],
    ['a: 1\nb\nc: 2', 2, 1, /no ':' follows/],
    ['x: 1\na: "b\nc: d', 2, 4, /never closed/],
    ['a: [b,\nc: d\n', 1, 4, /never closed/],
    ['a: {b: 1]', 1, 9, /Expected ',' or '}'/],
    ['a: @b', 1, 4, /cannot begin with '@'/],
    ['a: `b`', 1, 4, /cannot begin with '`'/],
    ['a: %b', 1, 4, /cannot begin with '%'/],
    ['a: 1\n---\nb: 2', 2, 1, /second document/],
    ['a:\n  - b\n c: d', 3, 2, /mapping that contains this/],
    ['a: "x" y', 1, 8, /mapping that contains this/],
    ['- a\nb: c', 2, 1, /list that contains this/],
    ['a: *nowhere', 1, 4, /no anchor above/],
    ['a: &x 1\nb: &x 2', 2, 4, /second time/],
    ['a: !custom x', 1, 12, /'!custom' is unknown/],
    ['a: 2024-02-30', 1, 4, /calendar/],
    ['a: 2024-02-20', 1, 4, /a date to YAML/],
    ['a: =', 1, 4, /bare '='/],
    ['a: "\\q"', 1, 5, /escape/],
    ['a: |x\n  b', 1, 5, /cannot follow '\|'/],
    ['a: - b', 1, 4, /entry of a list/],
    ['? [a]\n: b', 1, 3, /cannot be a key/],
    ['a: x\u0007', 1, 5, /U\+0007/],
    ['a: &x [*x]', 1, 7, /contains itself/],
    ['a: b]\nc: ]', 2, 4, /closes nothing/],
    ['"a\n b": c', 2, 4, /key cannot stand here/],
    ['a: &\n', 1, 4, /anchor/],
    ['a: !e!x y', 1, 4, /not declared/],
  ])('of %j is at %d:%d', (text, line, column, message) => {
    const { problem } = loadYaml(text);
    expect(problem?.message).toMatch(message);
    expect(problem?.range).toMatchObject({ line, column });
  });

  it('further up is told before one further down', () => {
    expect(loadYaml('a: *x\nb: @').problem?.range.line).toBe(1);
    expect(loadYaml('a: "x" y\nb: @').problem?.range.line).toBe(1);
  });

  it('shows the other place that explains it', () => {
    expect(loadYaml('a: &x 1\nb: &x 2').problem?.related).toMatchObject([{ line: 1, column: 7 }]);
    expect(loadYaml('a:\n  - b\n c: d').problem?.related).toMatchObject([{ line: 1, column: 1 }]);
  });

  it('quotes no more than a piece of a long text', () => {
    expect(loadYaml(`a: !${'x'.repeat(10_000)} y`).problem?.message.length).toBeLessThan(200);
  });
});

describe('a text made to exhaust the reader', () => {
  const laughs = (start: string, level: (below: string) => string) =>
    Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} ${i === 0 ? start : level(`*a${i - 1},`.repeat(10))}`).join(
      '\n',
    );
  const chain = Array.from({ length: 5000 }, (_, i) => `&m${i} {${i === 0 ? 'a: 1' : `<<: *m${i - 1}`}}`).join(', ');

  it.each([
    ['aliases that multiply', laughs('[x]', (below) => `[${below}]`), 'json', /a million/],
    ['merges that multiply', laughs('{x: 1}', (below) => `{<<: [${below}]}`), 'yaml', /beyond all bounds/],
    ['nested lists', '['.repeat(10_000), 'yaml', /490 levels/],
    ['nested mappings', '{a: '.repeat(10_000), 'yaml', /490 levels/],
    ['nested blocks', `${'- '.repeat(10_000)}x`, 'yaml', /490 levels/],
    ['nested keys', '? '.repeat(10_000), 'yaml', /490 levels/],
    ['a chain of merges', `- x: [${chain}]\n- {<<: *m4999}`, 'yaml', /chain/],
    [
      'aliases that nest',
      `a0: &a0 [x]\n${Array.from({ length: 5000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`).join('\n')}`,
      'json',
      /990 levels/,
    ],
    ['a number of base 60 without end', `a: 1${':30'.repeat(100_000)}`, 'json', /4300 digits/],
    ['a number without end', `a: ${'9'.repeat(1_000_000)}`, 'yaml', /whole number/],
  ])('is refused with a clear word: %s', (_, text, stage, message) => {
    const { problem } = loadYaml(text);
    expect(problem?.stage).toBe(stage);
    expect(problem?.message).toMatch(message);
  });

  it('is read when it is merely long', () => {
    expect(loadYaml(`a: ${'x'.repeat(1_000_000)}`).value).toEqual({ a: 'x'.repeat(1_000_000) });
    expect((loadYaml(`[${'x,'.repeat(100_000)}]`).value as unknown[]).length).toBe(100_000);
    expect(loadYaml(`${'['.repeat(490)}${']'.repeat(490)}`).problem).toBeUndefined();
    expect(loadYaml(`a: {${'<<: [],'.repeat(20_000)} b: 1}`).value).toEqual({ a: { b: 1 } });
  });
});

describe('texts that are made to cost much', () => {
  it.each([
    ['60 MB of brackets', '['.repeat(60_000_000)],
    ['braces 10,000 deep', '{a: '.repeat(10_000)],
    ['lists 10,000 deep on one line', '- '.repeat(10_000)],
    ['a line of 1 MB', `a: ${'x'.repeat(1024 * 1024)}: y`],
    ['a key of 1 MB', `${'x'.repeat(1024 * 1024)}: y`],
    ['a quote that is never closed', `a: "${'x '.repeat(512 * 1024)}`],
  ])('are refused with a place, after a look at each character: %s', (_, text) => {
    const { problem } = loadYaml(text);
    expect(problem).toMatchObject({ stage: 'yaml', range: { line: 1 } });
    expect(problem?.message.length).toBeLessThan(300);
  });
});

describe('characters that nobody sees are named', () => {
  it.each([
    ['timeout\u00a05\nx: 1', 'a no-break space (U+00A0)'],
    ['timeout:\u200b5\nx: 1', 'a zero-width space (U+200B)'],
    ['x: "\\\u00ad"', 'a soft hyphen (U+00AD)'],
    ['x: 1\n\u2060y', 'a word joiner (U+2060)'],
  ])('%j', (text, name) => {
    const { problem } = loadYaml(text);
    expect(`${problem?.message} ${problem?.help}`).toContain(name);
  });
});
