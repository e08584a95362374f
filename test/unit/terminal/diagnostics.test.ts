import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../../src/lint/index.js';
import { hasColours, renderDiagnostics, serverNotes, styleFor } from '../../../src/terminal/index.js';

const finding = (line: number, column: number, endColumn: number, more: Partial<Diagnostic> = {}): Diagnostic => ({
  rule: 'some-rule',
  severity: 'error',
  server: 'rejects',
  message: 'this is wrong',
  path: '',
  line,
  column,
  endLine: line,
  endColumn,
  ...more,
});
const render = async (source: string, diagnostic: Diagnostic) =>
  renderDiagnostics('a.yml', source, [diagnostic], styleFor({ isTTY: false }));
/** The marked line and the marks under it. */
const marks = async (source: string, diagnostic: Diagnostic) =>
  (await render(source, diagnostic)).split('\n').slice(2, 4);

describe('diagnostics on a terminal', () => {
  it('show place, message, line, marks and help', async () => {
    const text = await render('timeout: 5\nscrpts: {}\n', finding(2, 1, 7, { help: 'write scripts' }));
    expect(text).toBe(
      [
        'a.yml:2:1: error: this is wrong [some-rule]',
        '  |',
        '2 | scrpts: {}',
        '  | ^^^^^^',
        '  = help: write scripts',
        '',
      ].join('\n'),
    );
  });

  it('are a thousand of a file at most, with the number of the others', () => {
    const all = Array.from({ length: 1003 }, () => finding(1, 1, 2));
    const text = renderDiagnostics('a.yml', 'a: 1\n', all, styleFor({ isTTY: false }));
    expect(text.match(/this is wrong/g)).toHaveLength(1000);
    expect(text).toMatch(/\n\na\.yml: 3 more findings not shown\.\n$/);
  });

  it('show related places with their own lines', async () => {
    const text = await render(
      'a: 1\nb: 2\n',
      finding(2, 1, 2, { related: [{ ...finding(1, 4, 5), message: 'first here' }] }),
    );
    expect(text).toContain('  = a.yml:1:4: first here\n  |\n1 | a: 1\n  |    ^');
  });

  it('say what the server does once for all findings that it treats alike', () => {
    const servers = ['accepts', 'rejects', 'fails', 'rejects', 'misbehaves', 'rejects'] as const;
    const found = servers.map((server, i) => finding(i + 1, 1, 2, { server }));
    expect(serverNotes(found)).toBe(`lines 2, 4, 6: the server rejects the definition.
line 3: the server accepts it, and the build or run fails.
line 5: the server accepts it without a warning, and does something else.
line 1: the server accepts it, and does what it says.
`);
    const many = Array.from({ length: 15 }, (_, i) => finding(i + 1, 1, 2));
    expect(serverNotes(many)).toBe(
      'lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 5 more: the server rejects the definition.\n',
    );
    expect(serverNotes([...many.slice(0, 1), ...many.slice(0, 1)])).toBe(
      'line 1: the server rejects the definition.\n',
    );
  });

  it('keep the gutter straight when a related line has a longer number', async () => {
    const related = [{ ...finding(100, 1, 2), message: 'here' }];
    const text = await render(`a: 1\n${'\n'.repeat(98)}b: 2`, finding(1, 1, 2, { related }));
    expect(text.split('\n').slice(1, 8)).toEqual([
      '    |',
      '  1 | a: 1',
      '    | ^',
      '    = a.yml:100:1: here',
      '    |',
      '100 | b: 2',
      '    | ^',
    ]);
  });

  it.each([
    ['CRLF', 'a: 1\r\nb: 2\r\n'],
    ['CR', 'a: 1\rb: 2\r'],
    ['a byte order mark', '\ufeffa: 1\nb: 2\n'],
    ['a line separator, which ends no line here', 'a: "\u2028\u0085"\nb: 2\n'],
  ])('find the line in a file with %s', async (_, source) => {
    expect(await marks(source, finding(2, 4, 5))).toEqual(['2 | b: 2', '  |    ^']);
    expect((await marks(source, finding(1, 1, 2)))[1]).toBe('  | ^');
  });

  it('put the marks under tabs', async () => {
    expect(await marks('\ta: b', finding(1, 2, 3))).toEqual(['1 |     a: b', '  |     ^']);
  });

  it('put the marks under wide characters', async () => {
    expect(await marks('名前: x', finding(1, 5, 6))).toEqual(['1 | 名前: x', '  |       ^']);
    expect(await marks('名前: x', finding(1, 1, 3))).toEqual(['1 | 名前: x', '  | ^^^^']);
  });

  it('put the marks under what follows combining characters and emoji', async () => {
    expect(await marks('e\u0301: x', finding(1, 5, 6))).toEqual(['1 | e\u0301: x', '  |    ^']);
    expect(await marks('👩‍🚀: x', finding(1, 8, 9))).toEqual(['1 | 👩‍🚀: x', '  |     ^']);
  });

  it('mark one column at the end of a line', async () => {
    expect(await marks('a:', finding(1, 3, 3))).toEqual(['1 | a:', '  |   ^']);
  });

  it('mark to the end of the first line when the range goes on', async () => {
    expect(await marks('a: [1,\n 2]', { ...finding(1, 4, 3), endLine: 2 })).toEqual(['1 | a: [1,', '  |    ^^^']);
  });

  it('cut a long line around the marks', async () => {
    const [line, under] = await marks(`${'x'.repeat(500_000)}HERE${'y'.repeat(500_000)}`, finding(1, 500_001, 500_005));
    expect(line?.length).toBeLessThan(200);
    expect(line?.slice(under?.indexOf('^'), (under?.lastIndexOf('^') ?? 0) + 1)).toBe('HERE');
  });

  it('leave the marks away where the file has no such line', async () => {
    expect(await render('', finding(7, 1, 2))).toBe('a.yml:7:1: error: this is wrong [some-rule]\n');
  });

  it('let nothing through that a terminal would obey', async () => {
    const text = await render(
      'a: "\u001b]52;c;eA==\u0007\u202e"',
      finding(1, 1, 2, { message: 'bad \u001b[2J value' }),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('colours', () => {
  it('show on a terminal only, and not under NO_COLOR', () => {
    expect(hasColours({ isTTY: true }, {})).toBe(true);
    expect(hasColours({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(hasColours({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(hasColours({}, { FORCE_COLOR: '1' })).toBe(false);
  });
});
